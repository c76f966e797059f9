package dev.vmpower.host.clock;

import dev.vmpower.host.arbiter.Arbiter;
import dev.vmpower.host.arbiter.Envelope;
import dev.vmpower.host.vm.Refusal;
import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.cpufreq.Ladder;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sets and releases holds. What cannot be done for all the pCPUs named is done for none.
 *
 * <p>Not thread-safe: the monitor thread owns it.
 */
public final class Holds {
  private static final Logger LOG = LoggerFactory.getLogger("vmpower.cpufreq");
  private static final long MS_PER_S = 1_000;
  private static final long NS_PER_S = 1_000_000_000;

  private final Clocks clocks;

  public Holds(Clocks clocks) {
    this.clocks = clocks;
  }

  /** Whether some pCPU of {@code some} is settled together with one of {@code others}. */
  public boolean share(CpuSet some, CpuSet others) {
    return some.stream()
        .mapToObj(clocks::groupOf)
        .anyMatch(group -> group != null && group.cpus().intersects(others));
  }

  /**
   * Holds the groups of {@code cpus} by schedule, each as {@code hold} says of those that are in
   * it; null releases.
   */
  public void schedule(CpuSet cpus, Function<CpuSet, @Nullable Hold> hold) {
    for (int i = 0; i < cpus.size(); i++) {
      ClockGroup group = clocks.groupOf(cpus.get(i));
      if (group != null && !group.reserved) {
        group.scheduled = hold.apply(group.cpus().intersection(cpus));
        clocks.touch(group);
      }
    }
  }

  /**
   * Holds {@code cpus} at {@code level}: {@code max}, {@code min}, {@code up}, {@code down} or kHz.
   *
   * @param forS after how many seconds it is released by itself; 0 for never
   * @throws HoldException if one of them cannot be held so, or the kernel refused; nothing is then
   *     changed
   */
  public void set(CpuSet cpus, String level, String who, int forS, long nowNs, long nowMs)
      throws HoldException {
    Map<ClockGroup, Held> fresh = new LinkedHashMap<>();
    for (Map.Entry<ClockGroup, CpuSet> part : groupsToSteer(cpus).entrySet()) {
      ClockGroup group = part.getKey();
      refuseAnother(group, cpus, level);
      int vote = vote(part.getValue().get(0), group, level);
      fresh.put(group, new Held(hold(vote, who, forS, nowNs, nowMs), part.getValue()));
    }
    Map<ClockGroup, Held> before = new LinkedHashMap<>();
    fresh.keySet().forEach(group -> before.put(group, new Held(group.hold, group.held)));
    Map<ClockGroup, int[]> targets = new LinkedHashMap<>();
    fresh.keySet().forEach(group -> targets.put(group, group.targetsKhz()));
    ByHand byHand = clocks.byHand().copy();
    fresh.forEach(this::put);
    clocks.settle(nowNs, nowMs);
    ManagedDomain refused = refused(fresh.keySet());
    if (refused != null) {
      String why = refused + ": " + refused.problemText();
      before.forEach(this::put);
      clocks.byHand().putBack(byHand);
      targets.forEach(ClockGroup::putBack);
      clocks.settle(nowNs, nowMs);
      throw new HoldException(why);
    }
    fresh.keySet().forEach(group -> group.thaw(clocks::touch));
    clocks.settle(nowNs, nowMs);
  }

  private static Hold hold(int vote, String who, int forS, long nowNs, long nowMs) {
    return forS == 0
        ? new Hold(vote, who, nowMs)
        : new Hold(vote, who, nowMs, nowMs + forS * MS_PER_S, nowNs + forS * NS_PER_S);
  }

  private record Held(@Nullable Hold hold, CpuSet cpus) {}

  private void put(ClockGroup group, Held held) {
    clocks.byHand().hold(group, held.cpus(), held.hold());
    clocks.touch(group);
  }

  /** The first that is not at its target; null if all are. */
  static @Nullable ManagedDomain refused(Set<ClockGroup> groups) {
    for (ClockGroup group : groups) {
      ManagedDomain managed = refused(group);
      if (managed != null) {
        return managed;
      }
    }
    return null;
  }

  private static @Nullable ManagedDomain refused(ClockGroup group) {
    for (ManagedDomain managed : group.domains) {
      if (managed.problem() != null) {
        return managed;
      }
    }
    return null;
  }

  /**
   * Releases the holds that cover {@code cpus}; votes count there again.
   *
   * @throws HoldException if none of them is held
   */
  public void release(CpuSet cpus, long nowNs, long nowMs) throws HoldException {
    CpuSet known = clocks.topology().present();
    for (CpuSet held : clocks.byHand().holds().values()) {
      known = known.union(held); // also of those that are away
    }
    requirePresent(cpus, known);
    Set<ClockGroup> held = new LinkedHashSet<>();
    boolean any = false;
    for (int i = 0; i < cpus.size(); i++) {
      ClockGroup group = clocks.groupOf(cpus.get(i));
      if (group != null && group.hold != null) {
        held.add(group);
      } else {
        any |= clocks.byHand().dropHold(cpus.get(i));
      }
    }
    if (held.isEmpty() && !any) {
      throw new HoldException("nothing holds pCPU " + cpus + "; see vmpowerctl cpu list");
    }
    held.forEach(group -> put(group, new Held(null, CpuSet.of())));
    clocks.settle(nowNs, nowMs);
  }

  /**
   * Checks that {@code cpus} can be held by schedule.
   *
   * @throws HoldException if one of them cannot
   */
  public void check(CpuSet cpus) throws HoldException {
    for (int i = 0; i < cpus.size(); i++) {
      groupToSteer(cpus.get(i));
    }
  }

  static void requirePresent(CpuSet cpus, CpuSet present) throws HoldException {
    for (int i = 0; i < cpus.size(); i++) {
      if (!present.contains(cpus.get(i))) {
        throw new HoldException("there is no pCPU " + cpus.get(i));
      }
    }
  }

  /** Releases the holds whose time is over; whether there were any. */
  public boolean expire(long nowNs) {
    if (clocks.byHand().nextDeadlineNs() > nowNs) {
      return false;
    }
    clocks
        .byHand()
        .holds()
        .forEach(
            (hold, cpus) -> {
              if (hold.untilNs() <= nowNs) {
                release(hold, cpus);
              }
            });
    return true;
  }

  private void release(Hold hold, CpuSet cpus) {
    LOG.info(
        "the hold of {} on pCPUs {} at {} is over",
        hold.who(),
        cpus,
        Arbiter.toString(hold.vote()));
    for (int i = 0; i < cpus.size(); i++) {
      ClockGroup group = clocks.groupOf(cpus.get(i));
      if (group != null && hold.equals(group.hold)) {
        put(group, new Held(null, CpuSet.of()));
      } else {
        clocks.byHand().dropHold(cpus.get(i));
      }
    }
  }

  /** All holds, and the pCPUs that each was set on. */
  public Map<Hold, CpuSet> all() {
    return clocks.byHand().holds();
  }

  /** The groups that {@code cpus} are in, and which of them; all must be steerable. */
  Map<ClockGroup, CpuSet> groupsToSteer(CpuSet cpus) throws HoldException {
    Map<ClockGroup, BitSet> parts = new LinkedHashMap<>();
    for (int i = 0; i < cpus.size(); i++) {
      int cpu = cpus.get(i);
      parts.computeIfAbsent(groupToHold(cpu), group -> new BitSet()).set(cpu);
    }
    Map<ClockGroup, CpuSet> sets = new LinkedHashMap<>();
    parts.forEach((group, part) -> sets.put(group, CpuSet.copyOf(part)));
    return sets;
  }

  private ClockGroup groupToHold(int cpu) throws HoldException {
    ClockGroup group = groupToSteer(cpu);
    if (clocks.isPassive()) {
      throw new HoldException(
          Refusal.OBSERVE.text() + "; vmpowerctl resume, or mode = \"control\"");
    }
    return group;
  }

  private ClockGroup groupToSteer(int cpu) throws HoldException {
    if (!clocks.topology().present().contains(cpu)) {
      throw new HoldException("there is no pCPU " + cpu);
    }
    if (!clocks.topology().online().contains(cpu)) {
      throw new HoldException("pCPU " + cpu + " is offline");
    }
    ManagedDomain managed = clocks.domainOf(cpu);
    ClockGroup group = clocks.groupOf(cpu);
    if (managed == null || group == null) {
      throw new HoldException("pCPU " + cpu + " has no cpufreq");
    }
    if (group.reserved) {
      throw new HoldException("pCPU " + cpu + " is reserved, or shares its clock with one that is");
    }
    if (!managed.domain.canBeSteered()) {
      throw new HoldException("pCPU " + cpu + ": " + Refusal.DRIVER.text());
    }
    return group;
  }

  private static void refuseAnother(ClockGroup group, CpuSet cpus, String level)
      throws HoldException {
    Hold first = group.hold;
    boolean same = first != null && level.equals(Arbiter.toString(first.vote()));
    if (first != null && !same && !cpus.containsAll(group.held)) {
      throw new HoldException(
          String.format(
              "pCPU %s, of the same clock, is held at %s by %s; vmpowerctl cpu release %s first",
              group.held, Arbiter.toString(first.vote()), first.who(), group.held));
    }
  }

  private int vote(int cpu, ClockGroup group, String level) throws HoldException {
    ManagedDomain managed = clocks.domainOf(cpu);
    if (managed == null) {
      throw new HoldException("pCPU " + cpu + " has no cpufreq");
    }
    Ladder ladder = managed.domain.ladder();
    return switch (level) {
      case "max" -> Arbiter.MAX;
      case "min" -> Arbiter.MIN;
      case "up" ->
          Arbiter.up(present(managed, group), true, Envelope.HARDWARE, ladder, managed.bounds());
      case "down" ->
          Arbiter.down(present(managed, group), true, Envelope.HARDWARE, ladder, managed.bounds());
      default -> khz(cpu, managed, group.turboOff, level);
    };
  }

  /** Where a step begins: at the hold, else at the target, else at the frequency now. */
  private static int present(ManagedDomain managed, ClockGroup group) {
    if (group.hold != null) {
      return group.hold.vote();
    }
    return managed.targetKhz() > 0 ? managed.targetKhz() : managed.domain.currentKhz();
  }

  private static int khz(int cpu, ManagedDomain managed, @Nullable TurboOff off, String level)
      throws HoldException {
    Ladder ladder = managed.domain.ladder();
    for (int i = 0; i < ladder.size(); i++) {
      if (level.equals(Integer.toString(ladder.khz(i)))) {
        if (off != null && i < ladder.nonTurboIndex()) {
          throw new HoldException(
              String.format(
                  "turbo is off on pCPU %d by %s; vmpowerctl cpu turbo %d on first",
                  cpu, off.who(), cpu));
        }
        return ladder.khz(i);
      }
    }
    StringBuilder levels = new StringBuilder();
    for (int i = 0; i < ladder.size(); i++) {
      levels.append(' ').append(ladder.khz(i));
    }
    throw new HoldException("'" + level + "' is no level of pCPU " + cpu + ", in kHz:" + levels);
  }
}
