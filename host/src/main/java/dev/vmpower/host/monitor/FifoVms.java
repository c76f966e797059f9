package dev.vmpower.host.monitor;

import dev.vmpower.host.clock.Clocks;
import dev.vmpower.host.fifo.FifoOrder;
import dev.vmpower.host.policy.Policy;
import dev.vmpower.host.vm.Refusal;
import dev.vmpower.host.vm.Vcpu;
import dev.vmpower.host.vm.Vm;
import dev.vmpower.protocol.Unit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What DPDK's JSON FIFOs ask for. Each is a VM of its own, {@code fifoN}, whose vCPU 0 runs on pCPU
 * N: an instruction is its vote, and a policy its policy.
 *
 * <p>Nobody hangs up a FIFO, so the claim stays with the daemon; but where there was never more
 * than a policy, it ends when that is destroyed. Who writes is told nothing: what is refused is
 * counted and logged, after settling, as a guest's NACK would be.
 *
 * <p>Not thread-safe: the monitor thread owns it.
 */
final class FifoVms {
  /** What is known of a claim. */
  private static final class Claim {
    private final Vcpu vcpu;
    private boolean instructed;

    Claim(Vcpu vcpu) {
      this.vcpu = vcpu;
    }
  }

  /** An order that has been taken, and why it was refused, if that is known already. */
  private record Taken(Vcpu vcpu, boolean isPolicy, @Nullable Refusal refusal) {}

  private final Clocks clocks;
  private final Fleet fleet;
  private final Votes votes;
  private final GuestPolicies policies;
  private final Statistics statistics;
  private final Runnable placer;
  private final Map<Integer, Claim> claims = new HashMap<>();
  private final List<Taken> taken = new ArrayList<>();

  /**
   * No FIFOs yet.
   *
   * @param placer works out where votes count, if VMs changed
   */
  FifoVms(
      Clocks clocks,
      Fleet fleet,
      Votes votes,
      GuestPolicies policies,
      Statistics statistics,
      Runnable placer) {
    this.clocks = clocks;
    this.fleet = fleet;
    this.votes = votes;
    this.policies = policies;
    this.statistics = statistics;
    this.placer = placer;
  }

  /** Takes an order for a pCPU. */
  void take(Event.FifoOrdered ordered, long nowMs) {
    ordered.waiting().decrementAndGet();
    placer.run();
    int cpu = ordered.cpu();
    Fleet.Entry entry = fleet.entry(Vm.fifoName(cpu));
    Vcpu vcpu = entry == null || !entry.vm.isFifo() ? null : entry.vm.vcpu(0);
    if (vcpu == null) {
      return; // a VM of libvirt has that name, or an operator removed it
    }
    vcpu.vm().countRequest();
    statistics.countRequest();
    switch (ordered.order()) {
      case FifoOrder.Instruction instruction -> instruct(cpu, vcpu, instruction.unit(), nowMs);
      case FifoOrder.Create create -> create(cpu, vcpu, create.policy(), nowMs);
      case FifoOrder.Destroy() -> destroy(cpu, vcpu, nowMs);
      case FifoOrder.Malformed malformed -> statistics.count(vcpu.vm(), Refusal.BAD_FIELD);
    }
  }

  private void instruct(int cpu, Vcpu vcpu, Unit unit, long nowMs) {
    claim(cpu, vcpu, nowMs).instructed = true;
    clocks.touch(vcpu);
    Refusal refusal = votes.refusal(vcpu, unit);
    if (refusal == null) {
      votes.move(vcpu, unit, nowMs);
      refusal = vcpu.policyInForce() == null ? vcpu.standing() : Refusal.POLICY;
    }
    taken.add(new Taken(vcpu, false, refusal));
  }

  private void create(int cpu, Vcpu vcpu, Policy policy, long nowMs) {
    Refusal refusal = policies.refusal(vcpu, policy);
    if (refusal == null) {
      claim(cpu, vcpu, nowMs);
      policies.install(vcpu.vm(), policy, List.of(vcpu.number()), nowMs, true);
    }
    taken.add(new Taken(vcpu, true, refusal));
  }

  private void destroy(int cpu, Vcpu vcpu, long nowMs) {
    policies.drop(vcpu.vm());
    Claim claim = claims.get(cpu);
    if (claim != null && claim.vcpu == vcpu && !claim.instructed) {
      claims.remove(cpu);
      vcpu.removeHolder(nowMs);
      clocks.touch(vcpu);
    }
  }

  private Claim claim(int cpu, Vcpu vcpu, long nowMs) {
    Claim claim = claims.get(cpu);
    if (claim == null || claim.vcpu != vcpu) { // the VM went and came back
      claim = new Claim(vcpu);
      claims.put(cpu, claim);
      vcpu.addHolder(nowMs);
    }
    return claim;
  }

  /** Counts and logs what was refused, after settling. */
  void settled(long nowNs) {
    for (int i = 0; i < taken.size(); i++) {
      Taken one = taken.get(i);
      Refusal refusal = one.refusal();
      if (refusal == null && one.isPolicy()) {
        refusal = policies.standing(one.vcpu());
      } else if (refusal == null) {
        refusal = clocks.refusal(one.vcpu());
      }
      if (refusal != null) {
        statistics.refuse(one.vcpu(), refusal, nowNs);
      }
    }
    taken.clear();
  }
}
