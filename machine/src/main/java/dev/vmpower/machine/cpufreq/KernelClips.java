package dev.vmpower.machine.cpufreq;

import dev.vmpower.machine.sysfs.Sysfs;
import dev.vmpower.machine.sysfs.SysfsException;

/**
 * What makes {@code scaling_max_freq} read less than was asked for, although no other program asked
 * for less: the hardware's own limit, the firmware's, or turbo switched off for the host.
 */
record KernelClips(Sysfs sysfs, String directory, Ladder ladder) {

  /** Whether these alone could make {@code nowKhz} of {@code askedKhz}. */
  boolean explain(int askedKhz, int nowKhz) {
    return nowKhz == Math.min(askedKhz, ladder.khz(0))
        || nowKhz == Math.min(askedKhz, number(directory + "cpuinfo_max_freq"))
        || nowKhz == Math.min(askedKhz, number(directory + "bios_limit"))
        || (nowKhz == Math.min(askedKhz, ladder.khz(ladder.nonTurboIndex()))
            && number("intel_pstate/no_turbo") == 1);
  }

  /** No limit where there is no such file, or no such number in it. */
  private int number(String path) {
    try {
      return Integer.parseInt(sysfs.read(path));
    } catch (SysfsException | NumberFormatException notTold) {
      return Integer.MAX_VALUE;
    }
  }
}
