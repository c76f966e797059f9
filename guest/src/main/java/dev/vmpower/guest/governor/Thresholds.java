package dev.vmpower.guest.governor;

/**
 * The loads at which a vCPU asks for more or less, in percent of its time.
 *
 * @param upPercent from here on it asks for a step more
 * @param downPercent up to here, for some samples in a row, it asks for a step less
 */
public record Thresholds(int upPercent, int downPercent) {
  /** What a vCPU that is never idle has: nobody knows how much more it needs, so all of it. */
  public static final int FULL_PERCENT = 95;

  /** What a vCPU that has nothing to do has. */
  public static final int IDLE_PERCENT = 5;

  /** How far apart the two must be, so that a step up does not lead to a step down. */
  public static final int GAP_PERCENT_MIN = 10;

  public static final Thresholds DEFAULT = new Thresholds(70, 30);

  /**
   * Checks them.
   *
   * @throws IllegalArgumentException if they are not in 0-100, or too close
   */
  public Thresholds {
    if (downPercent < 0 || upPercent > 100) {
      throw new IllegalArgumentException(
          "thresholds are in 0-100 %, not " + downPercent + " and " + upPercent);
    }
    if (upPercent - downPercent < GAP_PERCENT_MIN) {
      throw new IllegalArgumentException(
          "the threshold for more, "
              + upPercent
              + " %, must be "
              + GAP_PERCENT_MIN
              + " above the one for less, "
              + downPercent
              + " %");
    }
  }

  int fullPercent() {
    return Math.max(FULL_PERCENT, upPercent);
  }

  int idlePercent() {
    return Math.min(IDLE_PERCENT, downPercent);
  }
}
