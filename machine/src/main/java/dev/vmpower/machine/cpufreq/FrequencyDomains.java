package dev.vmpower.machine.cpufreq;

import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.sysfs.Errno;
import dev.vmpower.machine.sysfs.Sysfs;
import dev.vmpower.machine.sysfs.SysfsException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;

/** Finds the frequency domains of a host. */
public final class FrequencyDomains {
  /** The most that one host may have; more are not looked at. */
  public static final int DOMAINS_MAX = CpuSet.CPUS_MAX;

  private FrequencyDomains() {}

  /**
   * Reads {@code cpufreq/policyN}, or {@code cpuN/cpufreq} where a tree has only that. None where
   * the host has no cpufreq.
   *
   * @param problems gets one line for each frequency domain that cannot be read, which is left out
   */
  public static List<FrequencyDomain> read(Sysfs sysfs, CpuSet present, Consumer<String> problems) {
    List<FrequencyDomain> domains = new ArrayList<>();
    CpuSet covered = CpuSet.of();
    for (int number : policyNumbers(sysfs)) {
      covered = add(sysfs, "cpufreq/policy" + number + "/", number, covered, domains, problems);
    }
    for (int cpu : present.without(covered).stream().toArray()) {
      String directory = "cpu" + cpu + "/cpufreq/";
      if (!covered.contains(cpu) && sysfs.exists(directory + "scaling_governor")) {
        covered = add(sysfs, directory, cpu, covered, domains, problems);
      }
    }
    domains.sort(Comparator.comparingInt(FrequencyDomain::number));
    return domains;
  }

  /**
   * The {@link FrequencyDomain#look} of each frequency domain there is now, cheap enough for a
   * sweep: whoever sees another answer reads them anew.
   */
  public static List<String> look(Sysfs sysfs, CpuSet present) {
    List<String> looks = new ArrayList<>();
    List<Integer> numbers = policyNumbers(sysfs);
    for (int number : numbers) {
      look(sysfs, "cpufreq/policy" + number + "/", number, looks);
    }
    if (numbers.isEmpty()) {
      present.forEach(
          cpu -> {
            String directory = "cpu" + cpu + "/cpufreq/";
            if (sysfs.exists(directory + "scaling_governor")) {
              look(sysfs, directory, cpu, looks);
            }
          });
    }
    return looks;
  }

  private static void look(Sysfs sysfs, String directory, int number, List<String> looks) {
    try {
      String driver = ifThere(sysfs, directory + "scaling_driver");
      looks.add(number + " " + driver + " " + NonTurbo.Facts.read(sysfs, directory));
    } catch (SysfsException offline) {
      // It is not read either.
    }
  }

  private static CpuSet add(
      Sysfs sysfs,
      String directory,
      int number,
      CpuSet covered,
      List<FrequencyDomain> domains,
      Consumer<String> problems) {
    try {
      FrequencyDomain domain = readOne(sysfs, directory, number);
      if (domain.cpus().isEmpty() || domain.cpus().intersects(covered)) {
        throw new SysfsException(directory + "related_cpus", "are another's, or none");
      }
      domains.add(domain);
      return covered.union(domain.cpus());
    } catch (SysfsException | IllegalArgumentException problem) {
      problems.accept(directory + " is left alone: " + problem.getMessage());
      return covered;
    }
  }

  private static List<Integer> policyNumbers(Sysfs sysfs) {
    return sysfs.list("cpufreq").stream()
        .filter(name -> name.matches("policy(0|[1-9][0-9]{0,3})"))
        .map(name -> Integer.parseInt(name.substring("policy".length())))
        .sorted()
        .limit(DOMAINS_MAX)
        .toList();
  }

  private static FrequencyDomain readOne(Sysfs sysfs, String directory, int number)
      throws SysfsException {
    String text = ifThere(sysfs, directory + "related_cpus");
    if (text.isEmpty()) {
      text = ifThere(sysfs, directory + "affected_cpus");
    }
    CpuSet cpus = text.isEmpty() ? CpuSet.of(number) : CpuSet.parse(text);
    String driver = ifThere(sysfs, directory + "scaling_driver");
    NonTurbo nonTurbo = new NonTurbo(sysfs, directory, driver, cpus);
    return new FrequencyDomain(
        sysfs,
        directory,
        number,
        cpus,
        readLadder(sysfs, directory, nonTurbo),
        driver,
        NonTurbo.Facts.read(sysfs, directory));
  }

  private static Ladder readLadder(Sysfs sysfs, String directory, NonTurbo nonTurbo)
      throws SysfsException {
    String table = ifThere(sysfs, directory + NonTurbo.TABLE);
    if (!table.isEmpty()) {
      return nonTurbo.ofTable(table);
    }
    int minKhz = readKhz(sysfs, directory + "cpuinfo_min_freq");
    int maxKhz = readKhz(sysfs, directory + "cpuinfo_max_freq");
    return Ladder.ofRange(minKhz, maxKhz, nonTurbo.highestKhz(minKhz, maxKhz));
  }

  static int readKhz(Sysfs sysfs, String path) throws SysfsException {
    String text = sysfs.read(path);
    try {
      return Integer.parseInt(text);
    } catch (NumberFormatException notNumber) {
      throw new SysfsException(path, "'" + text + "' is no frequency in kHz");
    }
  }

  /** Empty only where there is no such file: what cannot be read now is not for guesses. */
  private static String ifThere(Sysfs sysfs, String path) throws SysfsException {
    try {
      return sysfs.read(path);
    } catch (SysfsException refused) {
      if (refused.errno() == Errno.ENOENT) {
        return "";
      }
      throw refused;
    }
  }

  /** Empty where it cannot be read. */
  static String optional(Sysfs sysfs, String path) {
    try {
      return sysfs.read(path);
    } catch (SysfsException notThere) {
      return "";
    }
  }

  /**
   * Whether the host as a whole has turbo switched off; where it has no such switch, it has not.
   */
  public static boolean turboIsOff(Sysfs sysfs) {
    return boostIsOff(sysfs) || optional(sysfs, "intel_pstate/no_turbo").equals("1");
  }

  static boolean boostIsOff(Sysfs sysfs) {
    return optional(sysfs, "cpufreq/boost").equals("0");
  }
}
