package dev.vmpower.host.monitor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vmpower.host.FakeGuest;
import dev.vmpower.host.Rig;
import dev.vmpower.host.channel.Channel;
import dev.vmpower.host.view.StatusView;
import dev.vmpower.protocol.Command;
import dev.vmpower.protocol.Unit;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** More channels that flood than one wake-up can read, and one that asks once. */
class FloodTest {
  /** How many channels that send all they may fill a wake-up. */
  private static final int FULL = Turn.PACKETS_MAX / Channel.PACKETS_PER_TURN_MAX;

  private static final int WAKEUPS_OF_FLOOD = 6;
  private static final int WAKEUPS_OF_RESTS = 200;

  @TempDir Path directory;

  private final List<FakeGuest> guests = new ArrayList<>();

  @AfterEach
  void hangUp() throws IOException {
    for (FakeGuest guest : guests) {
      guest.close();
    }
  }

  @Test
  void whoFindsAWakeupFullIsFirstInTheNextOne() throws Exception {
    assertThat(wakeupsUntilAnswered(FULL + 10)).isEqualTo(2);
  }

  /** Whoever is slower sees more time go by, and allows more: only too many reads can fail this. */
  @Test
  void whoFloodsIsReadOnceAMillisecond() throws Exception {
    Rig rig = Rig.withCpus(directory, 1).vm("flood", "0");
    FakeGuest flood = listen("flood", 0);
    Monitor monitor = rig.begin();
    try {
      while (channels(monitor) < 1) {
        monitor.wakeUp();
      }
      flood.awaitConnection();
      ByteBuffer packets = ByteBuffer.allocate(2 * Channel.PACKETS_PER_TURN_MAX * 464);
      long beganNs = System.nanoTime();
      for (int i = 0; i < WAKEUPS_OF_RESTS; i++) {
        flood.tryWrite(packets.clear());
        monitor.wakeUp();
      }
      long rests =
          (System.nanoTime() - beganNs) / Sockets.FULL_READ_NS + Sockets.FULL_READS_MAX + 2;
      assertThat(status(monitor).requests())
          .isPositive()
          .isLessThanOrEqualTo(rests * Channel.PACKETS_PER_TURN_MAX);
    } finally {
      monitor.end(null);
    }
  }

  /** How many wake-ups it takes until the one that asks after {@code floods} floods is answered. */
  private int wakeupsUntilAnswered(int floods) throws Exception {
    Rig rig = Rig.withCpus(directory, 2).vm("polite", "0").vm("flood", "1");
    FakeGuest polite = listen("polite", 0);
    List<FakeGuest> flooding = new ArrayList<>();
    for (int i = 0; i < floods; i++) {
      flooding.add(listen("flood", i));
    }
    Monitor monitor = rig.begin();
    try {
      while (channels(monitor) < floods + 1) {
        monitor.wakeUp();
      }
      for (FakeGuest guest : guests) {
        guest.awaitConnection();
      }
      for (FakeGuest guest : flooding) {
        guest.tryWrite(ByteBuffer.allocate(WAKEUPS_OF_FLOOD * Channel.PACKETS_PER_TURN_MAX * 464));
      }
      polite.send(Command.CPU_POWER, Unit.SCALE_MIN, 0);
      int wakeups = 0;
      while (polite.available() == 0) {
        monitor.wakeUp();
        wakeups++;
      }
      assertThat(rig.khz(0)).isEqualTo(1_200_000);
      return wakeups;
    } finally {
      monitor.end(null);
    }
  }

  private FakeGuest listen(String vm, int number) throws IOException {
    Path channels = Files.createDirectories(directory.resolve("channels"));
    FakeGuest guest = FakeGuest.listen(channels.resolve(vm + "." + number));
    guests.add(guest);
    return guest;
  }

  private static int channels(Monitor monitor) throws Exception {
    return status(monitor).channels();
  }

  private static StatusView status(Monitor monitor) throws Exception {
    CompletableFuture<StatusView> status = monitor.ask(new Verb.Status());
    while (!status.isDone()) {
      monitor.wakeUp();
    }
    return status.get();
  }
}
