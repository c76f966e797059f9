package dev.vmpower.machine.power;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The kernel's files on what pCPUs used, as plain files; and this machine's own {@code /proc}. */
class PowerTest {
  @TempDir Path directory;

  private void write(String file, String text) throws IOException {
    Path path = directory.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text + "\n");
  }

  private void zone(String name, String title, long uj, long rangeUj) throws IOException {
    write(name + "/name", title);
    write(name + "/energy_uj", Long.toString(uj));
    write(name + "/max_energy_range_uj", Long.toString(rangeUj));
  }

  @Test
  void packagesCountJoulesAcrossTheEndOfTheirRange() throws IOException {
    zone("intel-rapl:1", "package-1", 5_000_000, 10_000_000);
    zone("intel-rapl:0", "package-0", 9_000_000, 10_000_000);
    zone("intel-rapl:0:0", "core", 1_000_000, 10_000_000);
    zone("intel-rapl:2", "psys", 1_000_000, 10_000_000);

    List<EnergyCounter> counters = EnergyCounter.find(directory);
    assertThat(counters).extracting(EnergyCounter::packageId).containsExactly(0, 1);
    assertThat(counters.get(0).advanceJoules()).isZero();
    write("intel-rapl:0/energy_uj", "500000");
    write("intel-rapl:1/energy_uj", "7500000");
    assertThat(counters.get(0).advanceJoules()).isCloseTo(1.5, within(1e-9));
    assertThat(counters.get(1).advanceJoules()).isCloseTo(2.5, within(1e-9));
    assertThat(counters.get(1).advanceJoules()).isZero();
  }

  @Test
  void withoutRaplThereIsNoCounter() throws IOException {
    assertThat(EnergyCounter.find(directory.resolve("none"))).isEmpty();
    zone("intel-rapl:0", "package-0", 1, 10);
    Files.delete(directory.resolve("intel-rapl:0/energy_uj"));
    assertThat(EnergyCounter.find(directory)).isEmpty();
  }

  @Test
  void timesAtEachFrequencyAreTheKernels() throws IOException {
    write("stats/time_in_state", "2600000 100\n1200000 50");
    FrequencyTimes times = new FrequencyTimes(directory);
    write("stats/time_in_state", "2600000 100\n1200000 57");
    assertThat(times.advance(70)).isEqualTo(Map.of(1_200_000, 70L));
    write("stats/time_in_state", "2600000 101\n1200000 59");
    assertThat(times.advance(30)).isEqualTo(Map.of(1_200_000, 20L, 2_600_000, 10L));
  }

  @Test
  void withoutTheKernelsCountsWhatIsSetStandsForAllOfTheTime() throws IOException {
    write("scaling_setspeed", "<unsupported>");
    write("scaling_cur_freq", "2600000");
    FrequencyTimes times = new FrequencyTimes(directory);
    assertThat(times.advance(500)).isEqualTo(Map.of(2_600_000, 500L));
    write("scaling_setspeed", "1200000");
    assertThat(times.advance(300)).isEqualTo(Map.of(1_200_000, 300L));
  }

  @Test
  void busyIsAllButIdleAndWaiting() throws IOException {
    write("stat", "cpu  9 9 9 9 9 9 9 9 9 9\ncpu0 10 1 2 100 50 1 1 1 10 0\nintr 5");
    BusyTimes busy = new BusyTimes(directory.resolve("stat"));
    write("stat", "cpu  9 9 9 9 9 9 9 9 9 9\ncpu0 15 1 2 900 90 1 1 2 15 0\ncpu1 1 1 1 1 1 1 1 1");
    assertThat(busy.advance()).isEqualTo(Map.of(0, 60L));
  }

  @Test
  void thisMachinesPcpusAreBusy() {
    assertThat(new BusyTimes(Path.of("/proc/stat")).advance()).isNotEmpty();
  }

  private void qemu(int pid, String name, String threads) throws IOException {
    write(pid + "/cmdline", "qemu-system-x86_64\0-name\0guest=" + name + ",debug-threads=on\0-m");
    write(pid + "/stat", stat(pid, "qemu-system-x86", 0, 0));
    int tid = pid;
    for (String thread : threads.split(";")) {
      String[] words = thread.split(":");
      tid++;
      write(
          pid + "/task/" + tid + "/stat",
          stat(tid, words[0], Long.parseLong(words[1]), Integer.parseInt(words[2])));
    }
  }

  private static String stat(int pid, String name, long ticks, int cpu) {
    StringBuilder stat = new StringBuilder(pid + " (" + name + ") S");
    for (int field = 4; field <= 52; field++) {
      stat.append(' ').append(field == 14 ? ticks : field == 39 ? cpu : field == 22 ? 7 : 0);
    }
    return stat.toString();
  }

  @Test
  void vcpusAreTheNamedThreadsOfNamedQemus() throws IOException {
    write("1/cmdline", "init\0");
    write("1/stat", stat(1, "init", 0, 0));
    qemu(100, "web (1)", "CPU 0/KVM:10:2;CPU 1/KVM:20:3;IO mon_iothread:90:1");
    VcpuTimes times = new VcpuTimes(directory);
    qemu(100, "web (1)", "CPU 0/KVM:15:4;CPU 1/KVM:20:3;IO mon_iothread:99:1");
    qemu(200, "db", "CPU 0/TCG:8:5");

    assertThat(times.advance())
        .containsExactlyInAnyOrder(
            new VcpuTimes.Ran("web (1)", 0, 4, 50),
            new VcpuTimes.Ran("web (1)", 1, 3, 0),
            new VcpuTimes.Ran("db", 0, 5, 80));
  }

  @Test
  void whateverIsInProcIsLookedOver() {
    new VcpuTimes(Path.of("/proc")).advance();
    assertThat(new VcpuTimes(directory.resolve("none")).advance()).isEmpty();
  }
}
