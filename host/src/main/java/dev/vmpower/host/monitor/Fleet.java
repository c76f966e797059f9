package dev.vmpower.host.monitor;

import dev.vmpower.host.arbiter.Envelope;
import dev.vmpower.host.channel.Channel;
import dev.vmpower.host.channel.Connector;
import dev.vmpower.host.channel.Target;
import dev.vmpower.host.clock.Clocks;
import dev.vmpower.host.config.Config;
import dev.vmpower.host.vm.Vcpu;
import dev.vmpower.host.vm.Vm;
import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.libvirt.DomainInfo;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All VMs: those that libvirt tells of, and the static ones of the configuration. What libvirt
 * tells goes first where both have a name, and what operators changed goes before either.
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
    final Arrival arrival = new Arrival();

    /** Its sockets, as libvirt or the configuration names them; none while it is shut off. */
    List<Target> targets = List.of();

    /** Sockets at other places, for this run. */
    final TreeMap<Integer, Path> sockets = new TreeMap<>();

    /** vCPUs of a static VM that run elsewhere than the configuration says, for this run. */
    final Map<Integer, CpuSet> pinned = new HashMap<>();

    /** What libvirt said last; null of a static VM. */
    @Nullable DomainInfo domain;

    private final Map<Integer, ComingsAndGoings> comings = new HashMap<>();

    Entry(Vm vm) {
      this.vm = vm;
    }

    /** Whether the log may have a line about the coming or going of {@code channel}. */
    boolean isLineDue(Channel channel, long nowMs) {
      return comings
          .computeIfAbsent(channel.number(), number -> new ComingsAndGoings())
          .isDue(channel, nowMs);
    }

    /** All its sockets that are wanted now. */
    List<Target> wanted() {
      if (sockets.isEmpty() || targets.isEmpty()) {
        return targets;
      }
      List<Target> all = new ArrayList<>(targets);
      sockets.forEach((number, path) -> all.add(target(number, path)));
      return all;
    }

    private Target target(int number, Path path) {
      return targets.getFirst() instanceof Target.OfDirectory directory
          ? new Target.OfStatic(vm.name(), number, path, directory.peerUid())
          : new Target.OfDomain(vm.name(), number, path);
    }
  }

  private final Clocks clocks;
  private final Connections connections;
  private final Overrides overrides;
  private final TreeMap<String, Entry> byName = new TreeMap<>();
  private final Map<String, Entry> byUuid = new HashMap<>();
  private final Map<String, DomainInfo> away = new HashMap<>();
  private Map<String, Config.VmEntry> configured = Map.of();
  private CpuSet fifos = CpuSet.of();
  private boolean changed;

  /** An empty fleet. */
  Fleet(Clocks clocks, Connections connections, Overrides overrides) {
    this.clocks = clocks;
    this.connections = connections;
    this.overrides = overrides;
  }

  /** Takes up the {@code [[vm]]} entries: new ones, changed ones, and those that are no more. */
  void configure(List<Config.VmEntry> vms, long nowMs) {
    configured = vms.stream().collect(Collectors.toMap(Config.VmEntry::name, entry -> entry));
    configure(nowMs);
  }

  /** Brings the static VMs, and the limits of all, to what configuration and operators say now. */
  void configure(long nowMs) {
    List<Config.VmEntry> entries = overrides.entries(configured.values());
    Set<String> statics = new HashSet<>();
    entries.stream().filter(vm -> vm.channels() != null).forEach(vm -> statics.add(vm.name()));
    for (Entry entry : List.copyOf(byName.values())) {
      if (entry.vm.isStatic() && !statics.contains(entry.vm.name())) {
        remove(entry, nowMs);
      }
    }
    for (Config.VmEntry config : entries) {
      Entry entry = byName.get(config.name());
      if (entry == null && config.channels() != null) {
        entry = add(new Vm(config.name(), null, Vm.State.STATIC));
      }
      if (entry != null && entry.vm.isStatic()) {
        configureStatic(entry, config, nowMs);
      }
    }
    addFifos();
    byName.values().forEach(entry -> limit(entry.vm));
    changed = true;
  }

  /** Makes a VM of each pCPU that has a FIFO; a VM that has such a name goes before it. */
  void setFifos(CpuSet cpus) {
    fifos = cpus;
    addFifos();
    changed = true;
  }

  private void addFifos() {
    for (int cpu : fifos.stream().toArray()) {
      String name = Vm.fifoName(cpu);
      if (!byName.containsKey(name) && !overrides.isRemoved(name)) {
        add(Vm.ofFifo(cpu));
      }
    }
  }

  private void configureStatic(Entry entry, Config.VmEntry config, long nowMs) {
    if (config.channels() == null) {
      return;
    }
    Map<Integer, CpuSet> pinning = new HashMap<>();
    for (int i = 0; i < config.vcpus().size(); i++) {
      pinning.put(i, entry.pinned.getOrDefault(i, config.vcpus().get(i)));
    }
    setVcpus(entry, pinning);
    entry.vm.setInterfaces(config.interfaces());
    List<Target> targets =
        List.of(new Target.OfDirectory(config.name(), config.channels(), config.peerUid()));
    if (!entry.targets.isEmpty() && !entry.targets.equals(targets)) {
      connections.closeAll(entry, nowMs);
    }
    entry.targets = targets;
  }

  private void limit(Vm vm) {
    Config.VmEntry config = overrides.entry(vm.name(), configured);
    Envelope envelope = config == null ? Envelope.HARDWARE : config.envelope();
    vm.setEnvelope(overrides.envelope(vm.name(), envelope));
    vm.setMayQuery(overrides.mayQuery(vm.name(), config != null && config.query()));
  }

  private Entry add(Vm vm) {
    Entry entry = new Entry(vm);
    byName.put(vm.name(), entry);
    if (vm.uuid() != null) {
      byUuid.put(vm.uuid(), entry);
    }
    limit(vm);
    LOG.info("{} is known now ({})", vm, vm.source());
    return entry;
  }

  private void remove(Entry entry, long nowMs) {
    connections.closeAll(entry, nowMs);
    byName.remove(entry.vm.name());
    if (entry.vm.uuid() != null) {
      byUuid.remove(entry.vm.uuid());
    }
    changed = true;
    LOG.info("{} is known no more", entry.vm);
  }

  /** Forgets a VM that operators want to stay away. */
  void putAway(Entry entry, long nowMs) {
    DomainInfo domain = entry.domain;
    if (domain != null) {
      away.put(domain.uuid(), domain);
    }
    remove(entry, nowMs);
    configure(nowMs);
  }

  /** Takes up again what operators wanted to stay away. */
  void bringBack(String vm, long nowMs) {
    configure(nowMs);
    for (DomainInfo domain : List.copyOf(away.values())) {
      if (domain.name().equals(vm)) {
        domain(domain, nowMs);
      }
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
    away.keySet().retainAll(uuids);
    domains.forEach(domain -> domain(domain, nowMs));
  }

  /** What libvirt knows of one domain now. */
  void domain(DomainInfo domain, long nowMs) {
    Entry entry = byUuid.get(domain.uuid());
    if (entry != null && !entry.vm.name().equals(domain.name())) {
      remove(entry, nowMs);
      configure(nowMs); // a static VM of that name counts again
      entry = null;
    }
    away.remove(domain.uuid());
    if (overrides.isRemoved(domain.name())) {
      away.put(domain.uuid(), domain);
      return;
    }
    if (entry == null) {
      Entry namesake = byName.get(domain.name());
      if (namesake != null) {
        remove(namesake, nowMs);
      }
      entry = add(new Vm(domain.name(), domain.uuid(), state(domain)));
    }
    entry.domain = domain;
    entry.arrival.observe(domain);
    entry.vm.setInterfaces(domain.interfaces());
    entry.vm.setState(state(domain));
    Map<Integer, CpuSet> pinning = new HashMap<>();
    domain.vcpus().forEach(vcpu -> pinning.put(vcpu.number(), vcpu.cpus()));
    setVcpus(entry, pinning);
    List<Target> targets = new ArrayList<>();
    if (entry.vm.state() == Vm.State.SHUT_OFF) {
      connections.closeAll(entry, nowMs);
      entry.closedPorts.clear();
    } else {
      for (DomainInfo.ChannelInfo channel : domain.channels()) {
        targets.add(new Target.OfDomain(domain.name(), channel.number(), channel.path()));
        if (Boolean.TRUE.equals(channel.guestOpen())) {
          connections.portOpened(entry, channel.number(), nowMs);
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
      connections.forget(entry, removed);
    }
    changed = true;
  }

  void gone(String uuid, long nowMs) {
    away.remove(uuid);
    Entry entry = byUuid.get(uuid);
    if (entry != null) {
      remove(entry, nowMs);
      configure(nowMs); // a static VM of that name counts again
    }
  }

  /** A reset: every vCPU begins again as MAX. */
  void rebooted(String uuid, long nowMs) {
    Entry entry = byUuid.get(uuid);
    if (entry != null) {
      LOG.info("{} was reset", entry.vm);
      for (Vcpu vcpu : entry.vm.vcpus()) {
        vcpu.reset(nowMs);
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
      connections.portOpened(entry, number, nowMs);
    } else {
      connections.portClosed(entry, number, nowMs);
    }
  }

  /** Takes up a connection; null if it is wanted no more. */
  @Nullable Channel connected(Event.Connected event, long nowMs) {
    Entry entry = byName.get(event.vm());
    if (entry == null || entry.channels.containsKey(event.number()) || entry.targets.isEmpty()) {
      return null;
    }
    return connections.open(entry, event, overrides.of(entry.vm.name()), nowMs);
  }

  /** A connection ended: its claims end with it. */
  void hungUp(Channel channel, long nowMs) {
    Entry entry = byName.get(channel.vm().name());
    if (entry == null) {
      channel.close();
    } else {
      connections.hungUp(entry, channel, nowMs);
    }
  }

  /** Sockets that are wanted changed. */
  void change() {
    changed = true;
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
    return byName.values().stream().flatMap(entry -> entry.wanted().stream()).toList();
  }

  Collection<Entry> entries() {
    return byName.values();
  }

  @Nullable Entry entry(String vm) {
    return byName.get(vm);
  }

  /** What the configuration says of {@code vm}, or whoever added it. */
  Config.@Nullable VmEntry configured(String vm) {
    return overrides.entry(vm, configured);
  }

  /** Closes every connection without ending any claim: the daemon ends, the guests go on. */
  void closeSockets() {
    for (Entry entry : byName.values()) {
      entry.channels.values().forEach(Channel::close);
    }
  }
}
