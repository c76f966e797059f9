package dev.vmpower.machine.cpufreq;

import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.sysfs.Sysfs;
import dev.vmpower.machine.sysfs.SysfsException;

/**
 * Where turbo begins, which each driver tells in its own way. Where none does, nothing is turbo.
 *
 * <p>Source: Linux {@code Documentation/admin-guide/pm/intel_pstate.rst} and {@code
 * amd-pstate.rst}.
 */
final class NonTurbo {
  private static final int STEP_KHZ = 100_000;
  private static final int KHZ_PER_MHZ = 1000;

  /**
   * What may change while the driver stays: some CPUs move their base frequency, and with turbo
   * switched off the hardware's limit can fall. 0 where it is not told, or where a table counts.
   */
  record Facts(int maxKhz, int baseKhz) {
    static Facts read(Sysfs sysfs, String directory) {
      if (sysfs.exists(directory + TABLE)) {
        return new Facts(0, number(sysfs, directory + "base_frequency"));
      }
      return new Facts(
          number(sysfs, directory + "cpuinfo_max_freq"),
          number(sysfs, directory + "base_frequency"));
    }
  }

  static final String TABLE = "scaling_available_frequencies";

  private final Sysfs sysfs;
  private final String directory;
  private final String driver;
  private final CpuSet cpus;

  NonTurbo(Sysfs sysfs, String directory, String driver, CpuSet cpus) {
    this.sysfs = sysfs;
    this.directory = directory;
    this.driver = driver;
    this.cpus = cpus;
  }

  /**
   * The ladder of a table, whose top is turbo by acpi-cpufreq's marker, or else, on AMD, the
   * nominal frequency that turbo goes beyond while it is switched on.
   */
  Ladder ofTable(String table) {
    Ladder ladder = Ladder.ofTable(table);
    if (ladder.hasTurbo() || !driver.equals("acpi-cpufreq")) {
      return ladder;
    }
    if (sysfs.exists(directory + "boost")) {
      return ladder.withSwitchedTop();
    }
    boolean boosts =
        sysfs.exists(directory + "cpb")
            || (sysfs.exists("cpufreq/boost")
                && number(directory + "cpuinfo_max_freq") > ladder.khz(0));
    return boosts ? ladder.withTurboTop() : ladder;
  }

  int highestKhz(int minKhz, int maxKhz) {
    int baseKhz = number(directory + "base_frequency");
    if (baseKhz > 0 && baseKhz <= maxKhz) {
      return baseKhz;
    }
    return switch (driver) {
      case "intel_pstate", "intel_cpufreq" -> ofTurboShare(minKhz, maxKhz);
      case "amd-pstate", "amd-pstate-epp" ->
          nominalKhz(maxKhz, number(directory + "amd_pstate_max_freq"), amdHighestPerf());
      case "cppc_cpufreq" -> {
        // Without boost the hardware's limit is the nominal frequency itself.
        int boostedKhz = number("cpufreq/boost") == 1 ? maxKhz : 0;
        yield nominalKhz(maxKhz, boostedKhz, number(cppc("highest_perf")));
      }
      default -> maxKhz;
    };
  }

  /** Of {@code num_pstates} states 100 MHz apart, {@code turbo_pct} percent are turbo. */
  private int ofTurboShare(int minKhz, int maxKhz) {
    int turboPercent = number("intel_pstate/turbo_pct");
    int states = number("intel_pstate/num_pstates");
    if (turboPercent <= 0 || turboPercent > 100 || states <= 0) {
      return maxKhz;
    }
    long nonTurboStates = Math.ceilDiv((100L - turboPercent) * states, 100);
    return Math.clamp(minKhz + (nonTurboStates - 1) * STEP_KHZ, minKhz, maxKhz);
  }

  /** What the firmware calls nominal: in MHz, or else by the ratio of the abstract perf numbers. */
  private int nominalKhz(int maxKhz, int highestKhz, int highestPerf) {
    long khz = (long) number(cppc("nominal_freq")) * KHZ_PER_MHZ;
    int nominalPerf = number(cppc("nominal_perf"));
    if (khz == 0 && highestPerf > 0 && nominalPerf > 0) {
      khz = (long) highestKhz * nominalPerf / highestPerf;
    }
    return khz == 0 ? maxKhz : (int) Math.min(khz, maxKhz);
  }

  private int amdHighestPerf() {
    return number(directory + "amd_pstate_highest_perf");
  }

  private String cppc(String name) {
    return "cpu" + (cpus.isEmpty() ? 0 : cpus.get(0)) + "/acpi_cppc/" + name;
  }

  private int number(String path) {
    return number(sysfs, path);
  }

  /** 0 where there is no such file, or no such number in it. */
  private static int number(Sysfs sysfs, String path) {
    if (!sysfs.exists(path)) {
      return 0; // asked by each sweep, and a refused read is dear
    }
    try {
      return Math.max(Integer.parseInt(sysfs.read(path)), 0);
    } catch (SysfsException | NumberFormatException notTold) {
      return 0;
    }
  }
}
