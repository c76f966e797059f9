package dev.vmpower.guest.governor;

import dev.vmpower.guest.Answer;
import dev.vmpower.guest.Wish;
import org.jspecify.annotations.Nullable;

/**
 * Decides for one vCPU what to ask for, sample by sample. A guest cannot see at which frequency it
 * runs, nor how many levels there are: all that it has is its own load.
 *
 * <ul>
 *   <li>It begins with MAX: that is safe, and the host then knows that the vCPU takes part.
 *   <li>No idle time left: MAX at once, since nobody can know how much more is needed.
 *   <li>Load from the upper threshold on: UP, one step.
 *   <li>Load up to the lower threshold, {@value #LOW_SAMPLES} samples in a row: DOWN, one step; if
 *       all of them were next to nothing, MIN.
 *   <li>Between the thresholds: nothing. That the bands are far apart, and that it takes longer to
 *       go down than up, keeps it from flapping.
 * </ul>
 *
 * <p>It asks at most once in 100 ms, and where it was refused or not answered, once in 5 s. What it
 * has already it does not ask for again: nothing more at MAX, nothing less at MIN, and {@value
 * #STEPS_MAX} steps in one direction count as having arrived. Only who stays at the bottom says so
 * again once in a minute: a host that has forgotten it would give it the maximum for ever.
 *
 * <p>Not thread-safe. Time comes in as an argument.
 */
public final class Governor {
  /** How many samples in a row must be low. */
  public static final int LOW_SAMPLES = 3;

  /** More steps than any ladder has. */
  public static final int STEPS_MAX = 64;

  /** The least time between two requests. */
  public static final long ASK_EVERY_NS = 100_000_000L;

  /** The least time from a request that was refused or not answered to the next one. */
  public static final long REFUSED_NS = 5_000_000_000L;

  /** How often who stays at the bottom says so. */
  public static final long REPEAT_NS = 60_000_000_000L;

  private final Thresholds thresholds;

  private @Nullable CpuTimes last;
  private int lowSamples;
  private int idleSamples;

  /** Whether the host has been asked since it came. */
  private boolean known;

  /** At MAX or beyond {@link #STEPS_MAX} it is {@code STEPS_MAX}; at MIN minus that. */
  private int height;

  private boolean waiting;
  private long notBeforeNs;
  private long askedNs;

  public Governor(Thresholds thresholds) {
    this.thresholds = thresholds;
  }

  /** What to ask for now, after this sample; null for nothing. */
  public @Nullable Wish decide(long nowNs, CpuTimes sample) {
    CpuTimes before = last;
    last = sample;
    int load = before == null ? -1 : sample.loadPercent(before);
    if (load >= 0) {
      lowSamples = load <= thresholds.downPercent() ? lowSamples + 1 : 0;
      idleSamples = load <= thresholds.idlePercent() ? idleSamples + 1 : 0;
    }
    if (waiting && nowNs - notBeforeNs < 0) {
      return null;
    }
    return known ? wish(nowNs, load) : Wish.MAX;
  }

  private @Nullable Wish wish(long nowNs, int load) {
    if (height < STEPS_MAX && load >= thresholds.upPercent()) {
      return load >= thresholds.fullPercent() ? Wish.MAX : Wish.UP;
    }
    boolean news = height > -STEPS_MAX || nowNs - askedNs >= REPEAT_NS;
    if (news && load >= 0 && lowSamples >= LOW_SAMPLES) {
      return idleSamples >= LOW_SAMPLES ? Wish.MIN : Wish.DOWN;
    }
    return null;
  }

  /** What became of a wish: it counts only if the host says so. */
  public void answered(long nowNs, Wish wish, Answer answer) {
    waiting = true;
    askedNs = nowNs;
    notBeforeNs = nowNs + (answer == Answer.ACK ? ASK_EVERY_NS : REFUSED_NS);
    if (answer == Answer.TIMED_OUT) {
      known = false;
    }
    if (answer != Answer.ACK) {
      return;
    }
    known = true;
    lowSamples = 0;
    height =
        switch (wish) {
          case MAX, TURBO_ON -> STEPS_MAX;
          case MIN -> -STEPS_MAX;
          case UP -> Math.max(height, 0) + 1;
          case DOWN -> Math.max(Math.min(height, 0) - 1, -STEPS_MAX);
          case TURBO_OFF -> height;
        };
  }

  /** The host went, or the vCPU: what was asked for may be forgotten there. */
  public void forget() {
    known = false;
    last = null;
  }
}
