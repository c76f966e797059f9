package dev.vmpower.host.monitor;

import dev.vmpower.host.channel.Channel;
import dev.vmpower.host.clock.Clocks;
import dev.vmpower.host.policy.Policy;
import dev.vmpower.host.policy.PolicyPackets;
import dev.vmpower.host.policy.PolicyRun;
import dev.vmpower.host.vm.Refusal;
import dev.vmpower.host.vm.Vcpu;
import dev.vmpower.host.vm.Vm;
import dev.vmpower.protocol.RequestPacket;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Policies that guests send. A VM has one at most: a new one replaces it whole, and it ends with
 * the claims that it stands for. Which of its channels brings it does not matter.
 *
 * <p>Not thread-safe: the monitor thread owns it.
 */
final class GuestPolicies {
  private final Clocks clocks;
  private final PolicyTicker ticker;

  GuestPolicies(Clocks clocks, PolicyTicker ticker) {
    this.clocks = clocks;
    this.ticker = ticker;
  }

  /** Why a policy of {@code vm} is refused whole; null if it is not. */
  @Nullable Refusal refusal(Vm vm, RequestPacket packet) {
    PolicyPackets.Flaw flaw = PolicyPackets.flaw(packet);
    if (flaw != null) {
      return switch (flaw) {
        case PHYSICAL -> Refusal.PHYSICAL;
        case FIELD -> Refusal.BAD_FIELD;
        case NO_MAC -> Refusal.NO_MAC;
      };
    }
    for (int i = 0; i < packet.vcpuCount(); i++) {
      Vcpu vcpu = vm.vcpu(packet.vcpu(i));
      if (vcpu == null) {
        return Refusal.OTHERS_VCPU;
      }
      if (vcpu.standing() == Refusal.UNPINNED || vcpu.standing() == Refusal.RESERVED) {
        return vcpu.standing();
      }
    }
    return switch (packet.policyKind()) {
      case TRAFFIC -> macRefusal(vm, packet);
      case BRANCH_RATIO -> ticker.countsBranches() ? null : Refusal.NO_COUNTERS;
      default -> null;
    };
  }

  private static @Nullable Refusal macRefusal(Vm vm, RequestPacket packet) {
    for (int i = 0; i < packet.macCount(); i++) {
      Refusal refusal = packet.mac(i) == 0 ? null : vm.macRefusal(packet.mac(i));
      if (refusal != null) {
        return refusal;
      }
    }
    return null;
  }

  /**
   * Puts a policy that is not refused into force, or keeps it while {@code channel} is disabled.
   */
  void set(Channel channel, RequestPacket packet, long nowMs) {
    List<Integer> vcpus = new ArrayList<>(packet.vcpuCount());
    for (int i = 0; i < packet.vcpuCount(); i++) {
      vcpus.add(packet.vcpu(i));
    }
    Policy policy = PolicyPackets.read(packet);
    if (channel.isDisabled()) {
      channel.recordPolicy(policy, vcpus);
    } else {
      install(channel.vm(), policy, vcpus, nowMs);
    }
  }

  /** Removes the policy of the VM of {@code channel}; its requests count again. */
  void remove(Channel channel) {
    if (channel.isDisabled()) {
      channel.recordPolicy(null, List.of());
    } else {
      drop(channel.vm());
    }
  }

  /** Brings the policy into force that came last while {@code channel} was disabled. */
  void adoptRecorded(Channel channel, long nowMs) {
    Channel.RecordedPolicy recorded = channel.takeRecordedPolicy();
    if (recorded != null) {
      for (int number : recorded.vcpus()) {
        Vcpu vcpu = channel.vm().vcpu(number);
        if (vcpu != null) {
          channel.claim(vcpu, nowMs); // first: a claim begins without a policy
        }
      }
      install(channel.vm(), recorded.policy(), recorded.vcpus(), nowMs);
    }
  }

  /** Ends the policy of a VM. */
  void drop(Vm vm) {
    install(vm, null, List.of(), 0);
  }

  /** Why a policy that an operator's own program set is refused; null if it is not. */
  @Nullable Refusal refusal(Vcpu vcpu, Policy policy) {
    if (vcpu.standing() == Refusal.UNPINNED || vcpu.standing() == Refusal.RESERVED) {
      return vcpu.standing();
    }
    if (policy instanceof Policy.BranchRatio && !ticker.countsBranches()) {
      return Refusal.NO_COUNTERS;
    }
    if (policy instanceof Policy.Traffic traffic) {
      for (long mac : traffic.macs()) {
        if (ticker.isVhostUser(mac)) {
          return Refusal.NO_DEVICE;
        }
      }
    }
    return null;
  }

  private void install(Vm vm, @Nullable Policy policy, List<Integer> numbers, long nowMs) {
    install(vm, policy, numbers, nowMs, false);
  }

  /**
   * Puts a policy into force, in place of the one before; null for none.
   *
   * @param byOperator whether it may go by packets that are not the VM's own
   */
  void install(
      Vm vm, @Nullable Policy policy, List<Integer> numbers, long nowMs, boolean byOperator) {
    for (int i = 0; i < vm.vcpuNumbers(); i++) {
      Vcpu vcpu = vm.vcpu(i);
      PolicyRun before = vcpu == null ? null : vcpu.guestPolicy();
      if (vcpu != null && before != null) {
        ticker.end(before);
        vcpu.setGuestPolicy(null);
        clocks.touch(vcpu);
      }
    }
    if (policy == null) {
      return;
    }
    PolicyRun run = new PolicyRun(policy, nowMs);
    for (int number : numbers) {
      Vcpu vcpu = vm.vcpu(number);
      if (vcpu != null) {
        vcpu.setGuestPolicy(run);
        clocks.touch(vcpu);
      }
    }
    ticker.begin(run, vm, byOperator);
  }

  /** Why the policy that {@code packet} set is not in force; null if it is. After settling. */
  @Nullable Refusal standing(Vm vm, RequestPacket packet) {
    for (int i = 0; i < packet.vcpuCount(); i++) {
      Vcpu vcpu = vm.vcpu(packet.vcpu(i));
      // It can have been unplugged in this wake-up.
      Refusal refusal = vcpu == null ? Refusal.OTHERS_VCPU : standing(vcpu);
      if (refusal != null) {
        return refusal;
      }
    }
    return clocks.isPassive() ? Refusal.OBSERVE : null; // also where it names no vCPU
  }

  /** Why a policy of {@code vcpu} is not in force; null if it is. After settling. */
  @Nullable Refusal standing(Vcpu vcpu) {
    Refusal refusal = vcpu.standing();
    if (refusal == null && vcpu.operatorPolicy() != null) {
      refusal = Refusal.POLICY;
    }
    return refusal == null ? clocks.refusal(vcpu) : refusal;
  }
}
