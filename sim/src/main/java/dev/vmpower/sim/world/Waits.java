package dev.vmpower.sim.world;

import java.util.Arrays;

/**
 * How often each frequency domain may be changed for votes: every change takes its share of a
 * second, raising passes, and lowering waits until the shares taken before it are over, which is
 * within a second, or two shares where that is longer.
 */
final class Waits {
  private static final long NEVER = Long.MAX_VALUE;

  private final long shareNs;
  private final long[] takenUntilNs;
  private final long[] waitsUntilNs;

  Waits(int changesPerSecondMax, int clocks) {
    shareNs = changesPerSecondMax == 0 ? 0 : World.NS_PER_S / changesPerSecondMax;
    takenUntilNs = new long[clocks];
    waitsUntilNs = new long[clocks];
    Arrays.fill(waitsUntilNs, NEVER);
  }

  /** Nothing was changed lately. */
  void forget(int clock) {
    takenUntilNs[clock] = 0;
    waitsUntilNs[clock] = NEVER;
  }

  void forgetAll() {
    for (int clock = 0; clock < takenUntilNs.length; clock++) {
      forget(clock);
    }
  }

  /** It was changed. */
  void change(int clock, long nowNs) {
    long untilNs = Math.max(takenUntilNs[clock], nowNs) + shareNs;
    takenUntilNs[clock] = Math.min(untilNs, nowNs + Math.max(World.NS_PER_S, 2 * shareNs));
    if (waitsUntilNs[clock] != NEVER) {
      waitsUntilNs[clock] = takenUntilNs[clock]; // it was lowered a part of the way, by a limit
    }
  }

  /** Whether it has to wait until it may be lowered. */
  boolean begin(int clock, long nowNs) {
    boolean waits = shareNs > 0 && takenUntilNs[clock] > nowNs;
    waitsUntilNs[clock] = waits ? takenUntilNs[clock] : NEVER;
    return waits;
  }

  void end(int clock) {
    waitsUntilNs[clock] = NEVER;
  }

  /** When the first of those that wait may be lowered. */
  long firstNs() {
    long firstNs = NEVER;
    for (long ns : waitsUntilNs) {
      firstNs = Math.min(firstNs, ns);
    }
    return firstNs;
  }
}
