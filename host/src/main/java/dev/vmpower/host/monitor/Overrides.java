package dev.vmpower.host.monitor;

import dev.vmpower.host.arbiter.Envelope;
import dev.vmpower.host.config.Config;
import dev.vmpower.host.orders.Orders;
import dev.vmpower.machine.cpu.CpuSet;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What operators changed of VMs, over what libvirt and the configuration say. Limits, the
 * permission to query and disabled channels are kept across restarts; added and removed VMs are for
 * this run.
 *
 * <p>Not thread-safe: the monitor thread owns it.
 */
final class Overrides {
  /** The most VMs of which something may be changed. */
  static final int VMS_MAX = 4096;

  private final Map<String, Orders.OfVm> kept = new TreeMap<>();
  private final Map<String, Config.VmEntry> added = new HashMap<>();
  private final Set<String> removed = new HashSet<>();

  /** Whether something of {@code vm} can still be changed. */
  boolean hasRoomFor(String vm) {
    return kept.containsKey(vm)
        || added.containsKey(vm)
        || removed.contains(vm)
        || kept.size() + added.size() + removed.size() < VMS_MAX;
  }

  /** What was changed of {@code vm} and is kept. */
  Orders.OfVm of(String vm) {
    Orders.OfVm nothing = new Orders.OfVm(vm, Orders.Limits.NONE, null, CpuSet.of(), Map.of());
    return kept.getOrDefault(vm, nothing);
  }

  void put(Orders.OfVm change) {
    if (change.isEmpty()) {
      kept.remove(change.vm());
    } else {
      kept.put(change.vm(), change);
    }
  }

  void setLimits(String vm, Orders.Limits limits) {
    Orders.OfVm before = of(vm);
    put(new Orders.OfVm(vm, limits, before.query(), before.disabled(), before.frozenKhz()));
  }

  void setQuery(String vm, boolean allowed) {
    Orders.OfVm before = of(vm);
    put(new Orders.OfVm(vm, before.limits(), allowed, before.disabled(), before.frozenKhz()));
  }

  void setDisabled(String vm, CpuSet channels) {
    Orders.OfVm before = of(vm);
    put(new Orders.OfVm(vm, before.limits(), before.query(), channels, before.frozenKhz()));
  }

  void setFrozen(String vm, Map<Integer, Integer> khz) {
    Orders.OfVm before = of(vm);
    put(new Orders.OfVm(vm, before.limits(), before.query(), before.disabled(), khz));
  }

  BitSet disabled(String vm) {
    BitSet off = new BitSet();
    of(vm).disabled().forEach(off::set);
    return off;
  }

  Envelope envelope(String vm, Envelope configured) {
    return apply(of(vm).limits(), configured);
  }

  boolean mayQuery(String vm, boolean configured) {
    Boolean changed = of(vm).query();
    return changed == null ? configured : changed;
  }

  /** {@code envelope} with the parts that {@code limits} name. */
  static Envelope apply(Orders.Limits limits, Envelope envelope) {
    return new Envelope(
        limits.minKhz() == null ? envelope.minKhz() : limits.minKhz(),
        limits.maxKhz() == null ? envelope.maxKhz() : limits.maxKhz(),
        limits.turbo() == null ? envelope.turbo() : limits.turbo(),
        limits.enforce() == null ? envelope.enforce() : limits.enforce());
  }

  /** A static VM for this run. */
  void add(Config.VmEntry vm) {
    added.put(vm.name(), vm);
  }

  /**
   * {@code vm} stays away until it is added again; one that was added for this run is forgotten.
   */
  void remove(String vm) {
    if (added.remove(vm) == null) {
      removed.add(vm);
    }
  }

  boolean isRemoved(String vm) {
    return removed.contains(vm);
  }

  /** A VM that was removed may come back; false if it was not removed. */
  boolean takeUpAgain(String vm) {
    return removed.remove(vm);
  }

  /** The {@code [[vm]]} entry of {@code vm}: an added one, else the configuration's. */
  Config.@Nullable VmEntry entry(String vm, Map<String, Config.VmEntry> configured) {
    Config.VmEntry own = added.get(vm);
    return own == null ? configured.get(vm) : own;
  }

  /** The {@code [[vm]]} entries that count: those added, and those configured and not removed. */
  List<Config.VmEntry> entries(Collection<Config.VmEntry> configured) {
    List<Config.VmEntry> entries = new ArrayList<>(added.values());
    for (Config.VmEntry entry : configured) {
      if (!added.containsKey(entry.name()) && !removed.contains(entry.name())) {
        entries.add(entry);
      }
    }
    return entries;
  }

  /** All that is kept. */
  List<Orders.OfVm> kept() {
    return List.copyOf(kept.values());
  }
}
