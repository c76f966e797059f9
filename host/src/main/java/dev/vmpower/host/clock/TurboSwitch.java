package dev.vmpower.host.clock;

import dev.vmpower.machine.cpu.CpuSet;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Switches turbo off where nobody is to have it: not by votes, policies or holds. It is a claim of
 * its own, so that what is switched off is so even where nobody asks for anything.
 *
 * <p>Not thread-safe: the monitor thread owns it.
 */
public final class TurboSwitch {
  private final Clocks clocks;
  private final Holds holds;

  public TurboSwitch(Clocks clocks, Holds holds) {
    this.clocks = clocks;
    this.holds = holds;
  }

  /**
   * Switches turbo off on {@code cpus} and all that is settled together with them.
   *
   * @throws HoldException if one of them has none or cannot be steered, or the kernel refused;
   *     nothing is then changed
   */
  public void off(CpuSet cpus, String who, long nowNs, long nowMs) throws HoldException {
    Map<ClockGroup, CpuSet> parts = holds.groupsToSteer(cpus);
    for (int i = 0; i < cpus.size(); i++) {
      ManagedDomain managed = clocks.domainOf(cpus.get(i));
      if (managed == null || !managed.domain.ladder().hasTurbo()) {
        throw new HoldException("pCPU " + cpus.get(i) + " has no turbo");
      }
    }
    TurboOff off = new TurboOff(who, nowMs);
    Map<ClockGroup, @Nullable TurboOff> before = new LinkedHashMap<>();
    parts.keySet().forEach(group -> before.put(group, group.turboOff));
    Map<ClockGroup, int[]> targets = new LinkedHashMap<>();
    parts.keySet().forEach(group -> targets.put(group, group.targetsKhz()));
    ByHand byHand = clocks.byHand().copy();
    parts.forEach((group, part) -> put(group, part, off));
    clocks.settle(nowNs, nowMs);
    ManagedDomain refused = Holds.refused(parts.keySet());
    if (refused != null) {
      String why = refused + ": " + refused.problemText();
      before.forEach((group, was) -> put(group, group.cpus(), was));
      clocks.byHand().putBack(byHand);
      targets.forEach(ClockGroup::putBack);
      clocks.settle(nowNs, nowMs);
      throw new HoldException(why);
    }
  }

  /**
   * Switches turbo on again. What nobody else wants is given back.
   *
   * @throws HoldException if there is no such pCPU
   */
  public void on(CpuSet cpus, long nowNs, long nowMs) throws HoldException {
    CpuSet known = clocks.topology().present();
    for (CpuSet switched : all().values()) {
      known = known.union(switched); // also of those that are away
    }
    Holds.requirePresent(cpus, known);
    for (int i = 0; i < cpus.size(); i++) {
      ClockGroup group = clocks.groupOf(cpus.get(i));
      if (group != null && group.turboOff != null) {
        put(group, CpuSet.of(), null);
      } else {
        clocks.byHand().dropTurboOff(cpus.get(i));
      }
    }
    clocks.settle(nowNs, nowMs);
  }

  private void put(ClockGroup group, CpuSet cpus, @Nullable TurboOff off) {
    clocks.byHand().turbo(group, cpus, off);
    clocks.touch(group);
  }

  /** Where turbo is switched off, by whom. */
  public Map<TurboOff, CpuSet> all() {
    return clocks.byHand().turboOff();
  }
}
