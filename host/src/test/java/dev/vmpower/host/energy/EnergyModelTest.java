package dev.vmpower.host.energy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.vmpower.host.energy.Interval.Domain;
import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.power.VcpuTimes.Ran;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Parts that sum to the whole, and a saving that is what the method says. */
class EnergyModelTest {
  private static final int MAX_KHZ = 2_000_000;

  private static Domain domain(int cpu, int packageId, boolean managed, int khz, long ms) {
    return new Domain(packageId, CpuSet.of(cpu), MAX_KHZ, managed, Map.of(khz, ms));
  }

  @Test
  void halfTheSpeedOfABusyPcpuWeighsALittleMoreThanHalf() {
    assertThat(EnergyModel.weight(MAX_KHZ, MAX_KHZ)).isEqualTo(1);
    assertThat(EnergyModel.weight(MAX_KHZ / 2, MAX_KHZ)).isCloseTo(0.55, within(1e-9));
    assertThat(EnergyModel.weight(2 * MAX_KHZ, MAX_KHZ)).isEqualTo(1);
    assertThat(EnergyModel.weight(Map.of(MAX_KHZ, 10L, MAX_KHZ / 2, 10L), MAX_KHZ))
        .isCloseTo(0.775, within(1e-9));
    assertThat(EnergyModel.weight(Map.of(), MAX_KHZ)).isEqualTo(1);
  }

  @Test
  void whatManagedPcpusSavedIsWhatTheyWouldHaveWeighedMore() {
    // pCPU 0 is busy at half the speed and managed, pCPU 1 the same and not, pCPU 2 is idle.
    Interval interval =
        new Interval(
            1_000,
            List.of(
                domain(0, 0, true, MAX_KHZ / 2, 1_000),
                domain(1, 0, false, MAX_KHZ / 2, 1_000),
                domain(2, 0, true, MAX_KHZ / 2, 1_000)),
            Map.of(0, 1_000L, 1, 1_000L, 2, 0L),
            Map.of(0, 12.0),
            List.of(new Ran("vm0", 0, 0, 1_000)));

    Usage usage = EnergyModel.usage(interval);
    assertThat(usage.measured()).isTrue();
    assertThat(usage.joules()).isEqualTo(12);
    assertThat(usage.cpuS()).isCloseTo(1.2, within(1e-9));
    assertThat(usage.savedCpuS()).isCloseTo(0.45, within(1e-9));
    assertThat(usage.savedJoules()).isCloseTo(4.5, within(1e-9));
    assertThat(Objects.requireNonNull(usage.vms().get("vm0")).joules())
        .isCloseTo(5.5, within(1e-9));
  }

  @Test
  void withoutRaplThereAreNoJoulesAndItIsSaid() {
    Interval interval =
        new Interval(
            1_000, List.of(domain(0, 0, true, MAX_KHZ / 2, 1_000)), Map.of(), Map.of(), List.of());

    Usage usage = EnergyModel.usage(interval);
    assertThat(usage.measured()).isFalse();
    assertThat(usage.joules()).isZero();
    assertThat(usage.savedCpuS()).isCloseTo(0.45, within(1e-9));
  }

  @Test
  void onePackageThatIsNotCountedMakesTheSumOneThatIsNot() {
    List<Domain> domains =
        List.of(domain(0, 0, true, MAX_KHZ, 1_000), domain(1, 1, true, MAX_KHZ, 1_000));
    Interval interval = new Interval(1_000, domains, Map.of(), Map.of(0, 5.0), List.of());

    assertThat(EnergyModel.usage(interval).measured()).isFalse();
  }

  @Test
  void whateverRanThePartsNeverSumToMoreThanThePackages() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int round = 0; round < 2_000; round++) {
      long passedMs = 1 + random.nextLong(60_000);
      List<Domain> domains = new ArrayList<>();
      Map<Integer, Long> busyMs = new HashMap<>();
      List<Ran> ran = new ArrayList<>();
      for (int cpu = 0; cpu < 6; cpu++) {
        int khz = 1 + random.nextInt(2 * MAX_KHZ);
        domains.add(domain(cpu, cpu % 2, random.nextBoolean(), khz, passedMs));
        if (random.nextBoolean()) {
          busyMs.put(cpu, random.nextLong(2 * passedMs));
        }
      }
      for (int i = random.nextInt(12); i > 0; i--) {
        ran.add(new Ran("vm" + random.nextInt(4), i, random.nextInt(8), random.nextInt(90_000)));
      }
      Map<Integer, Double> joules = Map.of(0, random.nextDouble(100), 1, random.nextDouble(100));

      Usage usage = EnergyModel.usage(new Interval(passedMs, domains, busyMs, joules, ran));
      double vmJoules = usage.vms().values().stream().mapToDouble(Usage.Part::joules).sum();
      double vmCpuS = usage.vms().values().stream().mapToDouble(Usage.Part::cpuS).sum();
      assertThat(vmJoules).as("seed %d", seed).isBetween(0.0, usage.joules() + 1e-6);
      assertThat(vmCpuS).as("seed %d", seed).isBetween(0.0, usage.cpuS() + 1e-6);
      assertThat(usage.savedJoules()).as("seed %d", seed).isNotNegative();
    }
  }
}
