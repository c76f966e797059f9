package dev.vmpower.host.monitor;

import static dev.vmpower.protocol.ReplyKind.ACK;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.vmpower.host.FakeGuest;
import dev.vmpower.host.Rig;
import dev.vmpower.protocol.Command;
import dev.vmpower.protocol.Unit;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Guests that send anything at any time, beside one that only wants to work. */
class HostileGuestTest {
  private static final int HOSTILE = 6;
  private static final int STEPS = 3_000;
  private static final int PACKET = 464;

  @TempDir Path directory;

  @Test
  void whateverOthersSendAGuestIsAnsweredAndItsPcpuObeys() throws Exception {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    Rig many = Rig.withCpus(directory, HOSTILE + 2).vm("good", "0");
    for (int i = 0; i < HOSTILE; i++) {
      many.vm("bad" + i, Integer.toString(i + 1));
    }
    try (Rig rig = many.start()) {
      FakeGuest good = rig.guest("good", 0);
      List<FakeGuest> bad = new ArrayList<>();
      for (int i = 0; i < HOSTILE; i++) {
        bad.add(rig.guest("bad" + i, 0));
      }
      for (int step = 0; step < STEPS; step++) {
        misbehave(bad.get(random.nextInt(HOSTILE)), random);
        if (step % 10 == 0) {
          boolean max = random.nextBoolean();
          assertThat(good.ask(max ? Unit.SCALE_MAX : Unit.SCALE_MIN, 0))
              .as("seed %d, step %d", seed, step)
              .isEqualTo(ACK);
          assertThat(rig.khz(0)).as("seed %d", seed).isEqualTo(max ? 2_601_000 : 1_200_000);
        }
      }
      assertThat(rig.governor(HOSTILE + 1)).as("nobody's pCPU").isEqualTo("schedutil");
      for (FakeGuest guest : bad) {
        guest.close();
      }
      await().until(() -> rig.status().channels() == 1);
      for (int cpu = 1; cpu <= HOSTILE; cpu++) {
        assertThat(rig.governor(cpu)).as("seed %d, given back", seed).isEqualTo("schedutil");
      }
    }
  }

  private static void misbehave(FakeGuest guest, Random random) throws IOException {
    switch (random.nextInt(8)) {
      case 0 -> {
        guest.hangUp(); // with whatever was under way, at whatever byte
        guest.awaitConnection();
      }
      case 1 -> guest.available(); // reads what there is, at last
      case 2 -> guest.tryWrite(junk(random, random.nextInt(3 * PACKET)));
      case 3 -> guest.tryWrite(packets(random, 20)); // and reads none of the answers
      case 4 -> guest.tryWrite(FakeGuest.packet().put(12, (byte) Command.CONNECT.code()));
      default -> guest.tryWrite(packets(random, 1));
    }
  }

  /** Packets whose commands, units and vCPUs are mostly near what there is. */
  private static ByteBuffer packets(Random random, int count) {
    ByteBuffer bytes = junk(random, count * PACKET);
    for (int i = 0; i < count; i++) {
      bytes.putLong(i * PACKET, random.nextInt(4) == 0 ? random.nextLong() : random.nextInt(2));
      bytes.putInt(i * PACKET + 8, random.nextInt(8));
      bytes.putInt(i * PACKET + 12, random.nextInt(12));
    }
    return bytes;
  }

  private static ByteBuffer junk(Random random, int size) {
    byte[] bytes = new byte[size];
    random.nextBytes(bytes);
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
