package dev.vmpower.machine.cpufreq;

import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.sysfs.Attribute;
import dev.vmpower.machine.sysfs.Errno;
import dev.vmpower.machine.sysfs.Sysfs;
import dev.vmpower.machine.sysfs.SysfsException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The pCPUs that share one clock, and the only writer of their frequency.
 *
 * <p>The kernel shows a frequency domain as {@code cpufreq/policyN}. It calls it a policy; we do
 * not, because a policy here is what a guest or an operator asks for.
 *
 * <p>It is steered by the governor {@code userspace} and {@code scaling_setspeed}. Between {@link
 * #takeOver} and {@link #giveBack} the files that a request needs are kept open.
 *
 * <p>Not thread-safe: the monitor thread owns every instance.
 *
 * <p>Source: Linux {@code Documentation/admin-guide/pm/cpufreq.rst}.
 */
public final class FrequencyDomain implements AutoCloseable {
  /** The governor that lets a program set the speed. */
  public static final String USERSPACE = "userspace";

  // They know the governors performance and powersave only, and no set-speed.
  private static final Set<String> WITHOUT_SETSPEED = Set.of("intel_pstate", "amd-pstate-epp");

  private final Sysfs sysfs;
  private final String directory;
  private final int number;
  private final CpuSet cpus;
  private final Ladder ladder;
  private final String driver;
  private final int baseKhz;

  private @Nullable Attribute governor;
  private @Nullable Attribute setspeed;
  private @Nullable Attribute minLimit;
  private @Nullable Attribute maxLimit;
  private @Nullable Attribute current;

  FrequencyDomain(
      Sysfs sysfs,
      String directory,
      int number,
      CpuSet cpus,
      Ladder ladder,
      String driver,
      int baseKhz) {
    this.sysfs = sysfs;
    this.directory = directory;
    this.number = number;
    this.cpus = cpus;
    this.ladder = ladder;
    this.driver = driver;
    this.baseKhz = baseKhz;
  }

  /** N of {@code policyN}. */
  public int number() {
    return number;
  }

  /** All its pCPUs, online or not ({@code related_cpus}). */
  public CpuSet cpus() {
    return cpus;
  }

  public Ladder ladder() {
    return ladder;
  }

  /** {@code scaling_driver}; empty where the tree does not say. */
  public String driver() {
    return driver;
  }

  /** What changes when this becomes another frequency domain: its number and its driver. */
  public String look() {
    return number + " " + driver;
  }

  /** {@code base_frequency} in kHz; 0 where the driver has none. */
  public int baseKhz() {
    return baseKhz;
  }

  /** Whether this driver can be steered at all. */
  public boolean canBeSteered() {
    return !WITHOUT_SETSPEED.contains(driver) && sysfs.exists(directory + "scaling_setspeed");
  }

  /**
   * Reads what {@link #takeOver} and {@link #steer} will change, and the limits.
   *
   * @throws SysfsException if one of the files cannot be read
   */
  public Original readOriginal() throws SysfsException {
    return new Original(
        number,
        driver,
        sysfs.read(directory + "scaling_governor"),
        sysfs.read(directory + "scaling_setspeed"),
        FrequencyDomains.readKhz(sysfs, directory + "scaling_min_freq"),
        FrequencyDomains.readKhz(sysfs, directory + "scaling_max_freq"));
  }

  /**
   * Makes this frequency domain ours: governor {@code userspace}. Its original must have been saved
   * before. Also takes back one whose governor somebody else changed.
   *
   * @throws SysfsException if the kernel refused, and the governor is as it was; or if the governor
   *     cannot be read back, so keep the original until it is given back
   */
  public void takeOver() throws SysfsException {
    boolean kept = governor != null;
    try {
      if (governor == null) {
        governor = sysfs.open(directory + "scaling_governor", false);
        setspeed = sysfs.open(directory + "scaling_setspeed", true);
        minLimit = sysfs.open(directory + "scaling_min_freq", false);
        maxLimit = sysfs.open(directory + "scaling_max_freq", false);
      }
      if (!governor.reads(USERSPACE)) {
        sysfs.write(directory + "scaling_governor", USERSPACE);
        if (!governor.reads(USERSPACE)) {
          throw new SysfsException(directory + "scaling_governor", "did not become userspace");
        }
      }
    } catch (SysfsException refused) {
      // Kept files work again when an offline pCPU returns, but not when a driver does.
      if (!kept || refused.errno() == Errno.ENODEV) {
        close();
      }
      throw refused;
    }
  }

  /** Whether the governor is still the one that {@link #takeOver} set. */
  public boolean governorIsUserspace() throws SysfsException {
    return open(governor).reads(USERSPACE);
  }

  /** The present {@code scaling_min_freq} in kHz. */
  public int minKhz() throws SysfsException {
    return open(minLimit).readNumber();
  }

  /** The present {@code scaling_max_freq} in kHz. */
  public int maxKhz() throws SysfsException {
    return open(maxLimit).readNumber();
  }

  /** Writes both limits, in the order that never crosses them. */
  public void writeLimits(int minKhz, int maxKhz) throws SysfsException {
    boolean raise = maxKhz > maxKhz();
    if (raise) {
      sysfs.write(directory + "scaling_max_freq", Integer.toString(maxKhz));
    }
    sysfs.write(directory + "scaling_min_freq", Integer.toString(minKhz));
    if (!raise) {
      sysfs.write(directory + "scaling_max_freq", Integer.toString(maxKhz));
    }
  }

  /**
   * Asks for a level of the ladder and returns what the kernel kept, in kHz: another number where a
   * limit clipped it or the driver failed silently.
   *
   * @throws SysfsException if the kernel refused
   */
  public int steer(int khz) throws SysfsException {
    Attribute speed = open(setspeed);
    speed.writeNumber(khz);
    return sysfs.isKernel() ? speed.readNumber() : khz;
  }

  /**
   * The frequency now, in kHz: a measurement on most hosts, so never compare it for equality. 0
   * where the kernel does not say.
   */
  public int currentKhz() {
    try {
      if (current == null) {
        current = sysfs.open(directory + "scaling_cur_freq", false);
      }
      return Math.max(current.readNumber(), 0);
    } catch (SysfsException offlineOrGone) {
      if (offlineOrGone.errno() == Errno.ENODEV) {
        close(current);
        current = null;
      }
      return 0;
    }
  }

  /**
   * Gives the frequency domain back as it was found: the governor, then its set-speed.
   *
   * @throws SysfsException if the kernel refused; what was written stays, and calling again is safe
   */
  public void giveBack(Original original) throws SysfsException {
    sysfs.write(directory + "scaling_governor", original.governor());
    // The kernel forgets the set-speed of another governor by itself; a plain directory does not.
    boolean speedWasSet =
        original.governor().equals(USERSPACE) && original.setspeed().matches("[0-9]+");
    if (speedWasSet || !sysfs.isKernel()) {
      sysfs.write(directory + "scaling_setspeed", original.setspeed());
    }
    close();
  }

  /** The governor as the kernel tells it now, also while this frequency domain is not ours. */
  public String readGovernor() throws SysfsException {
    return sysfs.read(directory + "scaling_governor");
  }

  /** Closes what is kept open and changes nothing. */
  @Override
  public void close() {
    close(governor);
    close(setspeed);
    close(minLimit);
    close(maxLimit);
    close(current);
    governor = null;
    setspeed = null;
    minLimit = null;
    maxLimit = null;
    current = null;
  }

  private static void close(@Nullable Attribute attribute) {
    if (attribute != null) {
      attribute.close();
    }
  }

  private Attribute open(@Nullable Attribute attribute) throws SysfsException {
    if (attribute == null) {
      throw new SysfsException(directory, Errno.ENODEV);
    }
    return attribute;
  }

  @Override
  public String toString() {
    return "policy" + number;
  }
}
