package dev.vmpower.machine.fake;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The cpufreq drivers that a {@link FakeSysfs} can have, each with its files and with what it does
 * with writes. What is said of those other than acpi-cpufreq comes from the kernel's sources and
 * from reports of users; the trees are put together, not copied from a machine.
 */
public enum FakeDriver {
  ACPI("acpi-cpufreq", Speed.TABLE, false, 1_200_000, 2_601_000, 2_600_000, Files.TURBO),
  ACPI_AMD("acpi-cpufreq", Speed.TABLE, false, 1_500_000, 3_720_703, 2_000_000, Files.EPYC),
  INTEL_PSTATE_HWP(
      "intel_pstate", Speed.CEILING, true, 800_000, 3_900_000, 2_600_000, Files.INTEL_HWP),
  INTEL_PSTATE(
      "intel_pstate", Speed.TICKS, true, 1_200_000, 3_600_000, 2_200_000, Files.INTEL_PLAIN),
  INTEL_CPUFREQ_HWP(
      "intel_cpufreq", Speed.FLOOR, false, 800_000, 3_900_000, 2_600_000, Files.INTEL_PASSIVE),
  INTEL_CPUFREQ(
      "intel_cpufreq", Speed.REQUEST, false, 1_200_000, 3_600_000, 2_200_000, Files.INTEL_PLAIN),
  AMD_PSTATE_EPP(
      "amd-pstate-epp", Speed.CEILING, true, 400_000, 4_463_000, 3_201_000, Files.AMD_ACTIVE),
  AMD_PSTATE("amd-pstate", Speed.REQUEST, false, 400_000, 4_463_000, 3_201_000, Files.AMD_PASSIVE),
  AMD_PSTATE_GUIDED(
      "amd-pstate", Speed.REQUEST, false, 400_000, 4_463_000, 3_201_000, Files.AMD_GUIDED),
  CPPC("cppc_cpufreq", Speed.REQUEST, false, 1_000_000, 3_000_000, 2_600_000, Files.CPPC),
  PCC("pcc-cpufreq", Speed.REQUEST, false, 1_000_000, 2_900_000, 2_900_000, Files.NONE);

  /** What makes the speed of a pCPU that is busy. */
  enum Speed {
    /** The entry of a table that was asked for. */
    TABLE,
    /** The frequency that was asked for, within the limits. */
    REQUEST,
    /** The upper limit: a governor only says how much less it may be. */
    CEILING,
    /** The upper limit: what was asked for is only the least it may be. */
    FLOOR,
    /** The upper limit under {@code performance}; under {@code powersave} nothing without ticks. */
    TICKS
  }

  /** Files that only read: below the root, or with a leading {@code -} in each policy. */
  private static final class Files {
    static final List<String> NONE = List.of();
    static final List<String> TURBO =
        List.of(
            "cpufreq/boost 1",
            "-scaling_available_frequencies"
                + " 2601000 2600000 2300000 2000000 1700000 1400000 1200000",
            "-bios_limit 2601000");
    static final List<String> EPYC =
        List.of(
            "cpufreq/boost 1", "-scaling_available_frequencies 2000000 1700000 1500000", "-cpb 1");
    static final List<String> INTEL_HWP =
        List.of(
            "intel_pstate/status active",
            "intel_pstate/no_turbo 0",
            "intel_pstate/max_perf_pct 100",
            "intel_pstate/min_perf_pct 20",
            "intel_pstate/turbo_pct 41",
            "intel_pstate/num_pstates 32",
            "intel_pstate/hwp_dynamic_boost 0",
            "-base_frequency 2600000",
            "-energy_performance_available_preferences"
                + " default performance balance_performance balance_power power");
    static final List<String> INTEL_PASSIVE =
        List.of(
            "intel_pstate/status passive",
            "intel_pstate/no_turbo 0",
            "intel_pstate/turbo_pct 41",
            "intel_pstate/num_pstates 32",
            "-base_frequency 2600000",
            "-energy_performance_available_preferences"
                + " default performance balance_performance balance_power power");
    static final List<String> INTEL_PLAIN =
        List.of(
            "intel_pstate/no_turbo 0",
            "intel_pstate/min_perf_pct 33",
            "intel_pstate/turbo_pct 57",
            "intel_pstate/num_pstates 25");
    static final List<String> AMD_PASSIVE = amd("passive");
    static final List<String> AMD_GUIDED = amd("guided");
    static final List<String> AMD_ACTIVE = amd("active");
    static final List<String> CPPC =
        List.of(
            "cpufreq/boost 1",
            "cpu%d/acpi_cppc/highest_perf 300",
            "cpu%d/acpi_cppc/nominal_perf 260",
            "cpu%d/acpi_cppc/lowest_perf 100",
            "cpu%d/acpi_cppc/nominal_freq 2600",
            "cpu%d/acpi_cppc/lowest_freq 1000");

    private static List<String> amd(String status) {
      return List.of(
          "amd_pstate/status " + status,
          "amd_pstate/prefcore disabled",
          "cpufreq/boost 1",
          "-amd_pstate_max_freq 4463000",
          "-amd_pstate_lowest_nonlinear_freq 1100000",
          "-amd_pstate_highest_perf 166",
          "cpu%d/acpi_cppc/highest_perf 166",
          "cpu%d/acpi_cppc/nominal_perf 119",
          "cpu%d/acpi_cppc/lowest_nonlinear_perf 41",
          "cpu%d/acpi_cppc/lowest_perf 15",
          "cpu%d/acpi_cppc/nominal_freq 3201",
          "cpu%d/acpi_cppc/lowest_freq 400");
    }
  }

  private final String driverName;
  final Speed speed;
  private final boolean active;
  private final int minKhz;
  private final int maxKhz;
  private final int nominalKhz;
  private final String files;

  FakeDriver(
      String driverName,
      Speed speed,
      boolean active,
      int minKhz,
      int maxKhz,
      int nominalKhz,
      List<String> files) {
    this.driverName = driverName;
    this.speed = speed;
    this.active = active;
    this.minKhz = minKhz;
    this.maxKhz = maxKhz;
    this.nominalKhz = nominalKhz;
    this.files = String.join("\n", files);
  }

  /** What {@code scaling_driver} says. */
  public String driverName() {
    return driverName;
  }

  /** The lowest frequency of the hardware, in kHz. */
  public int minKhz() {
    return minKhz;
  }

  /** The highest frequency of the hardware with turbo, in kHz. */
  public int maxKhz() {
    return maxKhz;
  }

  /** The highest frequency without turbo, in kHz. */
  public int nominalKhz() {
    return nominalKhz;
  }

  /** The governors that this driver takes; the first one is in force at boot. */
  List<String> governors() {
    return active
        ? List.of("powersave", "performance")
        : List.of("schedutil", "userspace", "ondemand", "powersave", "performance");
  }

  /** Whether {@code performance} is the driver's own algorithm, which takes the EPP for its own. */
  boolean isActive() {
    return active;
  }

  boolean hasEpp() {
    return this == INTEL_PSTATE_HWP || this == INTEL_CPUFREQ_HWP || this == AMD_PSTATE_EPP;
  }

  /** Whether the EPP of before comes back with the governor {@code powersave}. */
  boolean remembersEpp() {
    return this == INTEL_PSTATE_HWP;
  }

  boolean hasBoost() {
    return this == ACPI_AMD
        || this == AMD_PSTATE
        || this == AMD_PSTATE_GUIDED
        || this == AMD_PSTATE_EPP
        || this == CPPC;
  }

  /** Path and text of the files that only read, of a frequency domain of {@code cpus}. */
  Map<String, String> constants(String directory, int... cpus) {
    Map<String, String> texts = new TreeMap<>();
    texts.put(directory + "scaling_driver", driverName);
    texts.put(directory + "scaling_available_governors", String.join(" ", governors()));
    for (String line : files.lines().toList()) {
      int blank = line.indexOf(' ');
      String name = line.substring(0, blank);
      String text = line.substring(blank + 1);
      if (name.startsWith("-")) {
        texts.put(directory + name.substring(1), text);
      } else {
        for (int cpu : cpus) {
          texts.put(name.replace("%d", Integer.toString(cpu)), text);
        }
      }
    }
    return texts;
  }
}
