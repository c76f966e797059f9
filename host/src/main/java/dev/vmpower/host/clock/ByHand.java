package dev.vmpower.host.clock;

import dev.vmpower.machine.cpu.CpuSet;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What operators set by hand, by pCPU. It outlives the pCPUs: what is set on one that goes away is
 * in force again when that comes back.
 *
 * <p>Not thread-safe: the monitor thread owns it.
 */
final class ByHand {
  private static final Logger LOG = LoggerFactory.getLogger("vmpower.cpufreq");

  private final Map<Integer, Hold> holds = new TreeMap<>();
  private final Map<Integer, TurboOff> turboOff = new TreeMap<>();
  private Set<Integer> waiting = Set.of();
  private long nextDeadlineNs = Hold.NEVER;
  private boolean deadlineKnown = true;

  /** Replaces whatever holds {@code group} with {@code hold} on {@code cpus}; null for nothing. */
  void hold(ClockGroup group, CpuSet cpus, @Nullable Hold hold) {
    group.domains.forEach(managed -> managed.domain.cpus().forEach(holds::remove));
    if (hold != null) {
      cpus.forEach(cpu -> holds.put(cpu, hold));
    }
    group.hold = hold;
    group.held = hold == null ? CpuSet.of() : cpus;
    deadlineKnown = false;
  }

  /** Switches turbo off on {@code cpus} of {@code group}, or on in all of it where that is null. */
  void turbo(ClockGroup group, CpuSet cpus, @Nullable TurboOff off) {
    group.domains.forEach(managed -> managed.domain.cpus().forEach(turboOff::remove));
    if (off != null) {
      cpus.forEach(cpu -> turboOff.put(cpu, off));
    }
    group.setTurboOff(off);
  }

  /** Sets what an earlier run of the daemon was told, before {@link #placeIn}. */
  void restore(Map<Hold, CpuSet> heldBefore, Map<TurboOff, CpuSet> offBefore) {
    heldBefore.forEach((hold, cpus) -> cpus.forEach(cpu -> holds.putIfAbsent(cpu, hold)));
    offBefore.forEach((off, cpus) -> cpus.forEach(cpu -> turboOff.putIfAbsent(cpu, off)));
    deadlineKnown = false;
  }

  /** What is set on each pCPU now, whether it counts or waits: for {@link #putBack}. */
  ByHand copy() {
    ByHand copy = new ByHand();
    copy.holds.putAll(holds);
    copy.turboOff.putAll(turboOff);
    return copy;
  }

  /** Makes what is kept for each pCPU again what it was; what counts now is the groups' matter. */
  void putBack(ByHand copy) {
    holds.clear();
    holds.putAll(copy.holds);
    turboOff.clear();
    turboOff.putAll(copy.turboOff);
    deadlineKnown = false;
  }

  /** Whether a hold or a switch of a pCPU that is in no group now is dropped by this. */
  boolean dropHold(int cpu) {
    deadlineKnown = false;
    return holds.remove(cpu) != null;
  }

  /** As {@link #dropHold}. */
  boolean dropTurboOff(int cpu) {
    return turboOff.remove(cpu) != null;
  }

  /** Puts everything into force in the groups of a map that was read anew. */
  void placeIn(ClockMap map) {
    Map<ClockGroup, BitSet> held = new HashMap<>();
    Set<Integer> absent = new TreeSet<>();
    holds.forEach(
        (cpu, hold) -> {
          ClockGroup group = groupFor(map, cpu, absent);
          if (group == null) {
            return;
          }
          if (group.hold == null) {
            group.hold = hold;
          }
          if (group.hold.equals(hold)) {
            held.computeIfAbsent(group, g -> new BitSet()).set(cpu);
          } else {
            absent.add(cpu); // the clocks are others than when it was set: one hold for each
          }
        });
    held.forEach((group, cpus) -> group.held = CpuSet.copyOf(cpus));
    turboOff.forEach(
        (cpu, off) -> {
          ClockGroup group = groupFor(map, cpu, absent);
          if (group != null && group.turboOff == null) {
            group.setTurboOff(off);
          }
        });
    if (!absent.equals(waiting)) {
      waiting = absent;
      if (!absent.isEmpty()) {
        LOG.warn(
            "what was set by hand on pCPUs {} waits: they are not there, are reserved, or share a"
                + " clock that is held otherwise",
            CpuSet.of(absent.stream().mapToInt(Integer::intValue).toArray()));
      }
    }
  }

  private static @Nullable ClockGroup groupFor(ClockMap map, int cpu, Set<Integer> absent) {
    ClockGroup group = map.groupOf(cpu);
    if (group == null || group.reserved) {
      absent.add(cpu);
      return null;
    }
    return group;
  }

  /** When the next hold is over, in the monitor's time. */
  long nextDeadlineNs() {
    if (!deadlineKnown) {
      deadlineKnown = true;
      nextDeadlineNs = Hold.NEVER;
      holds.values().forEach(hold -> nextDeadlineNs = Math.min(nextDeadlineNs, hold.untilNs()));
    }
    return nextDeadlineNs;
  }

  /** All holds, and the pCPUs that each was set on. */
  Map<Hold, CpuSet> holds() {
    return byValue(holds);
  }

  /** Where turbo is switched off, by whom. */
  Map<TurboOff, CpuSet> turboOff() {
    return byValue(turboOff);
  }

  private static <T> Map<T, CpuSet> byValue(Map<Integer, T> byCpu) {
    Map<T, BitSet> cpus = new LinkedHashMap<>();
    byCpu.forEach((cpu, value) -> cpus.computeIfAbsent(value, v -> new BitSet()).set(cpu));
    Map<T, CpuSet> sets = new LinkedHashMap<>();
    cpus.forEach((value, set) -> sets.put(value, CpuSet.copyOf(set)));
    return sets;
  }
}
