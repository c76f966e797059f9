package dev.vmpower.host.monitor;

import dev.vmpower.host.arbiter.Envelope;
import dev.vmpower.host.channel.Channel;
import dev.vmpower.host.channel.Connector;
import dev.vmpower.host.channel.Target;
import dev.vmpower.host.claims.ClaimLedger;
import dev.vmpower.host.clock.Clocks;
import dev.vmpower.host.config.Config;
import dev.vmpower.host.vm.Vcpu;
import dev.vmpower.host.vm.Vm;
import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.libvirt.DomainInfo;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All VMs and their channels: those that libvirt tells of, and the static ones of the
 * configuration. What libvirt tells goes first where both have a name.
 *
 * <p>Not thread-safe: the monitor thread owns it.
 */
final class Fleet {
  private static final Logger LOG = LoggerFactory.getLogger("vmpower.vm");

  /** One VM, and what belongs to it and not to its votes. */
  static final class Entry {
    final Vm vm;
    final TreeMap<Integer, Channel> channels = new TreeMap<>();
    final BitSet closedPorts = new BitSet();
    List<Target> targets = List.of();

    Entry(Vm vm) {
      this.vm = vm;
    }
  }

  private final Clocks clocks;
  private final GuestPolicies policies;
  private final ClaimLedger ledger;
  private final Consumer<Channel> lost;
  private final TreeMap<String, Entry> byName = new TreeMap<>();
  private final Map<String, Entry> byUuid = new HashMap<>();
  private final Map<String, BitSet> disabled = new HashMap<>();
  private Map<String, Config.VmEntry> configured = Map.of();
  private boolean changed;

  /**
   * An empty fleet.
   *
   * @param lost is told of each channel that ended, so that it is connected again
   */
  Fleet(Clocks clocks, GuestPolicies policies, ClaimLedger ledger, Consumer<Channel> lost) {
    this.clocks = clocks;
    this.policies = policies;
    this.ledger = ledger;
    this.lost = lost;
  }

  /** Takes up the {@code [[vm]]} entries: new ones, changed ones, and those that are no more. */
  void configure(List<Config.VmEntry> vms, long nowMs) {
    configured = vms.stream().collect(Collectors.toMap(Config.VmEntry::name, entry -> entry));
    for (Entry entry : List.copyOf(byName.values())) {
      Config.VmEntry config = configured.get(entry.vm.name());
      if (entry.vm.isStatic() && (config == null || config.channels() == null)) {
        remove(entry, nowMs);
      }
    }
    for (Config.VmEntry config : vms) {
      Entry entry = byName.get(config.name());
      if (entry == null && config.channels() != null) {
        entry = add(new Vm(config.name(), null, Vm.State.STATIC));
      }
      if (entry != null && entry.vm.isStatic()) {
        configureStatic(entry, config, nowMs);
      }
    }
    byName.values().forEach(entry -> limit(entry.vm));
    changed = true;
  }

  private void configureStatic(Entry entry, Config.VmEntry config, long nowMs) {
    if (config.channels() == null) {
      return;
    }
    Map<Integer, CpuSet> pinning = new HashMap<>();
    for (int i = 0; i < config.vcpus().size(); i++) {
      pinning.put(i, config.vcpus().get(i));
    }
    setVcpus(entry, pinning);
    entry.vm.setInterfaces(config.interfaces());
    List<Target> targets =
        List.of(new Target.OfDirectory(config.name(), config.channels(), config.peerUid()));
    if (!entry.targets.isEmpty() && !entry.targets.equals(targets)) {
      closeAll(entry, nowMs);
    }
    entry.targets = targets;
  }

  private void limit(Vm vm) {
    Config.VmEntry config = configured.get(vm.name());
    vm.setEnvelope(config == null ? Envelope.HARDWARE : config.envelope());
    vm.setMayQuery(config != null && config.query());
  }

  private Entry add(Vm vm) {
    Entry entry = new Entry(vm);
    byName.put(vm.name(), entry);
    if (vm.uuid() != null) {
      byUuid.put(vm.uuid(), entry);
    }
    limit(vm);
    LOG.info("{} is known now ({})", vm, vm.isStatic() ? "static" : "libvirt");
    return entry;
  }

  private void remove(Entry entry, long nowMs) {
    closeAll(entry, nowMs);
    byName.remove(entry.vm.name());
    if (entry.vm.uuid() != null) {
      byUuid.remove(entry.vm.uuid());
    }
    changed = true;
    LOG.info("{} is known no more", entry.vm);
  }

  private void closeAll(Entry entry, long nowMs) {
    for (Channel channel : List.copyOf(entry.channels.values())) {
      hungUp(channel, nowMs);
    }
  }

  /** All domains that libvirt knows; one that is not among them is gone. */
  void domains(List<DomainInfo> domains, long nowMs) {
    Set<String> uuids = domains.stream().map(DomainInfo::uuid).collect(Collectors.toSet());
    for (String uuid : List.copyOf(byUuid.keySet())) {
      if (!uuids.contains(uuid)) {
        gone(uuid, nowMs);
      }
    }
    domains.forEach(domain -> domain(domain, nowMs));
  }

  /** What libvirt knows of one domain now. */
  void domain(DomainInfo domain, long nowMs) {
    Entry entry = byUuid.get(domain.uuid());
    if (entry != null && !entry.vm.name().equals(domain.name())) {
      remove(entry, nowMs);
      entry = null;
    }
    if (entry == null) {
      Entry namesake = byName.get(domain.name());
      if (namesake != null) {
        remove(namesake, nowMs);
      }
      entry = add(new Vm(domain.name(), domain.uuid(), state(domain)));
    }
    entry.vm.setState(state(domain));
    Map<Integer, CpuSet> pinning = new HashMap<>();
    domain.vcpus().forEach(vcpu -> pinning.put(vcpu.number(), vcpu.cpus()));
    setVcpus(entry, pinning);
    entry.vm.setInterfaces(domain.interfaces());
    List<Target> targets = new ArrayList<>();
    if (entry.vm.state() == Vm.State.SHUT_OFF) {
      closeAll(entry, nowMs);
      entry.closedPorts.clear();
    } else {
      for (DomainInfo.ChannelInfo channel : domain.channels()) {
        targets.add(new Target.OfDomain(domain.name(), channel.number(), channel.path()));
        if (Boolean.TRUE.equals(channel.guestOpen())) {
          portOpened(entry, channel.number());
        }
      }
    }
    entry.targets = targets;
    changed = true;
  }

  private static Vm.State state(DomainInfo domain) {
    return switch (domain.state()) {
      case RUNNING -> Vm.State.RUNNING;
      case PAUSED -> Vm.State.PAUSED;
      case SHUT_OFF -> Vm.State.SHUT_OFF;
    };
  }

  private void setVcpus(Entry entry, Map<Integer, CpuSet> pinning) {
    for (Vcpu removed : entry.vm.setVcpus(pinning)) {
      entry.channels.values().forEach(channel -> channel.forget(removed));
      ledger.change();
    }
    changed = true;
  }

  void gone(String uuid, long nowMs) {
    Entry entry = byUuid.get(uuid);
    if (entry != null) {
      remove(entry, nowMs);
      configure(List.copyOf(configured.values()), nowMs); // a static VM of that name counts again
    }
  }

  /** A reset: every vCPU begins again as MAX. */
  void rebooted(String uuid, long nowMs) {
    Entry entry = byUuid.get(uuid);
    if (entry != null) {
      LOG.info("{} was reset", entry.vm);
      for (Vcpu vcpu : entry.vm.vcpus()) {
        vcpu.beginAgain(nowMs);
        clocks.touch(vcpu);
      }
    }
  }

  /** The guest opened a port, or has had it closed for long: then its claims end. */
  void guestPort(String uuid, int number, boolean open, long nowMs) {
    Entry entry = byUuid.get(uuid);
    if (entry == null || number < 0 || number >= Connector.CHANNELS_PER_VM_MAX) {
      return;
    }
    if (open) {
      portOpened(entry, number);
      return;
    }
    entry.closedPorts.set(number);
    Channel channel = entry.channels.get(number);
    if (channel != null) {
      channel.setPortClosed(true);
      if (!channel.isDisabled()) {
        release(channel, nowMs);
      }
    }
  }

  private static void portOpened(Entry entry, int number) {
    entry.closedPorts.clear(number);
    Channel channel = entry.channels.get(number);
    if (channel != null) {
      channel.setPortClosed(false);
    }
  }

  private void release(Channel channel, long nowMs) {
    List<Vcpu> released = channel.releaseClaims(nowMs);
    if (!released.isEmpty()) {
      LOG.info("{}: the guest closed its port, its claims end", channel);
      released.forEach(clocks::touch);
      ledger.change();
    }
  }

  /** Takes up a connection; null if it is wanted no more. */
  @Nullable Channel connected(Event.Connected event, long nowMs) {
    Entry entry = byName.get(event.vm());
    if (entry == null || entry.channels.containsKey(event.number()) || entry.targets.isEmpty()) {
      return null;
    }
    Channel channel = new Channel(entry.vm, event.number(), event.socket(), event.peer());
    channel.setDisabled(isDisabled(entry.vm.name(), event.number()));
    channel.setPortClosed(entry.closedPorts.get(event.number()));
    entry.channels.put(event.number(), channel);
    entry.vm.countSocket(1);
    for (int number : ledger.take(entry.vm.name(), event.number(), event.peer())) {
      Vcpu vcpu = entry.vm.vcpu(number);
      if (vcpu != null) {
        channel.claim(vcpu, nowMs);
        clocks.touch(vcpu);
        LOG.info("{} held a claim before the restart, and counts as max until it asks", vcpu);
      }
    }
    ledger.change();
    touchSpokenFor(entry.vm);
    LOG.info("{} is connected (pid {})", channel, event.peer().pid());
    return channel;
  }

  /** A connection ended: its claims end with it. */
  void hungUp(Channel channel, long nowMs) {
    channel.close();
    Entry entry = byName.get(channel.vm().name());
    if (entry == null || !entry.channels.remove(channel.number(), channel)) {
      return;
    }
    channel.releaseClaims(nowMs).forEach(clocks::touch);
    channel.vm().countSocket(-1);
    touchSpokenFor(channel.vm());
    ledger.change();
    lost.accept(channel);
    LOG.info("{} hung up", channel);
  }

  // An envelope or a policy of an operator speaks for vCPUs while their VM is up.
  private void touchSpokenFor(Vm vm) {
    for (Vcpu vcpu : vm.vcpus()) {
      if (vm.envelope().enforce() || vcpu.operatorPolicy() != null) {
        clocks.touch(vcpu);
      }
    }
  }

  /** Enables or disables channels; what was recorded meanwhile comes into force. */
  void enable(Entry entry, BitSet numbers, boolean enabled, long nowMs) {
    BitSet off = disabled.computeIfAbsent(entry.vm.name(), name -> new BitSet());
    if (enabled) {
      off.andNot(numbers);
    } else {
      off.or(numbers);
    }
    for (Channel channel : entry.channels.values()) {
      boolean toEnable = enabled && channel.isDisabled() && numbers.get(channel.number());
      channel.setDisabled(off.get(channel.number()));
      if (toEnable) {
        adoptRecorded(channel, nowMs);
      }
    }
  }

  private void adoptRecorded(Channel channel, long nowMs) {
    for (Vcpu vcpu : channel.vm().vcpus()) {
      if (vcpu.hasRecordedFrom(channel.number())) {
        channel.claim(vcpu, nowMs);
        vcpu.adoptRecorded(nowMs);
        clocks.touch(vcpu);
        ledger.change();
      }
    }
    policies.adoptRecorded(channel, nowMs);
    if (channel.isPortClosed()) {
      release(channel, nowMs);
    }
  }

  boolean isDisabled(String vm, int channel) {
    BitSet off = disabled.get(vm);
    return off != null && off.get(channel);
  }

  /** Whether {@link #placeVcpus} and {@link #targets} have news. */
  boolean takeChanged() {
    boolean was = changed;
    changed = false;
    return was;
  }

  /** Works out anew where every vote counts. */
  void placeVcpus() {
    List<Vcpu> all = new ArrayList<>();
    byName.values().forEach(entry -> all.addAll(entry.vm.vcpus()));
    clocks.place(all);
  }

  /** The sockets that are wanted now. */
  List<Target> targets() {
    return byName.values().stream().flatMap(entry -> entry.targets.stream()).toList();
  }

  Collection<Entry> entries() {
    return byName.values();
  }

  @Nullable Entry entry(String vm) {
    return byName.get(vm);
  }

  /** The claims that channels hold now. */
  List<ClaimLedger.Claim> claims() {
    List<ClaimLedger.Claim> claims = new ArrayList<>();
    for (Entry entry : byName.values()) {
      for (Channel channel : entry.channels.values()) {
        for (Vcpu vcpu : channel.claims()) {
          claims.add(
              new ClaimLedger.Claim(
                  entry.vm.name(), vcpu.number(), channel.number(), channel.peer()));
        }
      }
    }
    return claims;
  }

  /** Closes every connection without ending any claim: the daemon ends, the guests go on. */
  void closeSockets() {
    for (Entry entry : byName.values()) {
      entry.channels.values().forEach(Channel::close);
    }
  }
}
