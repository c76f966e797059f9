package dev.vmpower.host.clock;

import dev.vmpower.host.arbiter.Arbiter;
import dev.vmpower.host.arbiter.Envelope;
import dev.vmpower.host.vm.Refusal;
import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.cpufreq.Ladder;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Sets and releases holds. What cannot be done for all the pCPUs named is done for none.
 *
 * <p>Not thread-safe: the monitor thread owns it.
 */
public final class Holds {
  private final Clocks clocks;

  public Holds(Clocks clocks) {
    this.clocks = clocks;
  }

  /**
   * Holds {@code cpus} at {@code level}: {@code max}, {@code min}, {@code up}, {@code down} or kHz.
   *
   * @throws HoldException if one of them cannot be held so, or the kernel refused; nothing is then
   *     changed
   */
  public void set(CpuSet cpus, String level, String who, long nowNs, long nowMs)
      throws HoldException {
    Map<ClockGroup, Hold> fresh = new LinkedHashMap<>();
    for (int i = 0; i < cpus.size(); i++) {
      int cpu = cpus.get(i);
      ClockGroup group = groupToHold(cpu);
      if (!fresh.containsKey(group)) {
        refuseAnother(group, cpus, level);
        fresh.put(group, new Hold(vote(cpu, group, level), who, nowMs));
      }
    }
    Map<ClockGroup, Held> before = new LinkedHashMap<>();
    fresh.forEach(
        (group, hold) -> {
          before.put(group, new Held(group.hold, group.held));
          group.hold = hold;
          group.held = cpus.intersection(group.cpus());
          clocks.touch(group);
        });
    clocks.settle(nowNs, nowMs);
    for (ClockGroup group : fresh.keySet()) {
      ManagedDomain refused = refused(group);
      if (refused != null) {
        String why = refused + ": " + refused.problemText();
        before.forEach(this::putBack);
        clocks.settle(nowNs, nowMs);
        throw new HoldException(why);
      }
    }
  }

  private record Held(@Nullable Hold hold, CpuSet cpus) {}

  private void putBack(ClockGroup group, Held held) {
    group.hold = held.hold();
    group.held = held.cpus();
    clocks.touch(group);
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
    Set<ClockGroup> held = new LinkedHashSet<>();
    for (int i = 0; i < cpus.size(); i++) {
      int cpu = cpus.get(i);
      if (!clocks.topology().present().contains(cpu)) {
        throw new HoldException("there is no pCPU " + cpu);
      }
      ClockGroup group = clocks.groupOf(cpu);
      if (group != null && group.hold != null) {
        held.add(group);
      }
    }
    if (held.isEmpty()) {
      throw new HoldException("nothing holds pCPU " + cpus + "; see vmpowerctl cpu list");
    }
    held.forEach(group -> putBack(group, new Held(null, CpuSet.of())));
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
      default -> khz(cpu, ladder, level);
    };
  }

  /** Where a step begins: at the hold, else at the target, else at the frequency now. */
  private static int present(ManagedDomain managed, ClockGroup group) {
    if (group.hold != null) {
      return group.hold.vote();
    }
    return managed.targetKhz() > 0 ? managed.targetKhz() : managed.domain.currentKhz();
  }

  private static int khz(int cpu, Ladder ladder, String level) throws HoldException {
    for (int i = 0; i < ladder.size(); i++) {
      if (level.equals(Integer.toString(ladder.khz(i)))) {
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
