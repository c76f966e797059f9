package dev.vmpower.host.arbiter;

import dev.vmpower.machine.cpufreq.Ladder;

/**
 * What a vote comes to on a ladder.
 *
 * <p>A vote is {@link #MAX}, {@link #MIN}, {@link #MEDIUM} or a level in kHz. The named ones are
 * kept as such and worked out anew each time, so that they follow a re-pinning, a turbo or an
 * envelope change.
 */
public final class Arbiter {
  /** The highest that the vCPU may have. */
  public static final int MAX = Integer.MAX_VALUE;

  /** The lowest that the vCPU may have. */
  public static final int MIN = 0;

  /** The middle of the ladder: index n/2 of n levels, the turbo entry counted. */
  public static final int MEDIUM = -1;

  private Arbiter() {}

  /**
   * The index of the highest level that a vCPU may have; {@code turbo} is the vCPU's own switch. An
   * administrator's lower limit goes before an envelope, for below it nothing can be.
   */
  public static int topIndex(boolean turbo, Envelope envelope, Ladder ladder, Bounds bounds) {
    int top = turbo && envelope.turbo() && bounds.turbo() ? 0 : ladder.nonTurboIndex();
    int allowed = ladder.floorIndex(Math.min(envelope.maxKhz(), bounds.maxKhz()));
    return Math.max(top, Math.min(allowed, ladder.ceilingIndex(bounds.minKhz())));
  }

  /** The index of the lowest level that a vCPU may have, never above {@code topIndex}. */
  public static int bottomIndex(int topIndex, Envelope envelope, Ladder ladder, Bounds bounds) {
    int bottom = ladder.ceilingIndex(Math.max(envelope.minKhz(), bounds.minKhz()));
    return Math.max(bottom, topIndex);
  }

  /** The index of the level that {@code vote} comes to: the next higher one, then clipped. */
  public static int levelIndex(
      int vote, boolean turbo, Envelope envelope, Ladder ladder, Bounds bounds) {
    int top = topIndex(turbo, envelope, ladder, bounds);
    if (vote == MAX) {
      return top;
    }
    int bottom = bottomIndex(top, envelope, ladder, bounds);
    if (vote == MIN) {
      return bottom;
    }
    int index = vote == MEDIUM ? ladder.size() / 2 : ladder.ceilingIndex(vote);
    return Math.clamp(index, top, bottom);
  }

  /**
   * The vote one step above {@code vote}, or {@code vote} itself at the top.
   *
   * <p>The step begins where the vote is after clipping: what an envelope took away cannot pile up.
   */
  public static int up(int vote, boolean turbo, Envelope envelope, Ladder ladder, Bounds bounds) {
    int index = levelIndex(vote, turbo, envelope, ladder, bounds);
    int top = topIndex(turbo, envelope, ladder, bounds);
    return index == top ? vote : ladder.khz(index - 1);
  }

  /** The vote one step below {@code vote}, or {@code vote} itself at the bottom. */
  public static int down(int vote, boolean turbo, Envelope envelope, Ladder ladder, Bounds bounds) {
    int index = levelIndex(vote, turbo, envelope, ladder, bounds);
    int top = topIndex(turbo, envelope, ladder, bounds);
    int bottom = bottomIndex(top, envelope, ladder, bounds);
    return index == bottom ? vote : ladder.khz(index + 1);
  }

  /** What is left of {@code vote} when turbo is switched off: nothing above the top without it. */
  public static int withoutTurbo(int vote, Ladder ladder) {
    int nonTurboKhz = ladder.khz(ladder.nonTurboIndex());
    return vote == MAX ? MAX : Math.min(vote, nonTurboKhz);
  }

  /** {@code max}, {@code medium}, {@code min} or kHz. */
  public static String toString(int vote) {
    return switch (vote) {
      case MAX -> "max";
      case MEDIUM -> "medium";
      case MIN -> "min";
      default -> Integer.toString(vote);
    };
  }
}
