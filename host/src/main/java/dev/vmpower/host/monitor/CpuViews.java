package dev.vmpower.host.monitor;

import dev.vmpower.host.arbiter.Arbiter;
import dev.vmpower.host.clock.Clocks;
import dev.vmpower.host.clock.Hold;
import dev.vmpower.host.clock.ManagedDomain;
import dev.vmpower.host.clock.TurboOff;
import dev.vmpower.host.clock.Voters;
import dev.vmpower.host.policy.PolicyRun;
import dev.vmpower.host.view.CpuView;
import dev.vmpower.host.vm.Refusal;
import dev.vmpower.host.vm.Vcpu;
import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.cpu.Topology;
import dev.vmpower.machine.cpufreq.Ladder;
import dev.vmpower.machine.sysfs.SysfsException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Says of one pCPU what its target is, and why. */
final class CpuViews {
  private final Clocks clocks;
  private final Voters voters;

  CpuViews(Clocks clocks) {
    this.clocks = clocks;
    this.voters = new Voters(clocks);
  }

  CpuView cpu(int cpu, Floating floating) {
    Topology topology = clocks.topology();
    ManagedDomain managed = clocks.domainOf(cpu);
    boolean online = topology.online().contains(cpu);
    int packageId = topology.packages().getOrDefault(cpu, 0);
    String siblings = topology.siblings().getOrDefault(cpu, CpuSet.of(cpu)).toString();
    if (managed == null) {
      return new CpuView(
          cpu,
          online,
          false,
          packageId,
          siblings,
          null,
          "",
          "",
          "",
          null,
          false,
          null,
          null,
          0,
          0,
          0,
          null,
          null,
          null,
          List.of(),
          Refusal.NO_CPUFREQ.text(),
          "no cpufreq",
          null,
          0,
          0,
          0,
          null,
          null,
          floating.on(CpuSet.of(cpu)));
    }
    Ladder ladder = managed.domain().ladder();
    Hold hold = clocks.holdOn(managed);
    Hold scheduled = clocks.scheduledOn(managed);
    TurboOff turboOff = clocks.turboOffOn(managed);
    Refusal problem = managed.problem();
    return new CpuView(
        cpu,
        online,
        clocks.isReserved(managed),
        packageId,
        siblings,
        managed.domain().number(),
        managed.domain().cpus().toString(),
        managed.domain().driver(),
        governor(managed),
        new CpuView.SteeringView(managed.domain().steering().text(), managed.domain().isVerified()),
        managed.isManaged(),
        positive(managed.targetKhz()),
        positive(managed.writtenKhz()),
        managed.online().isEmpty() ? 0 : managed.domain().currentKhz(),
        ladder.khz(ladder.bottomIndex()),
        ladder.khz(0),
        hold == null ? null : hold(hold),
        scheduled == null ? null : hold(scheduled),
        turboOff == null ? null : turboOff(turboOff),
        votes(cpu, managed),
        problem == null ? null : problem.label() + ": " + managed.problemText(),
        why(managed),
        managed.targetKhz() > 0 ? Instant.ofEpochMilli(managed.changedAtMs()).toString() : null,
        managed.writes(),
        managed.refusedWrites(),
        managed.conflicts(),
        managed.lastConflict(),
        positive(managed.waitingKhz()),
        floating.on(voters.together(managed)));
  }

  private static @Nullable Integer positive(int khz) {
    return khz > 0 ? (Integer) khz : null;
  }

  private static CpuView.HoldView hold(Hold hold) {
    return new CpuView.HoldView(
        Arbiter.toString(hold.vote()),
        hold.who(),
        Instant.ofEpochMilli(hold.sinceMs()).toString(),
        hold.untilMs() == Hold.NEVER ? null : Instant.ofEpochMilli(hold.untilMs()).toString());
  }

  private static CpuView.TurboOffView turboOff(TurboOff off) {
    return new CpuView.TurboOffView(off.who(), Instant.ofEpochMilli(off.sinceMs()).toString());
  }

  private static String governor(ManagedDomain managed) {
    try {
      return managed.domain().readGovernor();
    } catch (SysfsException offlineOrGone) {
      return "";
    }
  }

  private List<CpuView.VoteView> votes(int cpu, ManagedDomain managed) {
    List<CpuView.VoteView> votes = new ArrayList<>();
    for (Vcpu vcpu : clocks.membersOf(managed)) {
      boolean claimed = vcpu.isClaimed();
      int khz = clocks.levelKhz(vcpu, managed);
      int unclippedKhz = voters.unclippedKhz(vcpu, managed);
      PolicyRun policy = claimed && !vcpu.standsStill() ? vcpu.policyInForce() : null;
      votes.add(
          new CpuView.VoteView(
              vcpu.vm().name(),
              vcpu.number(),
              claimed ? Arbiter.toString(vcpu.vote()) : "max",
              khz,
              !claimed || vcpu.turbo(),
              claimed,
              voters.counts(vcpu, managed),
              vcpu == managed.winner(),
              vcpu.cpus().contains(cpu),
              source(vcpu, policy),
              policy == null ? null : policy.policy().type(),
              vcpu.hasAsked() ? Instant.ofEpochMilli(vcpu.askedAtMs()).toString() : null,
              unclippedKhz == khz ? null : (Integer) unclippedKhz));
    }
    return votes;
  }

  private static String source(Vcpu vcpu, @Nullable PolicyRun policy) {
    if (!vcpu.isClaimed()) {
      return "none";
    }
    if (vcpu.standsStill()) {
      return "disabled";
    }
    if (policy != null) {
      return policy == vcpu.operatorPolicy() ? "operator-policy" : "guest-policy";
    }
    if (vcpu.hasAsked()) {
      return "request";
    }
    return vcpu.hasSpokenUp() ? "claim" : "envelope";
  }

  /** The reason of the target of {@code managed}, in words. */
  String why(ManagedDomain managed) {
    Hold hold = clocks.holdOn(managed);
    if (clocks.isReserved(managed)) {
      return "reserved: never touched";
    }
    Hold ruling = hold == null ? clocks.scheduledOn(managed) : hold;
    if (ruling != null) {
      return "held at " + Arbiter.toString(ruling.vote()) + " by " + ruling.who();
    }
    if (managed.targetKhz() == 0) {
      return managed.isManaged() ? "left by an earlier run, given back soon" : "nobody asks";
    }
    Vcpu winner = managed.winner();
    TurboOff off = clocks.turboOffOn(managed);
    if (winner == null) {
      return off == null ? "nobody who asked runs now" : "turbo is off by " + off.who();
    }
    if (winner.standsStill()) {
      return winner + " stays where it was: its channel is disabled";
    }
    if (!winner.isClaimed()) {
      return winner + " never asked, and is not slowed down for others";
    }
    PolicyRun policy = winner.policyInForce();
    return winner
        + (policy == null ? "" : " by its " + policy.policy().type() + " policy")
        + " asks for "
        + Arbiter.toString(winner.vote())
        + (managed.waitingKhz() > 0 ? ", which waits: max_changes_per_second" : "");
  }
}
