package dev.vmpower.host.monitor;

import dev.vmpower.host.arbiter.Arbiter;
import dev.vmpower.host.clock.Clocks;
import dev.vmpower.host.clock.Hold;
import dev.vmpower.host.clock.Holds;
import dev.vmpower.host.clock.TurboOff;
import dev.vmpower.host.clock.TurboSwitch;
import dev.vmpower.host.orders.Orders;
import dev.vmpower.host.vm.Vcpu;
import dev.vmpower.machine.cpu.CpuSet;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What operators ordered and is kept across restarts: written out of what is in force, and put into
 * force at a start.
 *
 * <p>Not thread-safe: the monitor thread owns it.
 */
final class OrderBook {
  private static final Logger LOG = LoggerFactory.getLogger("vmpower.orders");
  private static final long NS_PER_MS = 1_000_000;

  private final Clocks clocks;
  private final Holds holds;
  private final TurboSwitch turbo;
  private final Fleet fleet;
  private final Connections connections;
  private final Overrides overrides;
  private final OperatorPolicies policies;

  OrderBook(
      Clocks clocks,
      Holds holds,
      TurboSwitch turbo,
      Fleet fleet,
      Connections connections,
      Overrides overrides,
      OperatorPolicies policies) {
    this.clocks = clocks;
    this.holds = holds;
    this.turbo = turbo;
    this.fleet = fleet;
    this.connections = connections;
    this.overrides = overrides;
    this.policies = policies;
  }

  /** Puts into force what was ordered in earlier runs; what is over by now is left out. */
  void restore(Orders orders, long nowNs, long nowMs) {
    Map<Hold, CpuSet> held = new LinkedHashMap<>();
    for (Orders.Held order : orders.holds()) {
      Long untilMs = order.untilMs();
      if (untilMs != null && untilMs <= nowMs) {
        LOG.info("the hold of {} on pCPUs {} is over", order.who(), order.cpus());
        continue;
      }
      Hold hold =
          untilMs == null
              ? new Hold(vote(order.level()), order.who(), order.sinceMs())
              : new Hold(
                  vote(order.level()),
                  order.who(),
                  order.sinceMs(),
                  untilMs,
                  nowNs + Math.min((untilMs - nowMs), Long.MAX_VALUE / 2 / NS_PER_MS) * NS_PER_MS);
      held.merge(hold, order.cpus(), CpuSet::union);
    }
    Map<TurboOff, CpuSet> off = new LinkedHashMap<>();
    for (Orders.TurboOff order : orders.turboOff()) {
      off.merge(new TurboOff(order.who(), order.sinceMs()), order.cpus(), CpuSet::union);
    }
    clocks.restoreByHand(held, off);
    orders.vms().forEach(overrides::put);
    policies.restore(orders.policies());
    if (!orders.equals(Orders.NONE)) {
      LOG.info(
          "in force again: {} holds, turbo off {} times, changes of {} VMs, {} policies",
          held.size(),
          off.size(),
          orders.vms().size(),
          orders.policies().size());
    }
  }

  private static int vote(String level) {
    return switch (level) {
      case "max" -> Arbiter.MAX;
      case "min" -> Arbiter.MIN;
      default -> Integer.parseInt(level);
    };
  }

  /** All that is in force now and is to be kept. */
  Orders orders() {
    List<Orders.Held> held = new ArrayList<>();
    holds
        .all()
        .forEach(
            (hold, cpus) ->
                held.add(
                    new Orders.Held(
                        cpus,
                        Arbiter.toString(hold.vote()),
                        hold.who(),
                        hold.sinceMs(),
                        hold.untilMs() == Hold.NEVER ? null : (Long) hold.untilMs())));
    List<Orders.TurboOff> off = new ArrayList<>();
    turbo.all().forEach((by, cpus) -> off.add(new Orders.TurboOff(cpus, by.who(), by.sinceMs())));
    for (Fleet.Entry entry : fleet.entries()) {
      overrides.setFrozen(entry.vm.name(), frozen(entry));
    }
    return new Orders(held, off, overrides.kept(), policies.kept());
  }

  private Map<Integer, Integer> frozen(Fleet.Entry entry) {
    String vm = entry.vm.name();
    Map<Integer, Integer> khz = new TreeMap<>(overrides.of(vm).frozenKhz());
    khz.keySet().removeIf(number -> !connections.isAwaited(vm, number));
    for (Vcpu vcpu : entry.vm.vcpus()) {
      if (vcpu.highestFrozenKhz() > 0) {
        khz.put(vcpu.number(), vcpu.highestFrozenKhz());
      }
    }
    return khz;
  }
}
