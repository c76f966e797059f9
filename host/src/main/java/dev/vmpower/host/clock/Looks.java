package dev.vmpower.host.clock;

/**
 * When one frequency domain is looked at for what other programs changed: at each request, but for
 * a stream of them, where one look serves all that come within {@link #LOOK_NS}.
 *
 * <p>A look takes a few system calls, as many as the rest of a request. So each one takes its share
 * of time, and {@link #LOOKS_AT_ONCE_MAX} shares may be taken at once: whoever asks seldom, or a
 * few times in a row, always gets a look of his own.
 *
 * <p>Time is the caller's. Not thread-safe.
 */
final class Looks {
  /** How long a look serves at most, where requests come in a stream. */
  static final long LOOK_NS = 100_000_000L;

  /** How many looks may follow each other without a pause. */
  static final int LOOKS_AT_ONCE_MAX = 20;

  private static final long DEBT_NS_MAX = LOOKS_AT_ONCE_MAX * LOOK_NS;

  private boolean due = true;
  private long paidUntilNs;

  /** Makes the next look due at once. */
  void makeDue() {
    due = true;
  }

  /** Whether to look now; if so, the look is counted as done. */
  boolean take(long nowNs) {
    long debtNs = Math.clamp(paidUntilNs - nowNs, 0, DEBT_NS_MAX);
    if (!due && debtNs > DEBT_NS_MAX - LOOK_NS) {
      return false;
    }
    due = false;
    paidUntilNs = nowNs + Math.min(debtNs + LOOK_NS, DEBT_NS_MAX);
    return true;
  }
}
