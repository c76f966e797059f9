package dev.vmpower.host.clock;

import dev.vmpower.host.arbiter.Arbiter;
import dev.vmpower.host.arbiter.Envelope;
import dev.vmpower.host.vm.Vcpu;
import dev.vmpower.host.vm.Vm;
import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.cpufreq.Ladder;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The frequency domains that are settled together: one alone, or those that the hyper-threads of
 * one core tie to each other, because the hardware takes the higher of two threads' requests.
 *
 * <p>Every member's vote counts in each of them, so they come to the same level.
 */
final class ClockGroup {
  final List<ManagedDomain> domains;

  /** It has a reserved pCPU: never managed. */
  final boolean reserved;

  /** The vCPUs that may run here and whose votes can count. */
  Vcpu[] members = {};

  @Nullable Hold hold;

  /** What an operator's policy holds it at; below {@link #hold}, above votes. */
  @Nullable Hold scheduled;

  /** The pCPUs that the hold was set on. */
  CpuSet held = CpuSet.of();

  /** Turbo is switched off here; null if it is not. */
  @Nullable TurboOff turboOff;

  // A VM with a claim here, and whether there is another.
  private @Nullable Vm claimant;
  private boolean severalClaimants;

  /** It waits in this wake-up's list. */
  boolean touched;

  ClockGroup(List<ManagedDomain> domains, boolean reserved) {
    this.domains = domains;
    this.reserved = reserved;
  }

  void setTurboOff(@Nullable TurboOff off) {
    turboOff = off;
    domains.forEach(managed -> managed.setCapped(off != null));
  }

  /** A hold ends what disabled channels have frozen; {@code thawed} may count elsewhere too. */
  void thaw(Consumer<Vcpu> thawed) {
    for (Vcpu vcpu : members) {
      if (vcpu.isFrozen()) {
        vcpu.thaw();
        thawed.accept(vcpu);
      }
    }
  }

  /** Whether a claim, a hold or turbo switched off wants these frequency domains managed. */
  boolean isWanted() {
    if (reserved) {
      return false;
    }
    if (ruling() != null || turboOff != null) {
      return true;
    }
    for (Vcpu vcpu : members) {
      if (vcpu.isClaimed()) {
        return true;
      }
    }
    return false;
  }

  /** The hold that goes before votes; null if none does. */
  @Nullable Hold ruling() {
    return hold != null ? hold : scheduled;
  }

  /**
   * Works out the target of each frequency domain: the hold's, else that of the highest vote. Votes
   * of a paused VM do not count. A running vCPU without a claim counts as MAX where another VM has
   * one, so that no VM slows down a neighbour that never asked. Where nobody counts, the target
   * stays while there are claims, within what turbo allows.
   */
  void decide(long nowNs, long nowMs) {
    lookForClaimants();
    for (int i = 0; i < domains.size(); i++) {
      decide(domains.get(i), nowNs, nowMs);
    }
  }

  private void lookForClaimants() {
    claimant = null;
    severalClaimants = false;
    for (Vcpu vcpu : members) {
      if (vcpu.isClaimed()) {
        severalClaimants |= claimant != null && claimant != vcpu.vm();
        claimant = vcpu.vm();
      }
    }
  }

  /** Whether the vote of {@code vcpu}, a member, counts now. */
  boolean counts(Vcpu vcpu) {
    lookForClaimants();
    return countsAmongClaimants(vcpu);
  }

  private void decide(ManagedDomain managed, long nowNs, long nowMs) {
    Ladder ladder = managed.domain.ladder();
    int best = Integer.MAX_VALUE;
    boolean turbo = true;
    Vcpu winner = null;
    Hold ruling = ruling();
    if (ruling != null) {
      best = Arbiter.levelIndex(ruling.vote(), true, Envelope.HARDWARE, ladder, managed.bounds);
    } else {
      for (Vcpu vcpu : members) {
        if (!countsAmongClaimants(vcpu)) {
          continue;
        }
        int index = level(vcpu, ladder, managed);
        boolean mayTurbo = mayTurbo(vcpu);
        if (index < best || (index == best && mayTurbo && !turbo)) {
          best = index;
          turbo = mayTurbo;
          winner = vcpu;
        }
      }
    }
    if (best == Integer.MAX_VALUE) {
      boolean stays = managed.targetKhz != ManagedDomain.NONE && claimant != null;
      int vote = stays ? managed.targetKhz : Arbiter.MAX;
      best = Arbiter.levelIndex(vote, true, Envelope.HARDWARE, ladder, managed.bounds);
    }
    managed.winner = winner;
    managed.aimKhz = ladder.khz(best);
    managed.lowersAtNs = ManagedDomain.NEVER;
    boolean withTurbo = turbo && managed.bounds.turbo();
    boolean waits =
        winner != null
            && managed.isLoweredBy(ladder.khz(best), withTurbo)
            && !managed.pace.mayLower(nowNs)
            && staysHigher(managed, best, withTurbo, nowNs, nowMs);
    if (waits) {
      managed.lowersAtNs = managed.pace.mayLowerAtNs();
    } else {
      managed.aim(ladder.khz(best), withTurbo, nowNs, nowMs);
    }
  }

  /**
   * Leaves {@code managed} above what its votes come to, but not above what one of them could ask
   * for: an operator's limit is in force at once. Whether it is above.
   */
  private boolean staysHigher(
      ManagedDomain managed, int best, boolean turbo, long nowNs, long nowMs) {
    Ladder ladder = managed.domain.ladder();
    int highest = best;
    boolean mayTurbo = turbo;
    for (Vcpu vcpu : members) {
      if (countsAmongClaimants(vcpu)) {
        Envelope envelope = vcpu.vm().envelope();
        highest = Math.min(highest, Arbiter.topIndex(true, envelope, ladder, managed.bounds));
        mayTurbo |= envelope.turbo() && managed.bounds.turbo();
      }
    }
    int stays = ladder.khz(Math.max(highest, ladder.ceilingIndex(managed.targetKhz)));
    managed.aim(stays, managed.targetTurbo && mayTurbo, nowNs, nowMs);
    return managed.isLoweredBy(ladder.khz(best), turbo);
  }

  private boolean countsAmongClaimants(Vcpu vcpu) {
    if (vcpu.isClaimed()) {
      return vcpu.standsStill() || vcpu.vm().votesCount();
    }
    return vcpu.vm().isRunning() && claimant != null && (severalClaimants || claimant != vcpu.vm());
  }

  /** The index on {@code ladder} of what {@code vcpu} counts as there. */
  static int level(Vcpu vcpu, Ladder ladder, ManagedDomain managed) {
    return level(vcpu, vcpu.vm().envelope(), ladder, managed);
  }

  /** As {@link #level(Vcpu, Ladder, ManagedDomain)}, but within {@code envelope}. */
  static int level(Vcpu vcpu, Envelope envelope, Ladder ladder, ManagedDomain managed) {
    if (vcpu.standsStill()) {
      int khz = vcpu.frozenKhz(managed.index);
      return Arbiter.levelIndex(khz, true, Envelope.HARDWARE, ladder, managed.bounds);
    }
    int vote = vcpu.isClaimed() ? vcpu.vote() : Arbiter.MAX;
    boolean turbo = !vcpu.isClaimed() || vcpu.turbo();
    return Arbiter.levelIndex(vote, turbo, envelope, ladder, managed.bounds);
  }

  private static boolean mayTurbo(Vcpu vcpu) {
    return (!vcpu.isClaimed() || vcpu.turbo()) && vcpu.vm().envelope().turbo();
  }

  /** The targets now, for {@link #putBack}. */
  int[] targetsKhz() {
    return domains.stream().mapToInt(managed -> managed.targetKhz).toArray();
  }

  /**
   * Makes the targets again what they were before something that was refused: where no vote counts,
   * a target stays, and is not to stay at that.
   */
  void putBack(int[] targetsKhz) {
    for (int i = 0; i < targetsKhz.length; i++) {
      domains.get(i).targetKhz = targetsKhz[i];
    }
  }

  /** All pCPUs of its frequency domains. */
  CpuSet cpus() {
    CpuSet all = CpuSet.of();
    for (ManagedDomain managed : domains) {
      all = all.union(managed.domain.cpus());
    }
    return all;
  }
}
