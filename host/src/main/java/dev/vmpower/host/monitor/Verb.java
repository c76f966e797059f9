package dev.vmpower.host.monitor;

import dev.vmpower.host.policy.OperatorPolicy;
import dev.vmpower.host.view.ChannelView;
import dev.vmpower.host.view.CpuView;
import dev.vmpower.host.view.PinningView;
import dev.vmpower.host.view.PolicyView;
import dev.vmpower.host.view.StatusView;
import dev.vmpower.host.view.VmView;
import dev.vmpower.machine.cpu.CpuSet;
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

  /** Where the vCPUs of all VMs may run. */
  record ListPinning() implements Verb<List<PinningView>> {}

  /** The daemon as a whole. */
  record Status() implements Verb<StatusView> {}

  /**
   * Holds pCPUs at {@code max}, {@code min}, one step {@code up} or {@code down}, or a level in
   * kHz.
   *
   * @param who user and pid of whoever asks
   */
  record SetCpus(CpuSet cpus, String level, String who) implements Verb<List<CpuView>> {}

  /** Releases holds. */
  record ReleaseCpus(CpuSet cpus) implements Verb<List<CpuView>> {}

  /** Takes frequency domains back from another program. */
  record ReclaimCpus(CpuSet cpus) implements Verb<List<CpuView>> {}

  /**
   * Enables or disables channels of a VM.
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
