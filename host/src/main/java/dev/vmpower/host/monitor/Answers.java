package dev.vmpower.host.monitor;

import dev.vmpower.host.clock.Clocks;
import dev.vmpower.host.clock.HoldException;
import dev.vmpower.host.clock.Holds;
import dev.vmpower.host.clock.ManagedDomain;
import dev.vmpower.host.clock.TurboSwitch;
import dev.vmpower.host.config.Config;
import dev.vmpower.host.view.ChannelView;
import dev.vmpower.host.view.CpuView;
import dev.vmpower.host.view.ExplanationView;
import dev.vmpower.host.view.StatusView;
import dev.vmpower.host.view.VmView;
import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.sysfs.SysfsException;
import java.util.ArrayList;
import java.util.List;

/**
 * Does what operators ask. A verb that changes something is answered after its effect is written.
 *
 * <p>Not thread-safe: the monitor thread owns it.
 */
final class Answers {
  /** Places votes and connects channels anew where VMs changed, and writes what follows. */
  interface Settler {
    void settle(long nowNs, long nowMs);
  }

  private final Clocks clocks;
  private final Holds holds;
  private final TurboSwitch turbo;
  private final Fleet fleet;
  private final VmDesk desk;
  private final PolicyDesk policies;
  private final Views views;
  private final Settler settler;
  private final boolean observes;
  private String libvirt = "off";

  Answers(
      Clocks clocks,
      Holds holds,
      TurboSwitch turbo,
      Fleet fleet,
      VmDesk desk,
      PolicyDesk policies,
      Views views,
      Settler settler,
      Config.Cpu config) {
    this.clocks = clocks;
    this.holds = holds;
    this.turbo = turbo;
    this.fleet = fleet;
    this.desk = desk;
    this.policies = policies;
    this.views = views;
    this.settler = settler;
    this.observes = config.observe();
  }

  void setLibvirt(String state) {
    libvirt = state;
  }

  /** Whether what {@code verb} changes is kept across restarts. */
  static boolean isKept(Verb<?> verb) {
    return verb instanceof Verb.SetCpus
        || verb instanceof Verb.ReleaseCpus
        || verb instanceof Verb.SwitchTurbo
        || verb instanceof Verb.EnableChannels
        || verb instanceof Verb.ApplyPolicies
        || verb instanceof Verb.RemovePolicy
        || verb instanceof Verb.AllowQuery
        || verb instanceof Verb.SetEnvelope;
  }

  @SuppressWarnings("unchecked") // each case answers with the type that its verb names
  <T> T answer(Verb<T> verb, long wakeups, long nowNs, long nowMs) throws Verb.RefusedException {
    try {
      return (T)
          switch (verb) {
            case Verb.ListVms() -> vms();
            case Verb.ShowVm show -> views.vm(desk.vm(show.vm()));
            case Verb.ListChannels() -> channels();
            case Verb.ListCpus() -> views.cpus(clocks.topology().present());
            case Verb.ShowCpus show -> showCpus(show.cpus());
            case Verb.Explain explain -> explain(explain.cpu(), nowMs);
            case Verb.ListPinning() -> views.pinning();
            case Verb.Overview() -> views.overview(mode(), libvirt);
            case Verb.Metrics() -> views.metrics(mode(), libvirt, wakeups);
            case Verb.ListDomains() -> views.domains();
            case Verb.Status() -> status(wakeups);
            case Verb.SetCpus set -> {
              holds.set(set.cpus(), set.level(), set.who(), set.forS(), nowNs, nowMs);
              yield views.cpus(set.cpus());
            }
            case Verb.ReleaseCpus release -> {
              holds.release(release.cpus(), nowNs, nowMs);
              yield views.cpus(release.cpus());
            }
            case Verb.SwitchTurbo one -> switchTurbo(one, nowNs, nowMs);
            case Verb.ReclaimCpus reclaim -> reclaim(reclaim.cpus(), nowNs, nowMs);
            case Verb.AddVm add -> {
              desk.add(add, nowMs);
              settler.settle(nowNs, nowMs);
              yield views.vm(desk.vm(add.vm()));
            }
            case Verb.RemoveVm remove -> {
              desk.remove(remove.vm(), nowMs);
              settler.settle(nowNs, nowMs);
              yield remove.vm() + " is removed until vmpowerctl vm add, or the next start";
            }
            case Verb.AllowQuery allow -> vm(desk.allowQuery(allow, nowMs), nowNs, nowMs);
            case Verb.SetEnvelope set -> vm(desk.setEnvelope(set, nowMs), nowNs, nowMs);
            case Verb.PinVcpu pin -> {
              desk.pin(pin, nowMs);
              settler.settle(nowNs, nowMs);
              yield pin.vm() + " vCPU " + pin.vcpu() + " runs on pCPUs " + pin.cpus() + " now";
            }
            case Verb.AddChannel add -> {
              boolean known = views.isKnown(desk.vm(add.vm()), add.channel());
              Fleet.Entry entry = desk.addChannel(add, known);
              settler.settle(nowNs, nowMs);
              yield views.channels(entry);
            }
            case Verb.EnableChannels enable -> {
              Fleet.Entry entry = desk.enable(enable, views, nowMs);
              settler.settle(nowNs, nowMs);
              yield views.channels(entry);
            }
            case Verb.ListPolicies() -> policies.list();
            case Verb.ShowPolicy show -> policies.show(show.name());
            case Verb.ApplyPolicies apply -> policies.apply(apply.policies(), nowNs, nowMs);
            case Verb.RemovePolicy remove -> policies.remove(remove.name(), nowNs, nowMs);
            case Verb.Pause pause -> pause(pause.paused(), wakeups, nowNs, nowMs);
          };
    } catch (HoldException refused) {
      throw new Verb.RefusedException(refused.getMessage());
    }
  }

  private VmView vm(Fleet.Entry entry, long nowNs, long nowMs) {
    settler.settle(nowNs, nowMs);
    return views.vm(entry);
  }

  private List<VmView> vms() {
    return fleet.entries().stream().map(views::vm).toList();
  }

  private List<ChannelView> channels() {
    return fleet.entries().stream().flatMap(entry -> views.channels(entry).stream()).toList();
  }

  private List<CpuView> showCpus(CpuSet cpus) throws Verb.RefusedException {
    for (int i = 0; i < cpus.size(); i++) {
      requirePresent(cpus.get(i));
    }
    return views.cpus(cpus);
  }

  private void requirePresent(int cpu) throws Verb.RefusedException {
    if (!clocks.topology().present().contains(cpu)) {
      throw new Verb.RefusedException("there is no pCPU " + cpu);
    }
  }

  private ExplanationView explain(int cpu, long nowMs) throws Verb.RefusedException {
    requirePresent(cpu);
    return views.explanation(cpu, mode(), nowMs);
  }

  /** Whether the daemon acts: {@code control}, {@code observe} or {@code paused}. */
  String mode() {
    return clocks.isPassive() ? (observes ? "observe" : "paused") : "control";
  }

  private StatusView status(long wakeups) {
    return views.status(mode(), libvirt, wakeups);
  }

  private StatusView pause(boolean paused, long wakeups, long nowNs, long nowMs)
      throws Verb.RefusedException {
    if (observes && !paused) {
      throw new Verb.RefusedException(
          "mode is \"observe\" in the configuration; change it there and restart");
    }
    clocks.setPassive(paused);
    clocks.settle(nowNs, nowMs);
    return status(wakeups);
  }

  private List<CpuView> switchTurbo(Verb.SwitchTurbo verb, long nowNs, long nowMs)
      throws HoldException {
    if (verb.on()) {
      turbo.on(verb.cpus(), nowNs, nowMs);
    } else {
      turbo.off(verb.cpus(), verb.who(), nowNs, nowMs);
    }
    return views.cpus(verb.cpus());
  }

  private List<CpuView> reclaim(CpuSet cpus, long nowNs, long nowMs) throws Verb.RefusedException {
    List<ManagedDomain> domains = new ArrayList<>();
    for (int i = 0; i < cpus.size(); i++) {
      ManagedDomain managed = clocks.domainOf(cpus.get(i));
      if (managed == null || !managed.isManaged()) {
        throw new Verb.RefusedException("pCPU " + cpus.get(i) + " is not managed");
      }
      domains.add(managed);
    }
    try {
      for (ManagedDomain managed : domains) {
        clocks.reclaim(managed);
      }
    } catch (SysfsException refused) {
      throw new Verb.RefusedException(refused.getMessage());
    }
    clocks.settle(nowNs, nowMs);
    return views.cpus(cpus);
  }
}
