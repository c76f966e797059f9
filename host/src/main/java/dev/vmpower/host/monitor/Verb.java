package dev.vmpower.host.monitor;

import dev.vmpower.host.orders.Orders;
import dev.vmpower.host.policy.OperatorPolicy;
import dev.vmpower.host.view.ChannelView;
import dev.vmpower.host.view.CpuView;
import dev.vmpower.host.view.DomainView;
import dev.vmpower.host.view.ExplanationView;
import dev.vmpower.host.view.MetricsView;
import dev.vmpower.host.view.OverviewView;
import dev.vmpower.host.view.PinningView;
import dev.vmpower.host.view.PolicyView;
import dev.vmpower.host.view.StatusView;
import dev.vmpower.host.view.VmView;
import dev.vmpower.machine.cpu.CpuSet;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Everything that an operator can ask of the monitor. HTTP and the command line map onto it.
 *
 * @param <T> what it is answered with
 */
public sealed interface Verb<T> {
  /** The VMs that the daemon knows, by name. */
  record ListVms() implements Verb<List<VmView>> {}

  /** One VM. */
  record ShowVm(String vm) implements Verb<VmView> {}

  /** The channels of all VMs, or of one. */
  record ListChannels() implements Verb<List<ChannelView>> {}

  /** The pCPUs: their clocks, targets, and why. */
  record ListCpus() implements Verb<List<CpuView>> {}

  /** Some pCPUs. */
  record ShowCpus(CpuSet cpus) implements Verb<List<CpuView>> {}

  /** Why one pCPU runs as it does. */
  record Explain(int cpu) implements Verb<ExplanationView> {}

  /** Where the vCPUs of all VMs may run. */
  record ListPinning() implements Verb<List<PinningView>> {}

  /** All of the host in few words. */
  record Overview() implements Verb<OverviewView> {}

  /** What metrics are made of. */
  record Metrics() implements Verb<MetricsView> {}

  /** The frequency domains, without a look at the kernel. */
  record ListDomains() implements Verb<List<DomainView>> {}

  /** The daemon as a whole. */
  record Status() implements Verb<StatusView> {}

  /**
   * Holds pCPUs at {@code max}, {@code min}, one step {@code up} or {@code down}, or a level in
   * kHz.
   *
   * @param who user and pid of whoever asks
   * @param forS after how many seconds they are released; 0 for never
   */
  record SetCpus(CpuSet cpus, String level, String who, int forS) implements Verb<List<CpuView>> {
    /** Until it is released. */
    public SetCpus(CpuSet cpus, String level, String who) {
      this(cpus, level, who, 0);
    }
  }

  /** Releases holds. */
  record ReleaseCpus(CpuSet cpus) implements Verb<List<CpuView>> {}

  /**
   * Switches turbo off, for votes, policies and holds alike, or on again. Kept across restarts.
   *
   * @param who user and pid of whoever asks
   */
  record SwitchTurbo(CpuSet cpus, boolean on, String who) implements Verb<List<CpuView>> {}

  /** Takes frequency domains back from another program. */
  record ReclaimCpus(CpuSet cpus) implements Verb<List<CpuView>> {}

  /**
   * A static VM for this run; or, with a name alone, one that was removed is taken up again.
   *
   * @param channels the directory of its sockets; null to take a VM up again
   * @param vcpus the pCPUs of each vCPU
   * @param peerUid whom its sockets must belong to; null for root or the directory's owner
   * @param query whether it may query; null for the configuration's
   */
  record AddVm(
      String vm,
      @Nullable Path channels,
      List<CpuSet> vcpus,
      @Nullable Integer peerUid,
      @Nullable Boolean query,
      Orders.Limits limits)
      implements Verb<VmView> {}

  /** Forgets a VM, closes its channels and ends its claims, until it is added again. */
  record RemoveVm(String vm) implements Verb<String> {}

  /** Allows a VM to query, or does not. Kept across restarts. */
  record AllowQuery(String vm, boolean allowed) implements Verb<VmView> {}

  /**
   * Changes what a VM may ask for; what is not named stays. Kept across restarts.
   *
   * @param reset first goes back to the configuration's
   */
  record SetEnvelope(String vm, Orders.Limits limits, boolean reset) implements Verb<VmView> {}

  /** Makes a static VM's vCPU one that runs on {@code cpus}, for this run. */
  record PinVcpu(String vm, int vcpu, CpuSet cpus) implements Verb<String> {}

  /** Makes a socket at another place a channel of a VM, for this run. */
  record AddChannel(String vm, int channel, Path path) implements Verb<List<ChannelView>> {}

  /**
   * Enables or disables channels of a VM. Kept across restarts.
   *
   * @param channels their numbers; null for all
   */
  record EnableChannels(String vm, @Nullable CpuSet channels, boolean enabled)
      implements Verb<List<ChannelView>> {}

  /** The policies of operators and guests. */
  record ListPolicies() implements Verb<List<PolicyView>> {}

  /** One policy, by an operator's name for it or as {@code guest:VM}. */
  record ShowPolicy(String name) implements Verb<PolicyView> {}

  /** Brings operators' policies into force, all or none; one of the same name is replaced. */
  record ApplyPolicies(List<OperatorPolicy> policies) implements Verb<List<PolicyView>> {}

  /**
   * Ends a policy.
   *
   * @param name an operator's name for it, or {@code guest:VM}
   */
  record RemovePolicy(String name) implements Verb<String> {}

  /** Gives everything back and only observes, or acts again. */
  record Pause(boolean paused) implements Verb<StatusView> {}

  /** A verb that was understood and cannot be done. The message is one line for the operator. */
  final class RefusedException extends Exception {
    private static final long serialVersionUID = 1;

    public RefusedException(@Nullable String message) {
      super(message);
    }
  }
}
