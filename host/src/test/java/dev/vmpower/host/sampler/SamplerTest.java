package dev.vmpower.host.sampler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vmpower.machine.net.GuestInterface;
import dev.vmpower.machine.net.GuestInterface.Kind;
import dev.vmpower.machine.net.PacketCounters;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rates out of counts, on the sampler's own thread and a clock that the test moves. */
class SamplerTest {
  private static final GuestInterface VNET0 = new GuestInterface(1, Kind.TAP, "vnet0");
  private static final GuestInterface VNET1 = new GuestInterface(2, Kind.TAP, "vnet1");
  private static final Probe.Packets BOTH = new Probe.Packets("both", List.of(VNET0, VNET1));

  /** It cannot be counted, and so tells with each round that the round was. */
  private static final Probe.Packets BELL = new Probe.Packets("bell", List.of());

  @TempDir Path netClass;

  private final AtomicLong nowNs = new AtomicLong(1);
  private final LinkedBlockingQueue<List<Reading>> readings = new LinkedBlockingQueue<>();
  private Sampler sampler;

  @BeforeEach
  void start() throws IOException {
    count("vnet0", "100");
    count("vnet1", "0");
    sampler = new Sampler(new PacketCounters(netClass), nowNs::get);
    sampler.start(readings::add);
  }

  @AfterEach
  void stop() {
    sampler.close();
  }

  private void count(String device, String packets) throws IOException {
    Path directory = Files.createDirectories(netClass.resolve(device + "/statistics"));
    Files.writeString(directory.resolve("tx_packets"), packets + "\n");
  }

  private List<Reading> round(Probe... probes) throws InterruptedException {
    sampler.want(List.of(probes));
    List<Reading> round = readings.poll(20, TimeUnit.SECONDS);
    assertThat(round).as("a round of counting").isNotNull();
    return round;
  }

  private List<Reading> roundAfter(long ns, Probe... probes) throws InterruptedException {
    nowNs.addAndGet(ns);
    return round(probes);
  }

  @Test
  void aRateIsWhatCameToAllInterfacesInTheTimeThatPassed() throws Exception {
    assertThat(round(BOTH, BELL)).as("a rate needs two counts").hasSize(1);
    count("vnet0", "600");
    count("vnet1", "3000");

    assertThat(roundAfter(2 * Sampler.PACKETS_EVERY_NS, BOTH, BELL))
        .startsWith(new Reading.Packets("both", 1750));
    assertThat(roundAfter(Sampler.PACKETS_EVERY_NS, BOTH, BELL))
        .startsWith(new Reading.Packets("both", 0));
  }

  @Test
  void aDeviceThatWasMadeAnewBeginsAtZero() throws Exception {
    round(BOTH, BELL);
    count("vnet0", "40");

    assertThat(roundAfter(Sampler.PACKETS_EVERY_NS, BOTH, BELL))
        .startsWith(new Reading.Packets("both", 40));
  }

  @Test
  void countsThatRunOverAreNoTrouble() throws Exception {
    count("vnet0", "9223372036854775807");
    round(BOTH, BELL);
    count("vnet0", "9223372036854775817");

    assertThat(roundAfter(Sampler.PACKETS_EVERY_NS, BOTH, BELL))
        .startsWith(new Reading.Packets("both", 10));
  }

  @Test
  void aDeviceThatGoesAndComesIsSaidSoAndCountsAgain() throws Exception {
    round(BOTH, BELL);
    Files.delete(netClass.resolve("vnet1/statistics/tx_packets"));

    assertThat(roundAfter(Sampler.PACKETS_EVERY_NS, BOTH, BELL))
        .startsWith(
            new Reading.NoPackets("both", "02:00:00:00:00:00: vnet1 is gone or cannot be read"));
    count("vnet1", "0");
    assertThat(roundAfter(Sampler.PACKETS_EVERY_NS, BOTH, BELL)).hasSize(1);
    count("vnet1", "5");
    assertThat(roundAfter(Sampler.PACKETS_EVERY_NS, BOTH, BELL))
        .startsWith(new Reading.Packets("both", 5));
  }

  @Test
  void whatIsNotWantedAnyMoreIsForgotten() throws Exception {
    round(BOTH, BELL);
    count("vnet0", "1000");
    roundAfter(Sampler.PACKETS_EVERY_NS, BELL);

    assertThat(roundAfter(Sampler.PACKETS_EVERY_NS, BOTH, BELL)).as("a first count").hasSize(1);
  }

  @Test
  void whatIsNewIsCountedAtOnceAndNotAfterASecond() throws Exception {
    round(BELL);

    assertThat(round(BOTH, BELL)).hasSize(1);
  }
}
