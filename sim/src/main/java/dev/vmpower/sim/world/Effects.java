package dev.vmpower.sim.world;

import dev.vmpower.host.orders.Orders;
import dev.vmpower.machine.libvirt.DomainInfo;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What libvirt's events and operators' verbs do, by the rules. */
final class Effects {
  private final World world;
  private final Arbitration host;
  private final Map<String, BitSet> disabled = new HashMap<>();
  private final Map<String, Orders.Limits> limits = new HashMap<>();
  private final Map<String, Boolean> query = new HashMap<>();
  private final Map<String, Map<Integer, Integer>> frozenBefore = new HashMap<>();

  Effects(World world) {
    this.world = world;
    this.host = world.host;
  }

  /** What was kept on the disk. */
  void restore(Orders stored) {
    disabled.clear();
    limits.clear();
    query.clear();
    frozenBefore.clear();
    for (Orders.OfVm vm : stored.vms()) {
      BitSet off = new BitSet();
      vm.disabled().forEach(off::set);
      disabled.put(vm.vm(), off);
      limits.put(vm.vm(), vm.limits());
      if (vm.query() != null) {
        query.put(vm.vm(), vm.query());
      }
      frozenBefore.put(vm.vm(), vm.frozenKhz());
    }
    for (int cpu = 0; cpu < world.shape.cpus; cpu++) {
      host.holds[cpu] = null;
      host.turboOff[cpu] = false;
    }
    for (Orders.Held held : stored.holds()) {
      Long untilMs = held.untilMs();
      if (untilMs == null || untilMs > world.nowMs()) {
        long untilNs =
            untilMs == null
                ? Long.MAX_VALUE
                : world.nowNs + (untilMs - world.nowMs()) * World.NS_PER_MS;
        Arbitration.Hold hold = new Arbitration.Hold(vote(held.level()), untilNs, held.sinceMs());
        held.cpus().forEach(cpu -> host.holds[cpu] = hold);
      }
    }
    stored.turboOff().forEach(off -> off.cpus().forEach(cpu -> host.turboOff[cpu] = true));
  }

  static int vote(String level) {
    return switch (level) {
      case "max" -> Vote.MAX;
      case "min" -> Vote.MIN;
      default -> Integer.parseInt(level);
    };
  }

  private void limit(RuleVm vm) {
    Orders.Limits now = limits.getOrDefault(vm.name, Orders.Limits.NONE);
    vm.minKhz = now.minKhz() == null ? 0 : now.minKhz();
    vm.maxKhz = now.maxKhz() == null ? Integer.MAX_VALUE : now.maxKhz();
    vm.turbo = now.turbo() == null || now.turbo();
    vm.enforce = now.enforce() != null && now.enforce();
    vm.query = query.getOrDefault(vm.name, false);
  }

  /** The configuration has a VM that libvirt does not know. */
  void addStatic(String name, Map<Integer, List<Integer>> pins) {
    RuleVm vm = host.vms.computeIfAbsent(name, n -> new RuleVm(n, RuleVm.State.STATIC));
    pin(vm, pins);
    limit(vm);
  }

  /** libvirt told of a domain. */
  void domain(DomainInfo info) {
    RuleVm vm = host.vms.computeIfAbsent(info.name(), n -> new RuleVm(n, RuleVm.State.RUNNING));
    vm.state = RuleVm.State.valueOf(info.state().name());
    limit(vm);
    Map<Integer, List<Integer>> pins = new HashMap<>();
    info.vcpus().forEach(vcpu -> pins.put(vcpu.number(), vcpu.cpus().stream().boxed().toList()));
    pin(vm, pins);
    vm.observe(info.id(), info.arrived());
    if (vm.state == RuleVm.State.SHUT_OFF) {
      List.copyOf(vm.ports.values()).forEach(this::end);
      vm.closedPorts.clear();
      return;
    }
    for (DomainInfo.ChannelInfo channel : info.channels()) {
      if (Boolean.TRUE.equals(channel.guestOpen())) {
        guestPort(vm.name, channel.number(), true);
      }
    }
  }

  /** libvirt told of all its domains; others that it had told of are gone. */
  void domains(List<DomainInfo> domains) {
    for (RuleVm vm : List.copyOf(host.vms.values())) {
      boolean known = domains.stream().anyMatch(info -> info.name().equals(vm.name));
      if (vm.state != RuleVm.State.STATIC && !known) {
        gone(vm.name);
      }
    }
    domains.forEach(this::domain);
  }

  private static void pin(RuleVm vm, Map<Integer, List<Integer>> pins) {
    for (RuleVm.Vcpu vcpu : List.copyOf(vm.vcpus.values())) {
      if (!pins.containsKey(vcpu.number)) {
        vm.vcpus.remove(vcpu.number);
        vm.ports.values().forEach(port -> port.claims.remove(vcpu.number));
      }
    }
    pins.forEach(
        (number, cpus) ->
            vm.vcpus.computeIfAbsent(number, n -> new RuleVm.Vcpu(vm, n)).cpus = cpus);
  }

  void gone(String name) {
    RuleVm vm = host.vms.remove(name);
    if (vm != null) {
      List.copyOf(vm.ports.values()).forEach(this::end);
    }
  }

  void rebooted(String name) {
    RuleVm vm = host.vms.get(name);
    if (vm == null) {
      return;
    }
    for (RuleVm.Vcpu vcpu : vm.vcpus.values()) {
      if (vcpu.frozenKhz != null) {
        vcpu.policy = null;
        vcpu.policyTurbo = true;
        vcpu.record(Vote.MAX, true, vcpu.frozenBy);
      } else {
        vcpu.beginAgain();
      }
    }
  }

  void guestPort(String name, int number, boolean open) {
    RuleVm vm = host.vms.get(name);
    if (vm == null) {
      return;
    }
    vm.closedPorts.set(number, !open);
    RuleVm.Port port = vm.ports.get(number);
    if (port != null) {
      port.closedByGuest = !open;
      if (!open && !port.disabled) {
        release(port);
      }
    }
    if (open) {
      vm.seeOpen(number);
    }
    if (open && port != null) {
      bring(port);
    }
  }

  /** What the guest of a VM that arrived had asked for was said elsewhere: it begins anew. */
  private static void bring(RuleVm.Port port) {
    RuleVm.Vcpu vcpu = port.vm.vcpus.get(port.number);
    if (port.vm.takeBrought(port.number) && vcpu != null && !port.disabled) {
      boolean first = !vcpu.isHeld();
      port.claims.add(vcpu.number);
      if (first) {
        vcpu.beginAgain();
      }
    }
  }

  /** A connection came; whether it is taken up. */
  void connected(Guest guest, GuestPort from) {
    RuleVm vm = host.vms.get(guest.name);
    if (vm == null || vm.state == RuleVm.State.SHUT_OFF || vm.ports.containsKey(from.number)) {
      if (!from.closedByDaemon) {
        throw new Wrong(from + " was taken up, and should not be");
      }
      return;
    }
    if (from.closedByDaemon) {
      throw new Wrong(from + " was not taken up");
    }
    host.place();
    RuleVm.Port port = new RuleVm.Port(vm, from.number, from);
    port.disabled = disabled.getOrDefault(vm.name, new BitSet()).get(from.number);
    port.closedByGuest = vm.closedPorts.get(from.number);
    from.port = port;
    vm.ports.put(from.number, port);
    for (int number : world.life.takeClaims(guest, from.number)) {
      RuleVm.Vcpu vcpu = vm.vcpus.get(number);
      if (vcpu == null) {
        continue;
      }
      boolean first = !vcpu.isHeld();
      port.claims.add(number);
      if (first) {
        vcpu.beginAgain();
      }
      Integer khz = frozenBefore.getOrDefault(vm.name, Map.of()).get(number);
      if (port.disabled && khz != null && vcpu.frozenKhz == null && !isHeldByEnabled(vcpu)) {
        vcpu.freezeAt(port.number, khz);
      }
    }
    bring(port);
  }

  /** A connection ended. */
  void end(RuleVm.Port port) {
    port.vm.ports.remove(port.number);
    for (int number : port.claims) {
      unclaimed(port.vm.vcpus.get(number));
    }
  }

  private static void release(RuleVm.Port port) {
    List<Integer> claims = List.copyOf(port.claims);
    port.claims.clear();
    claims.forEach(number -> unclaimed(port.vm.vcpus.get(number)));
  }

  private static void unclaimed(RuleVm.@Nullable Vcpu vcpu) {
    if (vcpu != null && !vcpu.isHeld()) {
      vcpu.beginAgain();
    }
  }

  void atHour(int hour) {
    for (RuleVm vm : host.vms.values()) {
      Set<RuleVm.Policy> told = new HashSet<>();
      for (RuleVm.Vcpu vcpu : vm.vcpus.values()) {
        RuleVm.Policy policy = vcpu.policy;
        if (policy != null && told.add(policy)) {
          policy.atHour(hour);
        }
      }
    }
  }

  void endHold(int cpu, Arbitration.Hold hold) {
    Clock clock = world.shape.clocks.get(world.shape.clockOf[cpu]);
    if (host.isThere(clock) && hold.equals(host.holdOn(clock))) {
      clearHolds(clock);
    } else {
      host.holds[cpu] = null;
    }
  }

  private void clearHolds(Clock clock) {
    for (Clock tied : host.group(clock)) {
      tied.cpus().forEach(cpu -> host.holds[cpu] = null);
    }
  }

  void putHold(Set<Integer> cpus, int vote, long untilNs) {
    for (int cpu : cpus) {
      clearHolds(world.shape.clocks.get(world.shape.clockOf[cpu]));
    }
    for (int cpu : cpus) {
      host.holds[cpu] = new Arbitration.Hold(vote, untilNs, world.nowMs());
    }
  }

  /** Sets a hold that was not refused. */
  void hold(Set<Integer> cpus, int vote, long untilNs) {
    putHold(cpus, vote, untilNs);
    for (int cpu : cpus) {
      host.members(world.shape.clocks.get(world.shape.clockOf[cpu]))
          .forEach(vcpu -> vcpu.frozenKhz = null);
    }
  }

  /** Releases holds; false if there was none. */
  boolean release(Set<Integer> cpus) {
    boolean any = false;
    Set<Clock> held = new HashSet<>();
    for (int cpu : cpus) {
      Clock clock = world.shape.clocks.get(world.shape.clockOf[cpu]);
      if (host.isThere(clock) && host.holdOn(clock) != null) {
        held.add(clock);
      } else {
        any |= host.holds[cpu] != null;
        host.holds[cpu] = null;
      }
    }
    held.forEach(this::clearHolds);
    return any || !held.isEmpty();
  }

  void turbo(Set<Integer> cpus, boolean off) {
    for (int cpu : cpus) {
      Clock clock = world.shape.clocks.get(world.shape.clockOf[cpu]);
      if (off || (host.isThere(clock) && host.isTurboOff(clock))) {
        for (Clock tied : host.group(clock)) {
          tied.cpus().forEach(each -> host.turboOff[each] = false);
        }
      }
      host.turboOff[cpu] = false;
    }
    if (off) {
      cpus.forEach(cpu -> host.turboOff[cpu] = true);
    }
  }

  /** What was not in force while nothing was written does not stay. */
  void pause(boolean paused) {
    if (host.passive && !paused) {
      host.beginAgain();
    }
    host.passive = paused;
  }

  void limit(String name, Orders.Limits change) {
    limits.put(name, change.over(limits.getOrDefault(name, Orders.Limits.NONE)));
    host.vms.values().forEach(this::limit);
  }

  void allowQuery(String name, boolean allowed) {
    query.put(name, allowed);
    host.vms.values().forEach(this::limit);
  }

  /** Disables or enables all ports of a VM, or one. */
  void enable(String name, @Nullable Integer number, boolean on) {
    BitSet off = disabled.computeIfAbsent(name, n -> new BitSet());
    int first = number == null ? 0 : number;
    off.set(first, number == null ? Guest.PORTS : number + 1, !on);
    RuleVm vm = host.vms.get(name);
    if (vm == null) {
      return;
    }
    List<RuleVm.Port> fresh = new ArrayList<>();
    for (RuleVm.Port port : vm.ports.values()) {
      boolean was = port.disabled;
      port.disabled = off.get(port.number);
      if (was && !port.disabled) {
        adopt(port);
      } else if (!was && port.disabled) {
        fresh.add(port);
      }
    }
    fresh.forEach(this::freeze);
  }

  private void adopt(RuleVm.Port port) {
    for (RuleVm.Vcpu vcpu : port.vm.vcpus.values()) {
      if (vcpu.frozenBy == port.number || port.claims.contains(vcpu.number)) {
        vcpu.frozenKhz = null;
      }
      if (vcpu.recorded && vcpu.recordedFrom == port.number) {
        world.rules.adoptRecordedVote(port, vcpu);
      }
    }
    world.rules.adoptRecordedPolicy(port);
    if (port.closedByGuest) {
      release(port);
    }
  }

  private static boolean isHeldByEnabled(RuleVm.Vcpu vcpu) {
    return vcpu.vm.ports.values().stream()
        .anyMatch(other -> !other.disabled && other.claims.contains(vcpu.number));
  }

  private void freeze(RuleVm.Port port) {
    for (int number : port.claims) {
      RuleVm.Vcpu vcpu = port.vm.vcpus.get(number);
      if (vcpu == null || isHeldByEnabled(vcpu) || vcpu.frozenKhz != null || vcpu.where.isEmpty()) {
        continue;
      }
      Map<Integer, Integer> khz = new HashMap<>();
      for (int index : vcpu.where) {
        Clock clock = world.shape.clocks.get(index);
        boolean voted = !host.passive && host.holdOn(clock) == null;
        voted &= host.target[index] > 0;
        khz.put(index, voted ? host.target[index] : host.levelOf(vcpu, clock));
      }
      vcpu.frozenKhz = khz;
      vcpu.frozenBy = port.number;
    }
  }
}
