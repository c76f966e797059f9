package dev.vmpower.host.clock;

import java.util.function.Consumer;

/**
 * When the next target may be lowered that {@code max_changes_per_second} keeps from it now.
 *
 * <p>Not thread-safe: the monitor thread owns it.
 */
final class Lowerings {
  private long nextNs = ManagedDomain.NEVER;

  /** The earliest of them, in the monitor's time. */
  long nextNs() {
    return nextNs;
  }

  /** Looks at what was decided about {@code group}. */
  void note(ClockGroup group) {
    for (int i = 0; i < group.domains.size(); i++) {
      nextNs = Math.min(nextNs, group.domains.get(i).lowersAtNs);
    }
  }

  /** Hands the groups whose time has come to {@code due}, to be decided about again. */
  void expire(long nowNs, ClockMap map, Consumer<ClockGroup> due) {
    nextNs = ManagedDomain.NEVER;
    for (ManagedDomain managed : map.domains()) {
      if (nowNs >= managed.lowersAtNs) {
        due.accept(map.group(managed));
      } else {
        nextNs = Math.min(nextNs, managed.lowersAtNs);
      }
    }
  }
}
