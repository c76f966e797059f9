package dev.vmpower.host.monitor;

import dev.vmpower.host.channel.Channel;
import dev.vmpower.host.channel.Connector;
import dev.vmpower.host.clock.Clocks;
import dev.vmpower.host.clock.HoldException;
import dev.vmpower.host.clock.Holds;
import dev.vmpower.host.clock.ManagedDomain;
import dev.vmpower.host.config.Config;
import dev.vmpower.host.view.ChannelView;
import dev.vmpower.host.view.CpuView;
import dev.vmpower.host.view.StatusView;
import dev.vmpower.host.view.VmView;
import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.sysfs.SysfsException;
import java.util.BitSet;
import java.util.List;

/**
 * Does what operators ask. A verb that changes something is answered after its effect is written.
 *
 * <p>Not thread-safe: the monitor thread owns it.
 */
final class Answers {
  private final Clocks clocks;
  private final Holds holds;
  private final Fleet fleet;
  private final Views views;
  private final PolicyDesk policies;
  private final boolean observes;
  private String libvirt = "off";

  Answers(
      Clocks clocks,
      Holds holds,
      Fleet fleet,
      PolicyDesk policies,
      Statistics statistics,
      Config.Cpu config) {
    this.clocks = clocks;
    this.holds = holds;
    this.fleet = fleet;
    this.policies = policies;
    this.views = new Views(clocks, fleet, statistics);
    this.observes = config.observe();
  }

  void setLibvirt(String state) {
    libvirt = state;
  }

  @SuppressWarnings("unchecked") // each case answers with the type that its verb names
  <T> T answer(Verb<T> verb, long wakeups, long nowNs, long nowMs) throws Verb.RefusedException {
    return (T)
        switch (verb) {
          case Verb.ListVms() -> vms();
          case Verb.ShowVm show -> views.vm(entry(show.vm()));
          case Verb.ListChannels() -> channels();
          case Verb.ListCpus() -> views.cpus(clocks.topology().present());
          case Verb.ShowCpus show -> showCpus(show.cpus());
          case Verb.ListPinning() -> views.pinning();
          case Verb.Status() -> status(wakeups);
          case Verb.SetCpus set -> {
            try {
              holds.set(set.cpus(), set.level(), set.who(), nowNs, nowMs);
            } catch (HoldException refused) {
              throw new Verb.RefusedException(refused.getMessage());
            }
            yield views.cpus(set.cpus());
          }
          case Verb.ReleaseCpus release -> {
            try {
              holds.release(release.cpus(), nowNs, nowMs);
            } catch (HoldException refused) {
              throw new Verb.RefusedException(refused.getMessage());
            }
            yield views.cpus(release.cpus());
          }
          case Verb.ReclaimCpus reclaim -> reclaim(reclaim.cpus(), nowNs, nowMs);
          case Verb.EnableChannels enable -> enable(enable, nowNs, nowMs);
          case Verb.ListPolicies() -> policies.list();
          case Verb.ShowPolicy show -> policies.show(show.name());
          case Verb.ApplyPolicies apply -> policies.apply(apply.policies(), nowNs, nowMs);
          case Verb.RemovePolicy remove -> policies.remove(remove.name(), nowNs, nowMs);
          case Verb.Pause pause -> {
            if (observes && !pause.paused()) {
              throw new Verb.RefusedException(
                  "mode is \"observe\" in the configuration; change it there and restart");
            }
            clocks.setPassive(pause.paused());
            clocks.settle(nowNs, nowMs);
            yield status(wakeups);
          }
        };
  }

  private List<VmView> vms() {
    return fleet.entries().stream().map(views::vm).toList();
  }

  private Fleet.Entry entry(String vm) throws Verb.RefusedException {
    Fleet.Entry entry = fleet.entry(vm);
    if (entry == null) {
      throw new Verb.RefusedException("there is no VM '" + vm + "'; see vmpowerctl vm list");
    }
    return entry;
  }

  private List<CpuView> showCpus(CpuSet cpus) throws Verb.RefusedException {
    CpuSet present = clocks.topology().present();
    for (int i = 0; i < cpus.size(); i++) {
      if (!present.contains(cpus.get(i))) {
        throw new Verb.RefusedException(
            "there is no pCPU " + cpus.get(i) + "; this host has " + present);
      }
    }
    return views.cpus(cpus);
  }

  private List<ChannelView> channels() {
    return fleet.entries().stream().flatMap(entry -> views.channels(entry).stream()).toList();
  }

  private StatusView status(long wakeups) {
    String mode = clocks.isPassive() ? (observes ? "observe" : "paused") : "control";
    return views.status(mode, libvirt, wakeups);
  }

  private List<CpuView> reclaim(CpuSet cpus, long nowNs, long nowMs) throws Verb.RefusedException {
    try {
      for (int i = 0; i < cpus.size(); i++) {
        ManagedDomain managed = clocks.domainOf(cpus.get(i));
        if (managed == null || !managed.isManaged()) {
          throw new Verb.RefusedException("pCPU " + cpus.get(i) + " is not managed");
        }
        clocks.reclaim(managed);
      }
    } catch (SysfsException refused) {
      throw new Verb.RefusedException(refused.getMessage());
    }
    clocks.settle(nowNs, nowMs);
    return views.cpus(cpus);
  }

  private List<ChannelView> enable(Verb.EnableChannels verb, long nowNs, long nowMs)
      throws Verb.RefusedException {
    Fleet.Entry entry = entry(verb.vm());
    BitSet numbers = new BitSet();
    CpuSet named = verb.channels();
    if (named == null) {
      numbers.set(0, Connector.CHANNELS_PER_VM_MAX);
    } else {
      for (int i = 0; i < named.size(); i++) {
        requireChannel(entry, named.get(i));
        numbers.set(named.get(i));
      }
    }
    fleet.enable(entry, numbers, verb.enabled(), nowMs);
    clocks.settle(nowNs, nowMs);
    return views.channels(entry);
  }

  private void requireChannel(Fleet.Entry entry, int number) throws Verb.RefusedException {
    Channel channel = entry.channels.get(number);
    if (channel == null && !views.isKnown(entry, number)) {
      throw new Verb.RefusedException(
          entry.vm.name() + " has no channel " + number + "; see vmpowerctl channel list");
    }
  }
}
