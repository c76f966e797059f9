package dev.vmpower.host.arbiter;

/**
 * How often a frequency domain may be changed: raising passes, lowering waits.
 *
 * <p>Each change takes its share of a second, the raising ones too, and lowering waits until the
 * shares before it are over. So whoever alternates between high and low comes to no more changes
 * than that, and stays high meanwhile. Many raising steps in a row do not add up beyond {@link
 * #DEBT_NS_MAX}: what is to be lowered after them is lowered within that time.
 *
 * <p>Time is the caller's. Not thread-safe.
 */
public final class Pace {
  /** The longest that one lowering waits, where a second is no single change's share. */
  public static final long DEBT_NS_MAX = 1_000_000_000L;

  /** The most changes in a second that can be told apart from no limit. */
  public static final int CHANGES_PER_SECOND_MAX = 1_000;

  private static final long SECOND_NS = 1_000_000_000L;

  private final long shareNs;
  private final long debtNsMax;
  private boolean changed;
  private long freeAtNs;

  /** A pace of so many changes in a second; 0 for as many as anybody wants. */
  public Pace(int changesPerSecond) {
    shareNs = changesPerSecond == 0 ? 0 : SECOND_NS / changesPerSecond;
    debtNsMax = Math.max(DEBT_NS_MAX, 2 * shareNs); // one up and one down
  }

  /** Whether a lowering may happen now. */
  public boolean mayLower(long nowNs) {
    return shareNs == 0 || !changed || nowNs - freeAtNs >= 0;
  }

  /** When a lowering that must wait now may happen. */
  public long mayLowerAtNs() {
    return freeAtNs;
  }

  /** Nothing was changed lately. */
  public void forget() {
    changed = false;
  }

  /** Notes a change. */
  public void change(long nowNs) {
    if (shareNs == 0) {
      return;
    }
    long fromNs = changed && freeAtNs - nowNs > 0 ? freeAtNs : nowNs;
    freeAtNs = Math.min(fromNs + shareNs, nowNs + debtNsMax);
    changed = true;
  }
}
