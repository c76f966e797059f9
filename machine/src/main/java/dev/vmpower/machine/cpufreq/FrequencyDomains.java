package dev.vmpower.machine.cpufreq;

import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.sysfs.Errno;
import dev.vmpower.machine.sysfs.Sysfs;
import dev.vmpower.machine.sysfs.SysfsException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;

/** Finds the frequency domains of a host. */
public final class FrequencyDomains {
  /** The most that one host may have; more are not looked at. */
  public static final int DOMAINS_MAX = CpuSet.CPUS_MAX;

  private static final String POLICY = "policy";
  private static final int NUMBER_DIGITS_MAX = 4;

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
      covered = add(sysfs, directory(true, number), number, covered, domains, problems);
    }
    for (int cpu : cpusWithCpufreq(sysfs, present.without(covered))) {
      if (!covered.contains(cpu)) {
        covered = add(sysfs, directory(false, cpu), cpu, covered, domains, problems);
      }
    }
    domains.sort(Comparator.comparingInt(FrequencyDomain::number));
    return domains;
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

  /** Where a frequency domain is, with a slash at its end. */
  static String directory(boolean isPolicy, int number) {
    return isPolicy ? "cpufreq/" + POLICY + number + "/" : "cpu" + number + "/cpufreq/";
  }

  /** Which of {@code cpus} have a cpufreq of their own. */
  static int[] cpusWithCpufreq(Sysfs sysfs, CpuSet cpus) {
    int[] found = new int[cpus.size()];
    int count = 0;
    for (int i = 0; i < cpus.size(); i++) {
      if (sysfs.exists(directory(false, cpus.get(i)) + "scaling_governor")) {
        found[count++] = cpus.get(i);
      }
    }
    return Arrays.copyOf(found, count);
  }

  // Ascending. Without regular expressions and streams, for each sweep asks.
  static int[] policyNumbers(Sysfs sysfs) {
    List<String> names = sysfs.list("cpufreq");
    int[] numbers = new int[names.size()];
    int count = 0;
    for (int i = 0; i < numbers.length; i++) {
      int number = policyNumber(names.get(i));
      if (number >= 0) {
        numbers[count++] = number;
      }
    }
    Arrays.sort(numbers, 0, count);
    return Arrays.copyOf(numbers, Math.min(count, DOMAINS_MAX));
  }

  /** N of {@code policyN}, as the kernel writes it; -1 if that is not the name. */
  private static int policyNumber(String name) {
    int digits = name.length() - POLICY.length();
    if (!name.startsWith(POLICY) || digits < 1 || digits > NUMBER_DIGITS_MAX) {
      return -1;
    }
    int number = 0;
    for (int i = POLICY.length(); i < name.length(); i++) {
      int digit = name.charAt(i) - '0';
      if (digit < 0 || digit > 9) {
        return -1;
      }
      number = 10 * number + digit;
    }
    boolean padded = digits > 1 && name.charAt(POLICY.length()) == '0';
    return padded ? -1 : number;
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
  static String ifThere(Sysfs sysfs, String path) throws SysfsException {
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
