package dev.vmpower.host.monitor;

import dev.vmpower.host.arbiter.Arbiter;
import dev.vmpower.host.arbiter.Envelope;
import dev.vmpower.host.clock.Clocks;
import dev.vmpower.host.clock.ManagedDomain;
import dev.vmpower.host.vm.Refusal;
import dev.vmpower.host.vm.Vcpu;
import dev.vmpower.machine.cpufreq.Ladder;
import dev.vmpower.protocol.Unit;
import org.jspecify.annotations.Nullable;

/**
 * Moves the votes of vCPUs by the units of requests.
 *
 * <p>Not thread-safe: the monitor thread owns it.
 */
final class Votes {
  private final Clocks clocks;

  Votes(Clocks clocks) {
    this.clocks = clocks;
  }

  /** Why a request does not even move the vote of {@code vcpu}; null if it does. */
  @Nullable Refusal refusal(Vcpu vcpu, Unit unit) {
    Refusal standing = vcpu.standing();
    if (standing == Refusal.UNPINNED || standing == Refusal.RESERVED) {
      return standing;
    }
    boolean noTurbo = unit == Unit.ENABLE_TURBO && standing == null && !clocks.hasTurbo(vcpu);
    return noTurbo ? Refusal.NO_TURBO : null;
  }

  /** Moves the vote of {@code vcpu}. */
  void move(Vcpu vcpu, Unit unit, long nowMs) {
    int vote = vote(vcpu, unit, vcpu.asked(), vcpu.askedTurbo());
    vcpu.countRequest();
    vcpu.ask(vote, turbo(unit, vcpu.askedTurbo()), nowMs);
    clocks.touch(vcpu);
  }

  /** Moves what is recorded of {@code vcpu} while its channel is disabled. */
  void record(Vcpu vcpu, Unit unit, int channel) {
    int vote = vote(vcpu, unit, vcpu.latestVote(), vcpu.latestTurbo());
    vcpu.record(vote, turbo(unit, vcpu.latestTurbo()), channel);
  }

  private static boolean turbo(Unit unit, boolean before) {
    return switch (unit) {
      case ENABLE_TURBO -> true;
      case DISABLE_TURBO -> false;
      default -> before;
    };
  }

  private int vote(Vcpu vcpu, Unit unit, int before, boolean turboBefore) {
    return switch (unit) {
      case SCALE_MAX, ENABLE_TURBO -> Arbiter.MAX;
      case SCALE_MIN -> Arbiter.MIN;
      default -> step(vcpu, unit, before, turboBefore);
    };
  }

  private int step(Vcpu vcpu, Unit unit, int vote, boolean turbo) {
    if (vcpu.domains().length == 0) {
      return vote; // nowhere now: there is no ladder to step on
    }
    ManagedDomain lowest = clocks.domain(vcpu.domains()[0]);
    Ladder ladder = lowest.domain().ladder();
    Envelope envelope = vcpu.vm().envelope();
    return switch (unit) {
      case SCALE_UP -> Arbiter.up(vote, turbo, envelope, ladder, lowest.boundsNow());
      case SCALE_DOWN -> Arbiter.down(vote, turbo, envelope, ladder, lowest.boundsNow());
      default -> Arbiter.withoutTurbo(vote, ladder);
    };
  }
}
