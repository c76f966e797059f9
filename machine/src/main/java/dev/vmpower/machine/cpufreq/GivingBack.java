package dev.vmpower.machine.cpufreq;

import dev.vmpower.machine.sysfs.Sysfs;
import dev.vmpower.machine.sysfs.SysfsException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes an original back, each file in its turn: what the kernel does with one depends on those
 * before it.
 *
 * <pre>
 *   boost      before all else: it moves limits
 *   governor   so that the limits come back under it; after them where it would run at the old ones
 *   limits
 *   governor   once more: by this the kernel applies the limits before the write returns
 *   setspeed   forgotten by the kernel under another governor
 *   EPP        what governor performance left of it
 * </pre>
 *
 * <p>What another program changed meanwhile is left as it is, unless everything is to go back.
 */
final class GivingBack {
  private static final String GOVERNOR = "scaling_governor";
  private static final String SETSPEED = "scaling_setspeed";
  private static final String BOOST = "boost";
  static final String EPP = "energy_performance_preference";

  private final Sysfs sysfs;
  private final String directory;
  private final @Nullable Limits limits;
  private final boolean speedStays;
  private final boolean everything;
  private final List<String> left = new ArrayList<>();

  /**
   * @param limits what is known of them; null after a crash, when all is taken for ours
   * @param speedStays whether another program set the speed
   * @param everything also what another program changed
   */
  GivingBack(
      Sysfs sysfs,
      String directory,
      @Nullable Limits limits,
      boolean speedStays,
      boolean everything) {
    this.sysfs = sysfs;
    this.directory = directory;
    this.limits = limits;
    this.speedStays = speedStays;
    this.everything = everything;
  }

  /** Gives {@code original} back, and returns what was left as another program set it. */
  List<String> run(Original original) throws SysfsException {
    Steering steering = original.steering();
    String ours = steering.governor();
    String present = sysfs.read(directory + GOVERNOR);
    // One that is back already may be so since a crash, or a refusal, in the middle of this.
    boolean isOurs = present.equals(ours) || present.equals(original.governor());
    boolean governorReturns = ours != null && (everything || isOurs);
    if (!governorReturns && ours != null) {
      left.add("governor " + present);
    }
    String governor = governorReturns ? original.governor() : present;
    writeBoost(original);
    if (steering.maxIsSteered()) {
      if (governorReturns && steering.governorGoesFirst()) {
        sysfs.write(directory + GOVERNOR, governor);
      }
      writeLimits(original);
    }
    if (governorReturns || steering.maxIsSteered()) {
      sysfs.write(directory + GOVERNOR, governor);
    }
    if (governorReturns) {
      writeSetspeed(original);
      writeEpp(original);
    }
    return left;
  }

  private void writeBoost(Original original) throws SysfsException {
    if (original.boost().isEmpty() || sysfs.read(directory + BOOST).equals(original.boost())) {
      return;
    }
    if (FrequencyDomains.boostIsOff(sysfs)) {
      // The kernel refuses it now, and switches it on everywhere once the host's switch is on.
      left.add("boost 0, by the host's");
      return;
    }
    sysfs.write(directory + BOOST, original.boost());
  }

  private void writeLimits(Original original) throws SysfsException {
    boolean minIsOurs = true;
    boolean maxIsOurs = true;
    if (limits != null && !everything) {
      minIsOurs = !limits.minIsAnothers();
      maxIsOurs = !limits.maxIsAnothers();
      if (!minIsOurs && limits.minKhz() != original.minKhz()) {
        left.add("scaling_min_freq " + limits.minKhz());
      }
      if (!maxIsOurs && limits.maxKhz() != original.maxKhz()) {
        left.add("scaling_max_freq " + limits.maxKhz());
      }
    }
    // One that is not steered can have been changed unseen, below an upper limit that was ours.
    boolean withMin = everything || (minIsOurs && original.steering().minIsSteered());
    Limits.write(sysfs, directory, original, withMin, maxIsOurs);
  }

  private void writeSetspeed(Original original) throws SysfsException {
    String setspeed = original.setspeed();
    boolean wasSet =
        original.governor().equals(Steering.SETSPEED.governor()) && setspeed.matches("[0-9]+");
    // The kernel forgets the set-speed of another governor by itself; a plain directory does not.
    if (!wasSet && (sysfs.isKernel() || setspeed.isEmpty())) {
      return;
    }
    if (speedStays) {
      left.add(SETSPEED + " " + sysfs.read(directory + SETSPEED));
    } else {
      sysfs.write(directory + SETSPEED, setspeed);
    }
  }

  private void writeEpp(Original original) throws SysfsException {
    boolean counts = original.governor().equals(Steering.POWERSAVE_LIMITS.governor());
    if (original.epp().isEmpty() || !counts) {
      return;
    }
    String present = readEpp(sysfs, directory);
    if (present.equals(original.epp())) {
      return;
    }
    if (everything || present.equals("performance")) {
      sysfs.write(directory + EPP, original.epp());
    } else {
      left.add(EPP + " " + present);
    }
  }

  /** The EPP as it could be written; empty where there is none, or the kernel does not tell. */
  static String readEpp(Sysfs sysfs, String directory) {
    String epp = FrequencyDomains.optional(sysfs, directory + EPP);
    if (epp.startsWith("dynamic")) {
      return "dynamic"; // it reads dynamic(profile:...)
    }
    return epp.contains(" ") ? "" : epp;
  }
}
