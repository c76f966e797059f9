package dev.vmpower.machine.cpufreq;

import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.sysfs.Attribute;
import dev.vmpower.machine.sysfs.Errno;
import dev.vmpower.machine.sysfs.Sysfs;
import dev.vmpower.machine.sysfs.SysfsException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The pCPUs that share one clock, and the only writer of their frequency.
 *
 * <p>The kernel shows a frequency domain as {@code cpufreq/policyN}. It calls it a policy; we do
 * not, because a policy here is what a guest or an operator asks for.
 *
 * <p>How it is steered is its {@link Steering}. Between {@link #takeOver} and {@link #giveBack} the
 * files that a request needs are kept open.
 *
 * <p>Limits take effect after their write has returned: a kernel worker applies them. Whoever
 * writes the present governor once more finds them in force, so that follows each write of a limit.
 *
 * <p>Not thread-safe: the monitor thread owns every instance.
 *
 * <p>Source: Linux {@code Documentation/admin-guide/pm/cpufreq.rst}.
 */
public final class FrequencyDomain implements AutoCloseable {
  private static final String VERIFIED_DRIVER = "acpi-cpufreq";

  private final Sysfs sysfs;
  private final String directory;
  private final int number;
  private final CpuSet cpus;
  private final Ladder ladder;
  private final String driver;
  private final Steering steering;
  private final NonTurbo.Facts facts;
  private final KernelClips clips;

  private @Nullable Attribute governor;
  private @Nullable Speed speed;
  private @Nullable Attribute boost;
  private @Nullable Limits limits;
  private @Nullable Attribute current;
  private boolean boostOn;

  FrequencyDomain(
      Sysfs sysfs,
      String directory,
      int number,
      CpuSet cpus,
      Ladder ladder,
      String driver,
      NonTurbo.Facts facts) {
    this.sysfs = sysfs;
    this.directory = directory;
    this.number = number;
    this.cpus = cpus;
    this.ladder = ladder;
    this.driver = driver;
    this.steering = Steering.of(driver, name -> sysfs.exists(directory + name));
    this.facts = facts;
    this.clips = new KernelClips(sysfs, directory, ladder);
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

  /** {@code base_frequency} in kHz; 0 where the driver has none. */
  public int baseKhz() {
    return facts.baseKhz();
  }

  public Steering steering() {
    return steering;
  }

  /** Whether the kernel may send nothing for a write that equals what it only guesses. */
  public boolean isGuessedAt() {
    return steering == Steering.SETSPEED && sysfs.isKernel();
  }

  /** Whether this driver can be steered at all. */
  public boolean canBeSteered() {
    return steering != Steering.NONE;
  }

  /** Whether steering it so was seen on a kernel, rather than read in its source. */
  public boolean isVerified() {
    return driver.equals(VERIFIED_DRIVER) && ladder.turboIsMarked();
  }

  /**
   * Reads what {@link #takeOver} and {@link #steer} will change, and the limits.
   *
   * @throws SysfsException if one of the files cannot be read
   */
  public Original readOriginal() throws SysfsException {
    int maxKhz = FrequencyDomains.readKhz(sysfs, directory + "scaling_max_freq");
    return new Original(
        number,
        driver,
        steering,
        readGovernor(),
        steering == Steering.SETSPEED ? sysfs.read(directory + "scaling_setspeed") : "",
        FrequencyDomains.readKhz(sysfs, directory + "scaling_min_freq"),
        maxKhz,
        !clips.explain(Integer.MAX_VALUE, maxKhz),
        steering == Steering.POWERSAVE_LIMITS ? GivingBack.readEpp(sysfs, directory) : "",
        ladder.topIsSwitched() ? sysfs.read(directory + "boost") : "");
  }

  /**
   * Makes this frequency domain ours: its governor is the one it is steered under. Its original
   * must have been saved before. What differs from {@code found} afterwards, another changed.
   *
   * @throws SysfsException if the kernel refused, and the governor is as it was; or if the governor
   *     cannot be read back, so keep the original until it is given back
   */
  public void takeOver(Original found) throws SysfsException {
    boolean kept = governor != null;
    try {
      if (!kept) {
        open(found);
      }
      takeGovernor();
    } catch (SysfsException refused) {
      // Kept files work again when an offline pCPU returns, but not when a driver does.
      if (!kept || refused.errno() == Errno.ENODEV) {
        close();
      }
      throw refused;
    }
  }

  /**
   * Goes on from {@code before}, the same frequency domain as it was read earlier: what that kept
   * open, and what it knew of others' changes. It is closed then.
   */
  public void inherit(FrequencyDomain before) {
    close();
    governor = before.governor;
    speed = before.speed;
    boost = before.boost;
    boostOn = before.boostOn;
    limits = before.limits;
    current = before.current;
    if (limits != null) {
      limits.judgeBy(clips);
    }
    before.forgetKept();
  }

  private void open(Original found) throws SysfsException {
    governor = sysfs.open(directory + "scaling_governor", steering.maxIsSteered());
    if (steering == Steering.SETSPEED) {
      speed = new Speed(sysfs, directory);
    }
    if (ladder.topIsSwitched()) {
      boost = sysfs.open(directory + "boost", true);
      boostOn = boost.reads("1");
    }
    limits = new Limits(sysfs, directory, steering, clips);
    limits.expect(found);
  }

  private void takeGovernor() throws SysfsException {
    String ours = steering.governor();
    if (ours == null || there(governor).reads(ours)) {
      return;
    }
    sysfs.write(directory + "scaling_governor", ours);
    if (!there(governor).reads(ours)) {
      throw new SysfsException(directory + "scaling_governor", "did not become " + ours);
    }
  }

  /** Whether all is as it was left, or last seen. Allocates nothing. */
  public boolean isUntouched() throws SysfsException {
    return hasOurGovernor() && hasOurBoost() && there(limits).areAsSeen() && anothersKhz() == 0;
  }

  /**
   * What another program changed, in words; empty where nobody did, or only the kernel itself: then
   * that is how it is from now on.
   */
  public String changes() throws SysfsException {
    if (!hasOurGovernor()) {
      forgetSpeed(); // as the kernel does
      return "governor is " + readGovernor();
    }
    if (boost != null && !hasOurBoost()) {
      if (boostOn) {
        return "boost was switched off";
      }
      boostOn = true; // the host's switch went off and on, which does that everywhere
    }
    if (there(limits).minIsAnothers() || there(limits).maxIsAnothers()) {
      return "limits were changed";
    }
    there(limits).see();
    int khz = anothersKhz();
    return khz == 0 ? "" : "speed was set to " + khz;
  }

  private int anothersKhz() throws SysfsException {
    return speed == null ? 0 : speed.anothersKhz(there(limits));
  }

  /** The kernel may have forgotten the speed that was asked for: another one is no conflict. */
  public void forgetSpeed() {
    if (speed != null) {
      speed.forget();
    }
  }

  /** Changes when one of its pCPUs goes offline or comes back, however short it is away. */
  public long generation() {
    long all = 0;
    for (int i = 0; i < cpus.size(); i++) {
      all = 31 * all + sysfs.identity("cpu" + cpus.get(i) + "/topology");
    }
    return all;
  }

  private boolean hasOurGovernor() throws SysfsException {
    String ours = steering.governor();
    return ours == null || there(governor).reads(ours);
  }

  private boolean hasOurBoost() throws SysfsException {
    return boost == null || boost.reads(boostOn ? "1" : "0") || FrequencyDomains.boostIsOff(sysfs);
  }

  /** Makes governor and limits again what they are to be. Steer afterwards. */
  public void reassert(Original found) throws SysfsException {
    forgetSpeed();
    there(limits).reassert(found);
    takeGovernor();
    if (boost != null) {
      boostOn = boost.reads("1");
    }
  }

  /**
   * Makes the governor ours again, and takes the limits that others set for the administrator's.
   * Steer afterwards.
   *
   * @return {@code found} with these limits
   */
  public Original reclaim(Original found) throws SysfsException {
    takeOver(found);
    forgetSpeed();
    Original fresh = there(limits).adopt(found);
    there(limits).expect(fresh);
    if (boost != null) {
      boostOn = boost.reads("1");
    }
    return fresh;
  }

  /** Whether limits that the kernel itself narrowed keep {@code khz} from being reached. */
  public boolean isClipped(int khz) {
    return sysfs.isKernel() && limits != null && limits.clip(khz) != khz;
  }

  /**
   * Asks for a level of the ladder and returns what the kernel kept, in kHz: another number where a
   * limit clipped it or the driver failed silently.
   *
   * @throws SysfsException if the kernel refused
   */
  public int steer(int khz) throws SysfsException {
    if (steering.maxIsSteered()) {
      there(limits).steer(khz);
      there(governor).rewrite();
      return there(limits).readBack(khz);
    }
    return there(speed).steer(khz, there(limits));
  }

  /**
   * Switches turbo at the top level, where it has a switch of its own ({@link
   * Ladder#topIsSwitched}). Elsewhere, and where it is so already, nothing is written.
   *
   * @return whether something was written
   * @throws SysfsException if the kernel refused
   */
  public boolean switchTurbo(boolean on) throws SysfsException {
    // While the host's switch is off the kernel takes none here, and there is no turbo anyway.
    if (boost == null || boostOn == on || FrequencyDomains.boostIsOff(sysfs)) {
      return false;
    }
    boost.writeNumber(on ? 1 : 0);
    boostOn = on;
    return true;
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
   * Gives the frequency domain back as it was found.
   *
   * @param everything also what another program changed meanwhile
   * @return what another program changed, and was left so
   * @throws SysfsException if the kernel refused; what was written stays, and calling again is safe
   */
  public List<String> giveBack(Original original, boolean everything) throws SysfsException {
    boolean speedStays = !everything && limits != null && anothersKhz() != 0;
    List<String> left =
        new GivingBack(sysfs, directory, limits, speedStays, everything).run(original);
    close();
    return left;
  }

  /** The governor as the kernel tells it now, also while this frequency domain is not ours. */
  public String readGovernor() throws SysfsException {
    return sysfs.read(directory + "scaling_governor");
  }

  /** Closes what is kept open and changes nothing. */
  @Override
  public void close() {
    close(governor);
    close(boost);
    close(current);
    if (limits != null) {
      limits.close();
    }
    if (speed != null) {
      speed.close();
    }
    forgetKept();
  }

  private void forgetKept() {
    governor = null;
    speed = null;
    boost = null;
    limits = null;
    current = null;
  }

  private static void close(@Nullable Attribute kept) {
    if (kept != null) {
      kept.close();
    }
  }

  private <T> T there(@Nullable T kept) throws SysfsException {
    if (kept == null) {
      throw new SysfsException(directory, Errno.ENODEV);
    }
    return kept;
  }

  @Override
  public String toString() {
    return "policy" + number;
  }
}
