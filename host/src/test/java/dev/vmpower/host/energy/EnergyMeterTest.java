package dev.vmpower.host.energy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.vmpower.host.view.DomainView;
import dev.vmpower.host.view.EnergyView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Counters as plain files, time as a number: what is reported, and what lasts. */
class EnergyMeterTest {
  private static final long HOUR_MS = 3_600_000;

  @TempDir Path directory;

  private long nowNs;
  private long nowMs = 1_000 * HOUR_MS;
  private List<DomainView> domains = List.of(new DomainView(0, "0", 0, 2_000_000, true));
  private EnergyMeter meter;

  @BeforeEach
  void start() throws IOException {
    write("powercap/intel-rapl:0/name", "package-0");
    write("powercap/intel-rapl:0/max_energy_range_uj", "1000000000000");
    write("powercap/intel-rapl:0/energy_uj", "0");
    write("cpufreq/policy0/stats/time_in_state", "2000000 0\n1000000 0");
    meter = open();
  }

  private EnergyMeter open() {
    EnergyMeter opened =
        new EnergyMeter(
            EnergyMeter.Sources.of(directory, false),
            directory,
            () -> domains,
            () -> nowNs,
            () -> nowMs);
    opened.look();
    return opened;
  }

  private void write(String file, String text) throws IOException {
    Path path = directory.resolve(file);
    Files.createDirectories(Objects.requireNonNull(path.getParent()));
    Files.writeString(path, text + "\n");
  }

  private void pass(long seconds) {
    nowNs += seconds * 1_000_000_000L;
    nowMs += seconds * 1_000;
  }

  @Test
  void whatIsCountedIsReportedWithTheTimeAtEachFrequency() throws IOException {
    pass(100);
    write("powercap/intel-rapl:0/energy_uj", "500000000");
    write("cpufreq/policy0/stats/time_in_state", "2000000 2500\n1000000 7500");

    EnergyView energy = meter.sinceStart();
    assertThat(energy.seconds()).isEqualTo(100);
    assertThat(energy.measured()).isTrue();
    assertThat(energy.joules()).isCloseTo(500.0, within(1e-6));
    // Busy throughout, as no /proc says otherwise: 75 % of the time at half the speed.
    assertThat(energy.savedPart()).isCloseTo(0.45 * 0.75, within(1e-6));
    assertThat(energy.times())
        .containsExactly(
            new EnergyView.Times(0, "0", List.of(1_000_000, 2_000_000), List.of(75.0, 25.0)));
    assertThat(energy.shares()).hasSize(1);
    assertThat(energy.shares().getFirst().joules()).isCloseTo(500.0, within(1e-6));
  }

  @Test
  void whatIsNotManagedSavesNothing() throws IOException {
    domains = List.of(new DomainView(0, "0", 0, 2_000_000, false));
    pass(100);
    write("cpufreq/policy0/stats/time_in_state", "2000000 0\n1000000 10000");

    assertThat(meter.sinceStart().savedPart()).isZero();
  }

  @Test
  void hoursLastAcrossARestartAndEndAfterAMonth() throws IOException {
    pass(60);
    write("powercap/intel-rapl:0/energy_uj", "60000000");
    meter.close();
    meter = open();
    assertThat(meter.sinceStart().seconds()).isZero();
    assertThat(Objects.requireNonNull(meter.lastHours(1).joules())).isCloseTo(60, within(0.01));
    nowMs += HOUR_MS;
    assertThat(meter.lastHours(1).seconds()).isZero();
    pass(60);
    write("powercap/intel-rapl:0/energy_uj", "100000000");
    assertThat(Objects.requireNonNull(meter.lastHours(1).joules())).isCloseTo(40, within(0.01));
    assertThat(Objects.requireNonNull(meter.lastHours(2).joules())).isCloseTo(100, within(0.01));
    nowMs += (EnergyView.HOURS_MAX + 1L) * HOUR_MS;
    assertThat(meter.lastHours(EnergyView.HOURS_MAX).seconds()).isZero();
  }

  @Test
  void aTornFileCostsItsTornLinesOnly() throws IOException {
    pass(60);
    meter.close();
    Path file = directory.resolve("energy");
    String good = Files.readString(file);
    Files.writeString(file, "nonsense\n" + good + "5 1.0 measured 1\n7 -1 measured 1 1 1 1\n");

    assertThat(open().lastHours(1).seconds()).isEqualTo(60);
  }

  @Test
  void theClockMayJumpBack() {
    pass(60);
    meter.look();
    nowMs -= 10 * HOUR_MS;
    pass(60);
    meter.look();

    assertThat(meter.lastHours(1).seconds()).isEqualTo(60);
    assertThat(meter.sinceStart().seconds()).isEqualTo(120);
  }
}
