package dev.vmpower.machine.cpufreq;

import dev.vmpower.machine.sysfs.Attribute;
import dev.vmpower.machine.sysfs.Sysfs;
import dev.vmpower.machine.sysfs.SysfsException;

/**
 * The two limits of one frequency domain, kept open: what was asked of them, and what they were
 * when last looked at. From both follows who changed them.
 *
 * <p>A limit that is steered was asked for by us; the other one by whoever set it before.
 *
 * <p>Not thread-safe: the monitor thread owns it.
 */
final class Limits implements AutoCloseable {
  /** Nothing is known of this limit yet. */
  private static final int UNKNOWN = -1;

  private static final String MIN = "scaling_min_freq";
  private static final String MAX = "scaling_max_freq";

  /** The kernel reads it back as the hardware's own limit, whatever that is at the time. */
  private static final int NO_LIMIT_KHZ = Integer.MAX_VALUE;

  private final Sysfs sysfs;
  private final String directory;
  private final Steering steering;
  private final Attribute min;
  private final Attribute max;

  private KernelClips clips;
  private int askedMinKhz = UNKNOWN;
  private int askedMaxKhz = UNKNOWN;
  private int seenMinKhz = UNKNOWN;
  private int seenMaxKhz = UNKNOWN;

  Limits(Sysfs sysfs, String directory, Steering steering, KernelClips clips)
      throws SysfsException {
    this.sysfs = sysfs;
    this.directory = directory;
    this.steering = steering;
    this.clips = clips;
    this.min = sysfs.open(directory + MIN, steering.minIsSteered());
    this.max = sysfs.open(directory + MAX, steering.maxIsSteered());
  }

  /** Tells from now on by {@code clips} what the kernel does by itself. */
  void judgeBy(KernelClips clips) {
    this.clips = clips;
  }

  /** Expects the limits of {@code original}, but nothing of those that are steered. */
  void expect(Original original) {
    askedMinKhz = steering.minIsSteered() ? UNKNOWN : original.minKhz();
    askedMaxKhz = steering.maxIsSteered() ? UNKNOWN : original.highestKhz();
    seenMinKhz = askedMinKhz;
    seenMaxKhz = steering.maxIsSteered() ? UNKNOWN : original.maxKhz();
  }

  int minKhz() throws SysfsException {
    return min.readNumber();
  }

  int maxKhz() throws SysfsException {
    return max.readNumber();
  }

  /** Asks for {@code khz} in what is steered. It is in force when the governor is rewritten. */
  void steer(int khz) throws SysfsException {
    int beforeKhz = seenMaxKhz == UNKNOWN ? maxKhz() : seenMaxKhz;
    seenMinKhz = UNKNOWN;
    seenMaxKhz = UNKNOWN;
    if (khz > beforeKhz) {
      steerMax(khz);
      steerMin(khz);
    } else {
      steerMin(khz);
      steerMax(khz);
    }
  }

  private void steerMin(int khz) throws SysfsException {
    if (steering.minIsSteered()) {
      askedMinKhz = khz;
      min.writeNumber(khz);
    }
  }

  private void steerMax(int khz) throws SysfsException {
    askedMaxKhz = khz;
    max.writeNumber(khz);
  }

  /** What the kernel made of {@code khz}, which was steered to and is in force. */
  int readBack(int khz) throws SysfsException {
    seenMinKhz = minKhz();
    seenMaxKhz = maxKhz();
    if (seenMaxKhz != khz) {
      return seenMaxKhz;
    }
    return steering.minIsSteered() ? seenMinKhz : khz;
  }

  /** What these limits leave of {@code khz}, as they were seen. */
  int clip(int khz) {
    int clippedKhz = seenMinKhz == UNKNOWN ? khz : Math.max(khz, seenMinKhz);
    return seenMaxKhz == UNKNOWN ? clippedKhz : Math.min(clippedKhz, seenMaxKhz);
  }

  /** Whether both are as they were when last looked at. */
  boolean areAsSeen() throws SysfsException {
    return (seenMinKhz == UNKNOWN || seenMinKhz == minKhz())
        && (seenMaxKhz == UNKNOWN || seenMaxKhz == maxKhz());
  }

  /** Whether another program asked for another lower limit. */
  boolean minIsAnothers() throws SysfsException {
    // The kernel never lets it be above the upper one.
    return askedMinKhz != UNKNOWN && minKhz() != Math.min(askedMinKhz, maxKhz());
  }

  /** Whether another program asked for another upper limit. */
  boolean maxIsAnothers() throws SysfsException {
    return askedMaxKhz != UNKNOWN && !clips.explain(askedMaxKhz, maxKhz());
  }

  /** Takes the limits as they are now for seen, where only the kernel itself changed them. */
  void see() throws SysfsException {
    seenMinKhz = minKhz();
    seenMaxKhz = maxKhz();
  }

  /** {@code original} with what others asked for since. */
  Original adopt(Original original) throws SysfsException {
    boolean minIsNew = minIsAnothers();
    boolean maxIsNew = maxIsAnothers();
    int newMaxKhz = maxKhz();
    return original.withLimits(
        minIsNew ? minKhz() : original.minKhz(),
        maxIsNew ? newMaxKhz : original.maxKhz(),
        maxIsNew ? !clips.explain(NO_LIMIT_KHZ, newMaxKhz) : original.capped());
  }

  /** Writes back those that are not steered and that another program changed. */
  void reassert(Original original) throws SysfsException {
    boolean minIsWrong = !steering.minIsSteered() && minIsAnothers();
    boolean maxIsWrong = !steering.maxIsSteered() && maxIsAnothers();
    write(sysfs, directory, original, minIsWrong, maxIsWrong);
  }

  /**
   * Writes the limits of {@code original}, or one of them, in the order in which they never cross.
   */
  static void write(
      Sysfs sysfs, String directory, Original original, boolean withMin, boolean withMax)
      throws SysfsException {
    int maxKhz = sysfs.isKernel() && !original.capped() ? NO_LIMIT_KHZ : original.maxKhz();
    boolean raise = withMax && maxKhz > FrequencyDomains.readKhz(sysfs, directory + MAX);
    if (raise) {
      sysfs.write(directory + MAX, Integer.toString(maxKhz));
    }
    if (withMin) {
      sysfs.write(directory + MIN, Integer.toString(original.minKhz()));
    }
    if (withMax && !raise) {
      sysfs.write(directory + MAX, Integer.toString(maxKhz));
    }
  }

  @Override
  public void close() {
    min.close();
    max.close();
  }
}
