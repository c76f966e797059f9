package dev.vmpower.machine.cpufreq;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.sysfs.DirectorySysfs;
import dev.vmpower.machine.sysfs.Tree;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where turbo ends, on trees assembled after what the drivers' sources and reports say. */
class NonTurboTest {
  private static final String POLICY = "cpufreq/policy1/";

  @TempDir Path root;

  /** Each row: driver, hardware limits, the other files, and the highest level without turbo. */
  @ParameterizedTest
  @CsvSource({
    "intel_pstate, 800000, 3900000, base_frequency=2600000, 2600000",
    "intel_cpufreq, 800000, 3900000, base_frequency=2600000, 2600000",
    "intel_cpufreq, 800000, 5400000, base_frequency=3000000, 3000000",
    "intel_cpufreq, 800000, 4100000, base_frequency=2200000, 2200000",
    "intel_cpufreq, 1200000, 3600000, turbo_pct=57 num_pstates=25, 2200000",
    "intel_cpufreq, 800000, 3900000, turbo_pct=41 num_pstates=32, 2600000",
    "intel_cpufreq, 800000, 2600000, base_frequency=3900000, 2600000",
    "intel_cpufreq, 800000, 3900000, base_frequency=9900000 turbo_pct=41 num_pstates=32, 2600000",
    "intel_cpufreq, 800000, 3900000, base_frequency=junk, 3900000",
    "intel_cpufreq, 800000, 3900000, turbo_pct=0 num_pstates=32, 3900000",
    "intel_cpufreq, 800000, 3900000, turbo_pct=100 num_pstates=32, 800000",
    "intel_cpufreq, 800000, 3900000, turbo_pct=-7 num_pstates=99999999, 3900000",
    "intel_cpufreq, 800000, 3900000, turbo_pct=7 num_pstates=99999999, 3900000",
    "amd-pstate, 400000, 4463000, nominal_freq=3201 nominal_perf=119, 3201000",
    "amd-pstate, 400000, 4463000, max=4463000 high=166 nominal_perf=119, 3199379",
    "amd-pstate, 400000, 3201000, nominal_freq=3201, 3201000",
    "amd-pstate, 400000, 3200000, nominal_freq=3201, 3200000",
    "amd-pstate, 400000, 4463000, nominal_freq=0, 4463000",
    "cppc_cpufreq, 1000000, 3000000, nominal_freq=2600 boost=1, 2600000",
    "cppc_cpufreq, 1000000, 3000000, nominal_perf=260 highest_perf=300 boost=1, 2600000",
    "cppc_cpufreq, 1000000, 2600000, nominal_perf=260 highest_perf=300 boost=0, 2600000",
    "cppc_cpufreq, 600000, 1500000, '', 1500000",
    "pcc-cpufreq, 1000000, 2900000, turbo_pct=50 num_pstates=9 nominal_freq=2000, 2900000",
    "'', 1000000, 2900000, '', 2900000",
  })
  void eachDriverSaysItInItsOwnWay(
      String driver, int minKhz, int maxKhz, String files, int highestKhz) {
    Tree tree = new Tree(root).put(POLICY + "scaling_driver", driver + "\n");
    for (String file : files.isEmpty() ? new String[0] : files.split(" ")) {
      String name = file.substring(0, file.indexOf('='));
      String path =
          switch (name) {
            case "base_frequency" -> POLICY + name;
            case "turbo_pct", "num_pstates" -> "intel_pstate/" + name;
            case "max" -> POLICY + "amd_pstate_max_freq";
            case "high" -> POLICY + "amd_pstate_highest_perf";
            case "boost" -> "cpufreq/boost";
            default -> "cpu1/acpi_cppc/" + name;
          };
      tree.put(path, file.substring(name.length() + 1) + "\n");
    }
    tree.put(POLICY + "related_cpus", "1 2\n")
        .put(POLICY + "cpuinfo_min_freq", minKhz + "\n")
        .put(POLICY + "cpuinfo_max_freq", maxKhz + "\n");

    Ladder ladder = read().ladder();
    assertThat(ladder.khz(ladder.nonTurboIndex())).isEqualTo(highestKhz);
    assertThat(ladder.khz(0)).isEqualTo(maxKhz);
    assertThat(ladder.hasTurbo()).isEqualTo(highestKhz < maxKhz);
  }

  /** Each row: the table, other files, the highest level without turbo, and whether it was seen. */
  @ParameterizedTest
  @CsvSource({
    "2601000 2600000 1200000, '', 2600000, true",
    "2600000 2200000 1200000, '', 2600000, true",
    "2600000 2200000 1200000, cpb, 2200000, false",
    "2600000 2200000 1200000, boost 3400000, 2200000, false",
    "2600000 2200000 1200000, boost 2600000, 2600000, true",
  })
  void ofATableTheMarkerOrWhatAmdHasBeside(
      String table, String beside, int highestKhz, boolean verified) {
    String[] words = beside.split(" ", -1);
    Tree tree =
        new Tree(root)
            .put(POLICY + "scaling_driver", "acpi-cpufreq\n")
            .put(POLICY + "scaling_available_frequencies", table + "\n")
            .put(POLICY + "scaling_setspeed", "<unsupported>\n")
            .put(POLICY + "related_cpus", "1 2\n")
            .put(POLICY + "cpuinfo_min_freq", "1200000\n")
            .put(POLICY + "cpuinfo_max_freq", (words.length > 1 ? words[1] : "2601000") + "\n");
    switch (words[0]) {
      case "cpb" -> tree.put(POLICY + "cpb", "1\n");
      case "boost" -> tree.put("cpufreq/boost", "1\n");
      default -> {}
    }

    FrequencyDomain domain = read();

    Ladder ladder = domain.ladder();
    assertThat(ladder.khz(ladder.nonTurboIndex())).isEqualTo(highestKhz);
    assertThat(ladder.hasTurbo()).isEqualTo(highestKhz < ladder.khz(0));
    assertThat(domain.isVerified()).isEqualTo(verified);
  }

  private FrequencyDomain read() {
    return FrequencyDomains.read(
            new DirectorySysfs(root),
            CpuSet.of(1, 2),
            problem -> {
              throw new AssertionError(problem);
            })
        .get(0);
  }
}
