package dev.vmpower.host.clock;

import dev.vmpower.host.arbiter.Pace;
import dev.vmpower.host.config.Config;
import dev.vmpower.host.vm.Refusal;
import dev.vmpower.host.vm.Vcpu;
import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.cpu.Topology;
import dev.vmpower.machine.cpufreq.DomainsLook;
import dev.vmpower.machine.cpufreq.FrequencyDomain;
import dev.vmpower.machine.cpufreq.FrequencyDomains;
import dev.vmpower.machine.sysfs.Sysfs;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Which pCPU has which clock: from pCPUs to frequency domains to the groups settled together. */
final class ClockMap {
  private static final Logger LOG = LoggerFactory.getLogger("vmpower.cpufreq");
  private static final int[] NOWHERE = {};

  private final Topology topology;
  private final boolean turbo;
  private final List<ManagedDomain> domains;
  private final DomainsLook look;
  private final List<String> problems;
  private final List<ClockGroup> groups = new ArrayList<>();
  private final ClockGroup[] groupOfDomain;
  private final @Nullable ManagedDomain[] domainOfCpu;
  private final int lowestBaseKhz;

  private ClockMap(
      Topology topology,
      boolean turbo,
      List<ManagedDomain> domains,
      DomainsLook look,
      List<String> problems,
      Config.Cpu config) {
    this.topology = topology;
    this.turbo = turbo;
    this.domains = domains;
    this.look = look;
    this.problems = problems;
    this.groupOfDomain = new ClockGroup[domains.size()];
    int cpus =
        domains.stream().mapToInt(managed -> lastOf(managed.domain.cpus()) + 1).max().orElse(0);
    this.domainOfCpu = new ManagedDomain[cpus];
    this.lowestBaseKhz =
        domains.stream().mapToInt(managed -> managed.domain.baseKhz()).min().orElse(0);
    for (ManagedDomain managed : domains) {
      managed.domain.cpus().forEach(cpu -> domainOfCpu[cpu] = managed);
      managed.online = managed.domain.cpus().intersection(topology.online());
      managed.setTurbo(turbo);
      managed.looks.shareAmong(domains.size());
    }
    for (ManagedDomain managed : domains) {
      if (groupOfDomain[managed.index] == null) {
        group(managed, config);
      }
    }
  }

  private static int lastOf(CpuSet cpus) {
    return cpus.get(cpus.size() - 1);
  }

  /** Whether the base frequency of {@code managed} is above that of others. */
  boolean hasPriority(ManagedDomain managed) {
    return managed.domain.baseKhz() > lowestBaseKhz;
  }

  /** Reads the tree. Frequency domains that are as in {@code before} keep what was made of them. */
  static ClockMap read(Sysfs sysfs, Config.Cpu config, @Nullable ClockMap before) {
    Topology topology = Topology.read(sysfs);
    DomainsLook look = DomainsLook.of(sysfs, topology.present());
    List<String> problems = new ArrayList<>();
    List<ManagedDomain> domains = new ArrayList<>();
    for (FrequencyDomain domain : FrequencyDomains.read(sysfs, topology.present(), problems::add)) {
      ManagedDomain managed =
          new ManagedDomain(domain, domains.size(), new Pace(config.changesPerSecondMax()));
      ManagedDomain same = before == null ? null : before.sameAs(domain);
      if (same != null) {
        same.moveTo(managed);
      }
      domains.add(managed);
    }
    for (String problem : problems) {
      if (before == null || !before.problems.contains(problem)) {
        LOG.warn("{}", problem);
      }
    }
    boolean turbo = !FrequencyDomains.turboIsOff(sysfs);
    return new ClockMap(topology, turbo, List.copyOf(domains), look, problems, config);
  }

  /** This map if the tree is as it was read, or a new one. */
  ClockMap refresh(Sysfs sysfs, Config.Cpu config) {
    boolean same =
        Topology.readOnline(sysfs, topology.present()).equals(topology.online())
            && !FrequencyDomains.turboIsOff(sysfs) == turbo
            && look.isSame(sysfs, topology.present())
            && !isMended(sysfs);
    // Without a descriptor to look with, all that is known holds on.
    return same || sysfs.ranOutOfDescriptors() ? this : read(sysfs, config, this);
  }

  /**
   * Whether something could now be read or steered that could not: a driver that is being loaded, a
   * pCPU that has just gone offline, or a plain tree that somebody fills.
   */
  private boolean isMended(Sysfs sysfs) {
    if (problems.isEmpty() && canAllBeSteered()) {
      return false;
    }
    List<String> problemsNow = new ArrayList<>();
    List<FrequencyDomain> now = FrequencyDomains.read(sysfs, topology.present(), problemsNow::add);
    return !problemsNow.equals(problems)
        || !now.stream()
            .map(FrequencyDomain::steering)
            .toList()
            .equals(domains.stream().map(managed -> managed.domain.steering()).toList());
  }

  private boolean canAllBeSteered() {
    for (ManagedDomain managed : domains) {
      if (!managed.domain.canBeSteered()) {
        return false;
      }
    }
    return true;
  }

  private @Nullable ManagedDomain sameAs(FrequencyDomain domain) {
    for (ManagedDomain managed : domains) {
      FrequencyDomain known = managed.domain;
      if (known.number() == domain.number()
          && known.cpus().equals(domain.cpus())
          && known.driver().equals(domain.driver())
          && known.steering() == domain.steering()) {
        return managed;
      }
    }
    return null;
  }

  /** The frequency domains of this map that are not in {@code fresh}. */
  List<ManagedDomain> lostIn(ClockMap fresh) {
    return domains.stream().filter(managed -> fresh.sameAs(managed.domain) == null).toList();
  }

  /** Collects what the hyper-threads of {@code first} tie to it. */
  private void group(ManagedDomain first, Config.Cpu config) {
    boolean reserved = isReserved(first, config);
    Set<ManagedDomain> together = new LinkedHashSet<>();
    List<ManagedDomain> open = new ArrayList<>(List.of(first));
    while (!open.isEmpty()) {
      ManagedDomain managed = open.removeLast();
      if (together.add(managed) && config.smtTogether() && !reserved) {
        managed.domain.cpus().forEach(cpu -> open.addAll(siblingsOf(cpu, config)));
      }
    }
    ClockGroup group = new ClockGroup(List.copyOf(together), reserved);
    groups.add(group);
    together.forEach(managed -> groupOfDomain[managed.index] = group);
  }

  private List<ManagedDomain> siblingsOf(int cpu, Config.Cpu config) {
    List<ManagedDomain> found = new ArrayList<>();
    topology
        .siblings()
        .getOrDefault(cpu, CpuSet.of())
        .forEach(
            sibling -> {
              ManagedDomain managed = domainOf(sibling);
              if (managed != null && !isReserved(managed, config)) {
                found.add(managed);
              }
            });
    return found;
  }

  private static boolean isReserved(ManagedDomain managed, Config.Cpu config) {
    return managed.domain.cpus().intersects(config.reserved());
  }

  /** Works out for each vCPU whether its votes can count, and where. */
  void place(Collection<Vcpu> vcpus, Config.Cpu config) {
    Map<ClockGroup, List<Vcpu>> members = new HashMap<>();
    for (Vcpu vcpu : vcpus) {
      Refusal standing = standing(vcpu, config);
      int[] where = standing == null ? domainsOf(vcpu) : NOWHERE;
      vcpu.place(standing, where, Arrays.stream(where).map(this::policyOf).toArray());
      Arrays.stream(where)
          .mapToObj(index -> groupOfDomain[index])
          .distinct()
          .forEach(group -> members.computeIfAbsent(group, g -> new ArrayList<>()).add(vcpu));
    }
    for (ClockGroup group : groups) {
      group.members = members.getOrDefault(group, List.of()).toArray(new Vcpu[0]);
    }
  }

  private int policyOf(int index) {
    return domains.get(index).domain.number();
  }

  private int[] domainsOf(Vcpu vcpu) {
    return vcpu.cpus().stream()
        .filter(topology.online()::contains)
        .mapToObj(this::domainOf)
        .distinct()
        .mapToInt(managed -> managed.index)
        .toArray();
  }

  private @Nullable Refusal standing(Vcpu vcpu, Config.Cpu config) {
    CpuSet cpus = vcpu.cpus();
    CpuSet online = topology.online();
    boolean floats = cpus.size() > config.maxPcpusPerVcpu() || cpus.containsAll(online);
    if (cpus.isEmpty() || (cpus.size() > 1 && floats && !config.allowUnpinned())) {
      return Refusal.UNPINNED;
    }
    Refusal standing = null;
    boolean anyOnline = false;
    for (int i = 0; i < cpus.size(); i++) {
      int cpu = cpus.get(i);
      ManagedDomain managed = domainOf(cpu);
      if (config.reserved().contains(cpu) || (managed != null && isReserved(managed, config))) {
        return Refusal.RESERVED;
      }
      if (online.contains(cpu)) {
        anyOnline = true;
        if (managed == null) {
          standing = Refusal.NO_CPUFREQ;
        } else if (!managed.domain.canBeSteered()) {
          standing = Refusal.DRIVER;
        }
      }
    }
    return anyOnline ? standing : Refusal.OFFLINE;
  }

  String summary() {
    return domains.size() + " frequency domains, pCPUs " + topology.online() + " online";
  }

  Topology topology() {
    return topology;
  }

  /** Whether the host has turbo switched on. */
  boolean turbo() {
    return turbo;
  }

  List<ManagedDomain> domains() {
    return domains;
  }

  List<ClockGroup> groups() {
    return groups;
  }

  ClockGroup group(ManagedDomain managed) {
    return groupOfDomain[managed.index];
  }

  @Nullable ManagedDomain domainOf(int cpu) {
    return cpu < domainOfCpu.length ? domainOfCpu[cpu] : null;
  }

  @Nullable ClockGroup groupOf(int cpu) {
    ManagedDomain managed = domainOf(cpu);
    return managed == null ? null : groupOfDomain[managed.index];
  }
}
