package dev.vmpower.machine.cpufreq;

import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.sysfs.Sysfs;
import dev.vmpower.machine.sysfs.SysfsException;
import java.util.Arrays;

/**
 * By what a sweep finds out that frequency domains must be read anew: which there are, each with
 * its driver and what its ladder was made of. Cheap, for it is done every few seconds for years.
 *
 * <p>On a large host a sweep looks at a part of them, and at all of them in {@link #SWEEPS_MAX}
 * sweeps: a driver that comes or goes shows at each of them, and one that comes or goes alone shows
 * in the list of all.
 *
 * <p>Not thread-safe.
 */
public final class DomainsLook {
  /** After so many sweeps each frequency domain was looked at. */
  static final int SWEEPS_MAX = 4;

  /** So many are looked at in each sweep, where there are as many. */
  static final int AT_ONCE_MIN = 16;

  private static final long FACTOR = 0x9e3779b97f4a7c15L; // odd, of bits that look random

  private final boolean policies;
  private final int[] numbers;
  private final long[] looks;
  private int next;

  private DomainsLook(boolean policies, int[] numbers, long[] looks) {
    this.policies = policies;
    this.numbers = numbers;
    this.looks = looks;
  }

  /** Looks at all of them. */
  public static DomainsLook of(Sysfs sysfs, CpuSet present) {
    int[] numbers = FrequencyDomains.policyNumbers(sysfs);
    boolean policies = numbers.length > 0;
    if (!policies) {
      numbers = FrequencyDomains.cpusWithCpufreq(sysfs, present);
    }
    long[] looks = new long[numbers.length];
    for (int i = 0; i < looks.length; i++) {
      looks[i] = look(sysfs, policies, numbers[i]);
    }
    return new DomainsLook(policies, numbers, looks);
  }

  /** Whether all is as it was, as far as this sweep looks. */
  public boolean isSame(Sysfs sysfs, CpuSet present) {
    int[] now = FrequencyDomains.policyNumbers(sysfs);
    if (now.length == 0) {
      now = FrequencyDomains.cpusWithCpufreq(sysfs, present);
    } else if (!policies) {
      return false;
    }
    if (!Arrays.equals(now, numbers)) {
      return false;
    }
    int count = Math.max(AT_ONCE_MIN, Math.ceilDiv(numbers.length, SWEEPS_MAX));
    for (int i = 0; i < Math.min(count, numbers.length); i++) {
      next = (next + 1) % numbers.length;
      if (look(sysfs, policies, numbers[next]) != looks[next]) {
        return false;
      }
    }
    return true;
  }

  private static long look(Sysfs sysfs, boolean policies, int number) {
    String directory = FrequencyDomains.directory(policies, number);
    try {
      String driver = FrequencyDomains.ifThere(sysfs, directory + "scaling_driver");
      NonTurbo.Facts facts = NonTurbo.Facts.read(sysfs, directory);
      return FACTOR * (FACTOR * (driver.hashCode() + 1L) + facts.maxKhz()) + facts.baseKhz();
    } catch (SysfsException offline) {
      return 0; // it is not read either
    }
  }
}
