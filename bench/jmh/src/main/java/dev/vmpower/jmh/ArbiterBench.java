package dev.vmpower.jmh;

import dev.vmpower.host.arbiter.Arbiter;
import dev.vmpower.host.arbiter.Bounds;
import dev.vmpower.host.arbiter.Envelope;
import dev.vmpower.host.arbiter.Pace;
import dev.vmpower.machine.cpufreq.Ladder;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** Votes of each kind on a ladder of 14 levels, clipped by an envelope and by an administrator. */
@State(Scope.Thread)
public class ArbiterBench {
  private static final int CHANGES_PER_SECOND = 10;
  private static final int STEP_NS = 1_000_000;

  private final int[] votes = {
    Arbiter.MAX, Arbiter.MIN, 1_700_000, Arbiter.MEDIUM, 2_400_000, 1_200_000, 1_850_000, 3_000_000
  };
  private final Ladder ladder =
      Ladder.ofTable(
          "2401000 2400000 2300000 2200000 2100000 2000000 1900000"
              + " 1800000 1700000 1600000 1500000 1400000 1300000 1200000");
  private final Envelope envelope = new Envelope(1_300_000, 2_300_000, false, false);
  private final Bounds bounds = new Bounds(1_200_000, 2_401_000, true);
  private final Pace pace = new Pace(CHANGES_PER_SECOND);
  private int next;
  private long nowNs;

  private int nextVote() {
    next = (next + 1) % votes.length;
    return votes[next];
  }

  /** What a vote comes to. */
  @Benchmark
  public int settleVote() {
    return Arbiter.levelIndex(nextVote(), true, envelope, ladder, bounds);
  }

  /** One step up. */
  @Benchmark
  public int stepUp() {
    return Arbiter.up(nextVote(), true, envelope, ladder, bounds);
  }

  /** One step down. */
  @Benchmark
  public int stepDown() {
    return Arbiter.down(nextVote(), true, envelope, ladder, bounds);
  }

  /** Whether a frequency domain may be lowered yet, and that it was. */
  @Benchmark
  public boolean paceChange() {
    nowNs += STEP_NS;
    boolean may = pace.mayLower(nowNs);
    if (may) {
      pace.change(nowNs);
    }
    return may;
  }
}
