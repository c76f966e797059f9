package dev.vmpower.host.monitor;

import dev.vmpower.host.arbiter.Envelope;
import dev.vmpower.host.channel.Connector;
import dev.vmpower.host.channel.Target;
import dev.vmpower.host.clock.Clocks;
import dev.vmpower.host.clock.ManagedDomain;
import dev.vmpower.host.config.Config;
import dev.vmpower.host.orders.Orders;
import dev.vmpower.host.vm.Vcpu;
import dev.vmpower.host.vm.Vm;
import dev.vmpower.machine.cpu.CpuSet;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;

/**
 * What operators change of VMs and channels. What cannot be done whole is refused in one line and
 * changes nothing.
 *
 * <p>Not thread-safe: the monitor thread owns it.
 */
final class VmDesk {
  /** The most channels that one request may add, and the longest path that a socket can have. */
  private static final int SOCKET_PATH_BYTES_MAX = 107;

  private static final int NAME_CHARS_MAX = 256;

  private final Clocks clocks;
  private final Fleet fleet;
  private final Connections connections;
  private final Overrides overrides;
  private final CpuSet reserved;

  VmDesk(
      Clocks clocks, Fleet fleet, Connections connections, Overrides overrides, Config.Cpu config) {
    this.clocks = clocks;
    this.fleet = fleet;
    this.connections = connections;
    this.overrides = overrides;
    this.reserved = config.reserved();
  }

  /** The VM of this name. */
  Fleet.Entry vm(String name) throws Verb.RefusedException {
    Fleet.Entry entry = fleet.entry(name);
    if (entry == null) {
      throw refused(
          overrides.isRemoved(name)
              ? "VM '%s' was removed; vmpowerctl vm add %s takes it up again".formatted(name, name)
              : "there is no VM '%s'; see vmpowerctl vm list".formatted(name));
    }
    return entry;
  }

  void add(Verb.AddVm verb, long nowMs) throws Verb.RefusedException {
    String name = verb.vm();
    if (fleet.entry(name) != null) {
      throw refused("there is a VM '%s' already; see vmpowerctl vm show %s".formatted(name, name));
    }
    Path channels = verb.channels();
    if (channels == null) {
      takeUpAgain(verb, nowMs);
      return;
    }
    if (overrides.isRemoved(name)) {
      throw refused(
          "VM '%s' was removed; vmpowerctl vm add %s takes it up again".formatted(name, name));
    }
    requireName(name);
    if (!channels.isAbsolute()) {
      throw refused(
          "'%s' is no absolute path: name the directory of its sockets".formatted(channels));
    }
    if (verb.vcpus().isEmpty()) {
      throw refused("'%s' has no vCPU: say on which pCPUs each of them runs".formatted(name));
    }
    for (CpuSet cpus : verb.vcpus()) {
      requireUsable(cpus);
    }
    requireRoom(name);
    Config.VmEntry configured = fleet.configured(name);
    Envelope before = configured == null ? Envelope.HARDWARE : configured.envelope();
    boolean query = configured != null && configured.query();
    overrides.add(
        new Config.VmEntry(
            name,
            channels,
            List.copyOf(verb.vcpus()),
            verb.peerUid(),
            Objects.requireNonNullElse(verb.query(), query),
            envelope(verb.limits(), before)));
    fleet.configure(nowMs);
  }

  private void takeUpAgain(Verb.AddVm verb, long nowMs) throws Verb.RefusedException {
    String name = verb.vm();
    boolean onlyName =
        verb.vcpus().isEmpty()
            && verb.peerUid() == null
            && verb.query() == null
            && verb.limits().equals(Orders.Limits.NONE);
    if (!onlyName || !overrides.takeUpAgain(name)) {
      throw refused(
          "no VM '%s' was removed: name the directory of its sockets, and the pCPUs of its vCPUs"
              .formatted(name));
    }
    fleet.bringBack(name, nowMs);
    vm(name); // it may have gone for good meanwhile
  }

  private static void requireName(String name) throws Verb.RefusedException {
    if (name.isEmpty()
        || name.length() > NAME_CHARS_MAX
        || name.indexOf('/') >= 0
        || name.chars().anyMatch(Character::isISOControl)) {
      throw refused(
          "a name has 1 to %d characters, no '/' and no control characters"
              .formatted(NAME_CHARS_MAX));
    }
  }

  private void requireRoom(String vm) throws Verb.RefusedException {
    if (!overrides.hasRoomFor(vm)) {
      throw refused(
          "more than %d VMs are changed: vmpowerctl vm envelope VM --reset some"
              .formatted(Overrides.VMS_MAX));
    }
  }

  private void requireUsable(CpuSet cpus) throws Verb.RefusedException {
    for (int i = 0; i < cpus.size(); i++) {
      int cpu = cpus.get(i);
      if (!clocks.topology().present().contains(cpu)) {
        throw refused("there is no pCPU " + cpu);
      }
      ManagedDomain managed = clocks.domainOf(cpu);
      if (reserved.contains(cpu) || (managed != null && clocks.isReserved(managed))) {
        throw refused("pCPU " + cpu + " is reserved, or shares its clock with one that is");
      }
      if (!clocks.topology().online().contains(cpu)) {
        throw refused("pCPU " + cpu + " is offline");
      }
    }
  }

  void remove(String name, long nowMs) throws Verb.RefusedException {
    Fleet.Entry entry = vm(name);
    requireRoom(name);
    overrides.remove(name);
    fleet.putAway(entry, nowMs);
  }

  Fleet.Entry allowQuery(Verb.AllowQuery verb, long nowMs) throws Verb.RefusedException {
    Fleet.Entry entry = vm(verb.vm());
    requireRoom(verb.vm());
    overrides.setQuery(verb.vm(), verb.allowed());
    fleet.configure(nowMs);
    return entry;
  }

  Fleet.Entry setEnvelope(Verb.SetEnvelope verb, long nowMs) throws Verb.RefusedException {
    Fleet.Entry entry = vm(verb.vm());
    requireRoom(verb.vm());
    if (!verb.reset() && verb.limits().equals(Orders.Limits.NONE)) {
      throw refused("nothing to change: name min_khz, max_khz, turbo, enforce or reset");
    }
    Orders.Limits before = verb.reset() ? Orders.Limits.NONE : overrides.of(verb.vm()).limits();
    Orders.Limits limits = verb.limits().over(before);
    Config.VmEntry configured = fleet.configured(verb.vm());
    envelope(limits, configured == null ? Envelope.HARDWARE : configured.envelope());
    overrides.setLimits(verb.vm(), limits);
    fleet.configure(nowMs);
    return entry;
  }

  private static Envelope envelope(Orders.Limits limits, Envelope before)
      throws Verb.RefusedException {
    Envelope envelope = Overrides.apply(limits, before);
    if (envelope.minKhz() > envelope.maxKhz()) {
      throw refused(
          "min_khz " + envelope.minKhz() + " would be above max_khz " + envelope.maxKhz());
    }
    return envelope;
  }

  void pin(Verb.PinVcpu verb, long nowMs) throws Verb.RefusedException {
    Fleet.Entry entry = vm(verb.vm());
    Vm vm = entry.vm;
    if (!vm.isStatic()) {
      throw refused(vm + " is libvirt's to pin");
    }
    Vcpu vcpu = vm.vcpu(verb.vcpu());
    if (vcpu == null) {
      throw refused("%s has no vCPU %d; see vmpowerctl vm show %s".formatted(vm, verb.vcpu(), vm));
    }
    requireUsable(verb.cpus());
    entry.pinned.put(verb.vcpu(), verb.cpus());
    fleet.configure(nowMs);
  }

  Fleet.Entry addChannel(Verb.AddChannel verb, boolean known) throws Verb.RefusedException {
    Fleet.Entry entry = vm(verb.vm());
    int number = verb.channel();
    Path path = verb.path();
    if (number < 0 || number >= Connector.CHANNELS_PER_VM_MAX) {
      throw refused(
          "there is no channel %d: they go from 0 to %d"
              .formatted(number, Connector.CHANNELS_PER_VM_MAX - 1));
    }
    if (known) {
      throw refused("%s has a channel %d already".formatted(entry.vm, number));
    }
    if (!path.isAbsolute() || path.getFileName() == null) {
      throw refused("'%s' is no absolute path of a socket".formatted(path));
    }
    if (path.toString().getBytes(StandardCharsets.UTF_8).length > SOCKET_PATH_BYTES_MAX) {
      throw refused("a socket's path has at most " + SOCKET_PATH_BYTES_MAX + " bytes");
    }
    for (Target target : fleet.targets()) {
      if (names(target, path.normalize())) {
        throw refused("%s is a channel of %s".formatted(path, target.vm()));
      }
    }
    entry.sockets.put(number, path.normalize());
    fleet.change();
    return entry;
  }

  private static boolean names(Target target, Path path) {
    return switch (target) {
      case Target.One one -> one.path().normalize().equals(path);
      case Target.OfDirectory all -> {
        String name = String.valueOf(path.getFileName());
        int dot = name.lastIndexOf('.');
        yield all.directory().normalize().equals(path.getParent())
            && name.substring(0, Math.max(dot, 0)).equals(all.vm());
      }
    };
  }

  Fleet.Entry enable(Verb.EnableChannels verb, Views views, long nowMs)
      throws Verb.RefusedException {
    Fleet.Entry entry = vm(verb.vm());
    requireRoom(verb.vm());
    BitSet numbers = new BitSet();
    CpuSet named = verb.channels();
    if (named == null) {
      numbers.set(0, Connector.CHANNELS_PER_VM_MAX);
    } else {
      for (int i = 0; i < named.size(); i++) {
        if (!views.isKnown(entry, named.get(i))) {
          throw refused(
              entry.vm + " has no channel " + named.get(i) + "; see vmpowerctl channel list");
        }
        numbers.set(named.get(i));
      }
    }
    BitSet off = overrides.disabled(verb.vm());
    if (verb.enabled()) {
      off.andNot(numbers);
    } else {
      off.or(numbers);
    }
    overrides.setDisabled(verb.vm(), CpuSet.copyOf(off));
    connections.disable(entry, off, nowMs);
    return entry;
  }

  private static Verb.RefusedException refused(String line) {
    return new Verb.RefusedException(line);
  }
}
