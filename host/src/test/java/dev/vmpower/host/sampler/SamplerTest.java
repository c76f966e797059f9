package dev.vmpower.host.sampler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vmpower.machine.net.GuestInterface;
import dev.vmpower.machine.net.GuestInterface.Kind;
import dev.vmpower.machine.net.PacketCounters;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rates out of counts, on the sampler's own thread and a clock that the test moves. */
class SamplerTest {
  private static final GuestInterface VNET0 = new GuestInterface(1, Kind.TAP, "vnet0");
  private static final GuestInterface VNET1 = new GuestInterface(2, Kind.TAP, "vnet1");
  private static final Probe.Packets BOTH = new Probe.Packets("both", List.of(VNET0, VNET1));

  @TempDir Path netClass;

  private final AtomicLong nowNs = new AtomicLong(1);
  private final LinkedBlockingQueue<List<Reading>> readings = new LinkedBlockingQueue<>();
  private final CompletableFuture<Optional<String>> branches = new CompletableFuture<>();
  private Sampler sampler;

  @BeforeEach
  void start() throws IOException {
    count("vnet0", "100");
    count("vnet1", "0");
    sampler = new Sampler(new PacketCounters(netClass), nowNs::get);
    sampler.start(
        new Sampler.Listener() {
          @Override
          public void sampled(List<Reading> round) {
            readings.add(round);
          }

          @Override
          public void branches(@Nullable String whyNot) {
            branches.complete(Optional.ofNullable(whyNot));
          }
        });
  }

  @AfterEach
  void stop() {
    sampler.close();
  }

  private void count(String device, String packets) throws IOException {
    Path directory = Files.createDirectories(netClass.resolve(device + "/statistics"));
    Files.writeString(directory.resolve("tx_packets"), packets + "\n");
  }

  /** What is told of {@code probes}; another that cannot be counted tells that it was all. */
  private List<Reading> round(Probe... probes) throws InterruptedException {
    String bell = "bell " + nowNs.incrementAndGet();
    List<Probe> all = new ArrayList<>(List.of(probes));
    all.add(new Probe.Packets(bell, List.of()));
    sampler.want(all);
    List<Reading> told = new ArrayList<>();
    Reading rung = new Reading.NoPackets(bell, "it names no interface of its VM");
    while (!told.contains(rung)) {
      List<Reading> round = readings.poll(20, TimeUnit.SECONDS);
      assertThat(round).as("a round of counting").isNotNull();
      told.addAll(round);
    }
    told.removeIf(reading -> reading instanceof Reading.NoPackets one && one.key() != "both");
    return told;
  }

  private List<Reading> roundAfter(long ns, Probe... probes) throws InterruptedException {
    nowNs.addAndGet(ns);
    return round(probes);
  }

  @Test
  void aRateIsWhatCameToAllInterfacesInTheTimeThatPassed() throws Exception {
    assertThat(round(BOTH)).as("a rate needs two counts").isEmpty();
    count("vnet0", "600");
    count("vnet1", "3000");

    assertThat(roundAfter(2 * Sampler.PACKETS_EVERY_NS, BOTH))
        .containsExactly(new Reading.Packets("both", 1750));
    assertThat(roundAfter(Sampler.PACKETS_EVERY_NS, BOTH))
        .containsExactly(new Reading.Packets("both", 0));
  }

  @Test
  void aDeviceThatWasMadeAnewBeginsAtZero() throws Exception {
    round(BOTH);
    count("vnet0", "40");

    assertThat(roundAfter(Sampler.PACKETS_EVERY_NS, BOTH))
        .containsExactly(new Reading.Packets("both", 40));
  }

  @Test
  void countsThatRunOverAreNoTrouble() throws Exception {
    count("vnet0", "9223372036854775807");
    round(BOTH);
    count("vnet0", "9223372036854775817");

    assertThat(roundAfter(Sampler.PACKETS_EVERY_NS, BOTH))
        .containsExactly(new Reading.Packets("both", 10));
  }

  @Test
  void aDeviceThatGoesAndComesIsSaidSoAndCountsAgain() throws Exception {
    round(BOTH);
    Files.delete(netClass.resolve("vnet1/statistics/tx_packets"));

    assertThat(roundAfter(Sampler.PACKETS_EVERY_NS, BOTH))
        .containsExactly(
            new Reading.NoPackets("both", "02:00:00:00:00:00: vnet1 is gone or cannot be read"));
    count("vnet1", "0");
    assertThat(roundAfter(Sampler.PACKETS_EVERY_NS, BOTH)).isEmpty();
    count("vnet1", "5");
    assertThat(roundAfter(Sampler.PACKETS_EVERY_NS, BOTH))
        .containsExactly(new Reading.Packets("both", 5));
  }

  @Test
  void whatIsNotWantedAnyMoreIsForgotten() throws Exception {
    round(BOTH);
    count("vnet0", "1000");
    roundAfter(Sampler.PACKETS_EVERY_NS);

    assertThat(roundAfter(Sampler.PACKETS_EVERY_NS, BOTH)).as("a first count").isEmpty();
  }

  @Test
  void whatIsNewIsCountedAtOnceAndDisturbsNoOtherRate() throws Exception {
    round(BOTH);
    Probe.Packets fresh = new Probe.Packets("fresh", List.of(VNET0));
    assertThat(roundAfter(Sampler.PACKETS_EVERY_NS / 2, BOTH, fresh)).isEmpty();
    count("vnet0", "1100");

    assertThat(roundAfter(Sampler.PACKETS_EVERY_NS / 2, BOTH, fresh))
        .containsExactly(new Reading.Packets("both", 1000), new Reading.Packets("fresh", 2000));
  }

  /** Where the machine has no counters of branches, that is what is said, and of each pCPU. */
  @Test
  void branchesAreCountedOrItIsSaidWhyNot() throws Exception {
    Optional<String> whyNot = branches.get(20, TimeUnit.SECONDS);
    sampler.want(List.of(new Probe.Branches(0)));
    List<Reading> first = readings.poll(1, TimeUnit.SECONDS);
    nowNs.addAndGet(Sampler.BRANCHES_EVERY_NS);
    sampler.want(List.of(new Probe.Branches(0)));
    List<Reading> round = first == null ? readings.poll(20, TimeUnit.SECONDS) : first;

    if (whyNot.isPresent()) {
      assertThat(round).containsExactly(new Reading.NoBranches(0, whyNot.get()));
    } else {
      assertThat(round).hasSize(1).first().isInstanceOf(Reading.Branches.class);
      assertThat(((Reading.Branches) round.getFirst()).branches()).isPositive();
    }
  }
}
