package dev.vmpower.host.clock;

import dev.vmpower.host.vm.Refusal;
import dev.vmpower.machine.cpufreq.FrequencyDomain;
import dev.vmpower.machine.cpufreq.Ladder;
import dev.vmpower.machine.cpufreq.Original;
import dev.vmpower.machine.sysfs.Errno;
import dev.vmpower.machine.sysfs.SysfsException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes one frequency domain over, keeps it at its target, and gives it back. The only room that
 * writes to cpufreq.
 */
final class Steward {
  private static final Logger LOG = LoggerFactory.getLogger("vmpower.cpufreq");

  /** A frequency domain whose write was refused is tried again at most this often. */
  static final long RETRY_NS = 100_000_000L;

  /** What is undone again and again in one frequency domain is logged at most this often. */
  static final long CONFLICT_LOG_EVERY_NS = 10_000_000_000L;

  /** So many conflicts are named in one log line. */
  static final int CASES_MAX = 8;

  private static final String RECLAIM = "vmpowerctl cpu reclaim CPUS";

  private final boolean reassert;
  private @Nullable Throwable broken;
  private Runnable whenFound = () -> {};

  Steward(boolean reassert) {
    this.reassert = reassert;
  }

  /**
   * Brings {@code managed}, whose original is saved, to its target, or tells why it is not there.
   */
  void apply(ManagedDomain managed, long nowNs) {
    boolean refusedLately =
        managed.problem == Refusal.WRITE && nowNs - managed.triedAtNs < RETRY_NS;
    if (refusedLately) {
      return;
    }
    managed.triedAtNs = nowNs;
    FrequencyDomain domain = managed.domain;
    Original original = managed.original;
    if (original == null) {
      return;
    }
    try {
      try {
        bring(managed, original, nowNs);
      } catch (SysfsException refused) {
        // Another program's governor between the look at it and the write: look once more.
        if (refused.errno() != Errno.EINVAL || !managed.taken || domain.isUntouched()) {
          throw refused;
        }
        managed.looks.makeDue();
        bring(managed, original, nowNs);
      }
    } catch (SysfsException refused) {
      refuse(managed, refused);
    }
  }

  private void bring(ManagedDomain managed, Original original, long nowNs) throws SysfsException {
    FrequencyDomain domain = managed.domain;
    if (!managed.taken) {
      domain.takeOver(original);
      managed.taken = true;
      managed.suspectHardware();
      managed.writes++;
      LOG.info("{} (pCPUs {}) is managed now", managed, domain.cpus());
      if (original.minKhz() >= original.highestKhz()) {
        LOG.warn(
            "{}: both limits were found at {} kHz; no other can be", managed, original.minKhz());
      }
    } else if (isInterferedWith(managed, original, nowNs)) {
      return;
    }
    switchTurbo(managed);
    boolean reached = managed.targetKhz == managed.writtenKhz;
    if (!reached || domain.isClipped(managed.targetKhz)) {
      steer(managed);
    }
  }

  // Below the top level there is no turbo, whatever its switch says.
  private static void switchTurbo(ManagedDomain managed) throws SysfsException {
    boolean atTop = managed.targetKhz == managed.domain.ladder().khz(0);
    if (atTop && managed.domain.switchTurbo(managed.targetTurbo)) {
      managed.writes++;
    }
  }

  /**
   * Writes the target. Where the kernel only guesses what the hardware is at, it sends nothing if
   * the target equals its guess: so another level goes first, and both have to be kept.
   */
  private static void steer(ManagedDomain managed) throws SysfsException {
    int otherKhz = managed.hardwareUnsure ? neighbourKhz(managed) : ManagedDomain.NONE;
    boolean heard = true;
    if (otherKhz != ManagedDomain.NONE) {
      heard = managed.domain.steer(otherKhz) == otherKhz;
      managed.writes++;
    }
    managed.writtenKhz = ManagedDomain.NONE;
    int keptKhz = managed.domain.steer(managed.targetKhz);
    managed.writes++;
    boolean reached = keptKhz == managed.targetKhz;
    managed.hardwareUnsure &= otherKhz != ManagedDomain.NONE && !(heard && reached);
    if (heard && reached) {
      managed.writtenKhz = managed.targetKhz;
      managed.succeed();
    } else {
      managed.refusedWrites++;
      int askedKhz = reached ? otherKhz : managed.targetKhz;
      managed.fail(Refusal.KEPT, "asked for " + askedKhz + ", kept " + keptKhz);
    }
  }

  /**
   * The level next to the target, rather above it, that the limits leave; none where there is no
   * such level, or no need: elsewhere than with a set-speed the kernel sends what it is told.
   */
  private static int neighbourKhz(ManagedDomain managed) {
    FrequencyDomain domain = managed.domain;
    if (!domain.isGuessedAt()) {
      return ManagedDomain.NONE;
    }
    Ladder ladder = domain.ladder();
    int target = ladder.ceilingIndex(managed.targetKhz);
    for (int index = target - 1; index <= target + 1; index += 2) {
      if (index >= 0 && index < ladder.size() && !domain.isClipped(ladder.khz(index))) {
        return ladder.khz(index);
      }
    }
    return ManagedDomain.NONE;
  }

  /**
   * Whether another program's governor, limits or speed are in force here. Where they are, they
   * stay until they are gone ({@code yield}), or are undone ({@code reassert}).
   */
  private boolean isInterferedWith(ManagedDomain managed, Original original, long nowNs)
      throws SysfsException {
    if (!managed.looks.take(nowNs)) {
      return managed.problem == Refusal.CONFLICT;
    }
    FrequencyDomain domain = managed.domain;
    String what = "";
    if (!domain.isUntouched()) {
      managed.lookForReturn(); // its speed is forgotten then, and by nobody's fault
      what = domain.changes();
    }
    if (what.isEmpty()) {
      if (managed.problem == Refusal.CONFLICT) {
        LOG.info("{}: the conflict is over", managed);
        managed.writtenKhz = ManagedDomain.NONE;
        managed.succeed();
      }
      return false;
    }
    if (managed.problem != Refusal.CONFLICT) {
      managed.conflicts++;
      managed.conflict = what;
      managed.conflictCause = "";
      whenFound.run();
    }
    if (reassert) {
      tellReasserted(managed, what, nowNs);
      domain.reassert(original);
      managed.writtenKhz = ManagedDomain.NONE;
      managed.problem = null;
      return false;
    }
    String who = managed.conflictCause.isEmpty() ? "another program" : managed.conflictCause;
    managed.fail(Refusal.CONFLICT, what + ": " + who + "; " + RECLAIM);
    return true;
  }

  /** Names who is told, at once and often, that a conflict was found. */
  void whenConflictFound(Runnable whenFound) {
    this.whenFound = whenFound;
  }

  /** Takes {@code cause}, a sentence, for what is behind the conflicts of which none is known. */
  static void accuse(List<ManagedDomain> domains, String cause) {
    List<String> cases = new ArrayList<>();
    for (ManagedDomain managed : domains) {
      if (!managed.conflict.isEmpty() && managed.conflictCause.isEmpty()) {
        managed.conflictCause = cause;
        cases.add(managed + " (" + managed.conflict + ")");
        if (managed.problem == Refusal.CONFLICT) {
          managed.problemText = managed.lastConflict() + "; " + RECLAIM;
        }
      }
    }
    if (!cases.isEmpty()) {
      int more = cases.size() - CASES_MAX;
      LOG.warn(
          "conflict at {}{}: {}",
          String.join(", ", cases.subList(0, Math.min(cases.size(), CASES_MAX))),
          more > 0 ? " and " + more + " more" : "",
          cause);
    }
  }

  private static void tellReasserted(ManagedDomain managed, String what, long nowNs) {
    if (managed.conflicts > 1 && nowNs - managed.conflictLoggedAtNs < CONFLICT_LOG_EVERY_NS) {
      managed.conflictsUnlogged++;
      return;
    }
    LOG.warn(
        "{}: {} by another program; ours is in force again{}",
        managed,
        what,
        managed.conflictsUnlogged > 0 ? ", as " + managed.conflictsUnlogged + " times before" : "");
    managed.conflictLoggedAtNs = nowNs;
    managed.conflictsUnlogged = 0;
  }

  /**
   * Makes the governor ours again and takes the present limits for the administrator's. Whether the
   * original changed by that.
   */
  boolean reclaim(ManagedDomain managed) throws SysfsException {
    Original original = managed.original;
    if (original == null) {
      return false;
    }
    Original fresh = managed.domain.reclaim(original);
    managed.original = fresh;
    managed.setLimits(fresh);
    managed.writtenKhz = ManagedDomain.NONE;
    managed.succeed();
    return !fresh.equals(original);
  }

  /** Gives {@code managed} back as it was found. False if the kernel refused; try again later. */
  boolean giveBack(ManagedDomain managed) {
    Original original = managed.original;
    if (original == null) {
      return true;
    }
    try {
      managed.lookForReturn(); // what the kernel guessed then is nobody's
      List<String> left = managed.domain.giveBack(original, reassert);
      if (left.isEmpty()) {
        LOG.info("{} is given back: governor {}", managed, original.governor());
      } else {
        LOG.warn(
            "{} is given back, but for what another program set: {}",
            managed,
            String.join(", ", left));
      }
      managed.forget();
      return true;
    } catch (SysfsException refused) {
      refuse(managed, refused);
      return false;
    } catch (RuntimeException | Error failed) { // in the way of this one, but of no other
      broken = failed;
      return false;
    }
  }

  /** Throws what was in the way of giving one back, once all were tried. */
  void throwBroken() {
    Throwable failed = broken;
    broken = null;
    if (failed != null) {
      throw new IllegalStateException("not everything is given back", failed);
    }
  }

  private static void refuse(ManagedDomain managed, SysfsException refused) {
    managed.refusedWrites++;
    managed.writtenKhz = ManagedDomain.NONE;
    switch (refused.errno()) {
      case EBUSY -> {
        managed.hardwareUnsure = true;
        managed.fail(Refusal.OFFLINE, refused.getMessage());
      }
      case ENODEV, ENOENT -> {
        managed.taken = false;
        managed.domain.close();
        managed.fail(Refusal.NO_CPUFREQ, refused.getMessage());
      }
      default -> managed.fail(Refusal.WRITE, refused.getMessage());
    }
  }
}
