package dev.vmpower.host.clock;

import dev.vmpower.host.vm.Refusal;
import dev.vmpower.machine.cpufreq.FrequencyDomain;
import dev.vmpower.machine.cpufreq.Ladder;
import dev.vmpower.machine.cpufreq.Original;
import dev.vmpower.machine.cpufreq.Steering;
import dev.vmpower.machine.sysfs.Errno;
import dev.vmpower.machine.sysfs.SysfsException;
import java.util.List;
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

  private final boolean reassert;

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
      if (!managed.taken) {
        domain.takeOver(original);
        managed.taken = true;
        managed.writtenKhz = ManagedDomain.NONE;
        managed.writes++;
        LOG.info("{} (pCPUs {}) is managed now", managed, domain.cpus());
        if (original.minKhz() >= original.highestKhz()) {
          LOG.warn(
              "{}: both limits were found at {} kHz; no other can be", managed, original.minKhz());
        }
      } else if (isInterferedWith(managed, original)) {
        return;
      }
      switchTurbo(managed);
      boolean reached = managed.targetKhz == managed.writtenKhz;
      if (!reached || domain.isClipped(managed.targetKhz)) {
        steer(managed);
      }
    } catch (SysfsException refused) {
      refuse(managed, refused);
    }
  }

  // Below the top level there is no turbo, whatever its switch says.
  private static void switchTurbo(ManagedDomain managed) throws SysfsException {
    boolean atTop = managed.targetKhz == managed.domain.ladder().khz(0);
    if (atTop && managed.domain.switchTurbo(managed.targetTurbo)) {
      managed.writes++;
    }
  }

  private static void steer(ManagedDomain managed) throws SysfsException {
    if (managed.returnedFromOffline && managed.domain.steering() == Steering.SETSPEED) {
      // The kernel guesses the speed of a pCPU that came back, and sends nothing where a write
      // equals its guess: write another level first.
      Ladder ladder = managed.domain.ladder();
      boolean atBottom = managed.targetKhz == ladder.khz(ladder.bottomIndex());
      managed.domain.steer(ladder.khz(atBottom ? 0 : ladder.bottomIndex()));
      managed.writes++;
    }
    managed.returnedFromOffline = false;
    managed.writtenKhz = ManagedDomain.NONE;
    int keptKhz = managed.domain.steer(managed.targetKhz);
    managed.writes++;
    if (keptKhz == managed.targetKhz) {
      managed.writtenKhz = managed.targetKhz;
      managed.succeed();
    } else {
      managed.refusedWrites++;
      managed.fail(Refusal.KEPT, "asked for " + managed.targetKhz + ", kept " + keptKhz);
    }
  }

  /**
   * Whether another program's governor or limits are in force here. Where they are, they stay until
   * they are gone ({@code yield}), or are undone ({@code reassert}).
   */
  private boolean isInterferedWith(ManagedDomain managed, Original original) throws SysfsException {
    FrequencyDomain domain = managed.domain;
    String what = domain.isUntouched() ? "" : domain.changes();
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
    }
    if (reassert) {
      LOG.warn("{}: {} by another program; ours is in force again", managed, what);
      domain.reassert(original);
      managed.writtenKhz = ManagedDomain.NONE;
      managed.problem = null;
      return false;
    }
    managed.fail(Refusal.CONFLICT, what + ": another program; vmpowerctl cpu reclaim CPUS");
    return true;
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
      if (refused.errno() == Errno.ENOENT || refused.errno() == Errno.ENODEV) {
        LOG.warn("{} is gone and cannot be given back: {}", managed, refused.getMessage());
        managed.domain.close();
        managed.forget();
        return true;
      }
      refuse(managed, refused);
      return false;
    }
  }

  private static void refuse(ManagedDomain managed, SysfsException refused) {
    managed.refusedWrites++;
    managed.writtenKhz = ManagedDomain.NONE;
    switch (refused.errno()) {
      case EBUSY -> {
        managed.returnedFromOffline = true;
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
