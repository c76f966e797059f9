package dev.vmpower.machine.cpufreq;

import dev.vmpower.machine.sysfs.Attribute;
import dev.vmpower.machine.sysfs.Sysfs;
import dev.vmpower.machine.sysfs.SysfsException;

/**
 * The set-speed of one frequency domain, kept open, and what was last asked of it: another number
 * there is another program's.
 *
 * <p>Not thread-safe: the monitor thread owns it.
 */
final class Speed implements AutoCloseable {
  /** Nothing was asked that could still be there. */
  private static final int UNKNOWN = -1;

  private final Attribute setspeed;
  private final boolean kernel;
  private int askedKhz = UNKNOWN;

  Speed(Sysfs sysfs, String directory) throws SysfsException {
    this.setspeed = sysfs.open(directory + "scaling_setspeed", true);
    this.kernel = sysfs.isKernel();
  }

  /** Asks for {@code khz} and returns what the kernel kept of it. */
  int steer(int khz, Limits limits) throws SysfsException {
    askedKhz = UNKNOWN;
    setspeed.writeNumber(khz);
    // Some kernels read what was asked for, also where a limit clips it.
    int keptKhz = kernel ? limits.clip(setspeed.readNumber()) : khz;
    if (keptKhz == khz) {
      askedKhz = khz;
    }
    return keptKhz;
  }

  /** The set-speed that another program asked for, in kHz; 0 where it is as it was asked for. */
  int anothersKhz(Limits limits) throws SysfsException {
    if (askedKhz == UNKNOWN) {
      return 0;
    }
    int khz = setspeed.readNumber();
    boolean ours = khz == askedKhz || khz == Attribute.NOT_A_NUMBER;
    // Where a limit clips it, most kernels read what is left.
    return ours || (kernel && khz == limits.clip(askedKhz)) ? 0 : khz;
  }

  /** Expects nothing of what was asked for: the kernel has forgotten it. */
  void forget() {
    askedKhz = UNKNOWN;
  }

  @Override
  public void close() {
    setspeed.close();
  }
}
