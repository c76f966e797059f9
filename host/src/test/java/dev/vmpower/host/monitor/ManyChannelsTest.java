package dev.vmpower.host.monitor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.vmpower.host.FakeGuest;
import dev.vmpower.host.Rig;
import dev.vmpower.protocol.Command;
import dev.vmpower.protocol.Replies;
import dev.vmpower.protocol.ReplyKind;
import dev.vmpower.protocol.Unit;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A thousand channels at once, and every reply checked. */
class ManyChannelsTest {
  private static final int VMS = 125;
  private static final int VCPUS = 8;
  private static final int CPUS = 250;
  private static final int ROUNDS = 5;
  private static final Unit[] UNITS = {
    Unit.SCALE_UP, Unit.SCALE_DOWN, Unit.SCALE_MAX, Unit.SCALE_MIN
  };

  @TempDir Path directory;

  @Test
  void aThousandChannelsGetEveryReplyAndTheRightOne() throws Exception {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    Rig many = Rig.withCpus(directory, CPUS);
    for (int vm = 0; vm < VMS; vm++) {
      String[] pinning = new String[VCPUS];
      for (int vcpu = 0; vcpu < VCPUS; vcpu++) {
        pinning[vcpu] = Integer.toString((vm * VCPUS + vcpu) % CPUS);
      }
      many.vm("vm" + vm, pinning);
    }
    Files.createDirectories(directory.resolve("channels"));
    List<FakeGuest> guests = new ArrayList<>();
    for (int i = 0; i < VMS * VCPUS; i++) {
      String name = "vm" + i / VCPUS + "." + i % VCPUS;
      guests.add(FakeGuest.listen(directory.resolve("channels").resolve(name)));
    }
    try (Rig rig = many.start()) {
      for (FakeGuest guest : guests) {
        guest.awaitConnection();
      }
      await().until(() -> rig.status().channels() == VMS * VCPUS);
      for (int round = 0; round < ROUNDS; round++) {
        ask(guests, random, seed);
      }
      assertThat(rig.status().requests()).isEqualTo((long) ROUNDS * 2 * VMS * VCPUS);
      assertThat(rig.status().refusals()).containsOnlyKeys("others_vcpu");
      assertThat(rig.status().managedDomains()).isEqualTo(CPUS);
    } finally {
      for (FakeGuest guest : guests) {
        guest.close();
      }
    }
    assertThat(directory.resolve("run/originals")).doesNotExist();
  }

  /** Every guest asks twice, once for what it may and once for another's, before any is read. */
  private static void ask(List<FakeGuest> guests, Random random, long seed) throws Exception {
    Unit[] asked = new Unit[guests.size()];
    for (int i = 0; i < guests.size(); i++) {
      asked[i] = UNITS[random.nextInt(UNITS.length)];
      guests.get(i).send(Command.CPU_POWER, asked[i], i % VCPUS);
      guests.get(i).send(Command.CPU_POWER, asked[i], VCPUS + i);
    }
    for (int i = 0; i < guests.size(); i++) {
      check(guests.get(i).read(464), ReplyKind.ACK, asked[i], i % VCPUS, seed);
      check(guests.get(i).read(464), ReplyKind.NACK, asked[i], VCPUS + i, seed);
      assertThat(guests.get(i).available()).as("seed %d", seed).isZero();
    }
  }

  private static void check(ByteBuffer reply, ReplyKind kind, Unit unit, long vcpu, long seed) {
    assertThat(Replies.kind(reply, 0)).as("seed %d, vCPU %d", seed, vcpu).isEqualTo(kind);
    assertThat(reply.getInt(8)).isEqualTo(unit.code());
    assertThat(reply.getLong(0)).isEqualTo(vcpu);
  }
}
