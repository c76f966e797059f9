package dev.vmpower.host.policy;

/**
 * What the branches of one pCPU ask for. A thread that polls in vain runs a short loop whose
 * branches are predicted nearly all: few misses mean that there is nothing to do. One sample with
 * work asks for the maximum at once; the minimum comes only after a whole window of {@link
 * #WINDOW_SAMPLES} samples without.
 *
 * <p>A pCPU with next to no branches has nothing to run, and asks for the minimum too.
 */
final class BranchMeter {
  static final int WINDOW_SAMPLES = 10;

  /** Fewer branches than this in a sample say nothing about a ratio: the pCPU sleeps. */
  static final long BRANCHES_MIN = 10_000;

  private static final double PERCENT = 100;

  private final double thresholdPercent;
  private Level level = Level.MAX;
  private int idleSamples;

  BranchMeter(Policy.BranchRatio policy) {
    this.thresholdPercent = policy.thresholdPercent();
  }

  Level level() {
    return level;
  }

  /** Takes the counts of one sample. */
  void sample(long branches, long misses) {
    boolean works = branches >= BRANCHES_MIN && PERCENT * misses / branches >= thresholdPercent;
    take(works);
  }

  /** There was nothing to read. */
  void miss() {
    take(true);
  }

  private void take(boolean works) {
    if (works) {
      idleSamples = 0;
      level = Level.MAX;
    } else if (++idleSamples >= WINDOW_SAMPLES) {
      idleSamples = WINDOW_SAMPLES;
      level = Level.MIN;
    }
  }
}
