package dev.vmpower.host.clock;

/**
 * When one frequency domain is looked at for what other programs changed: at each request, but for
 * a stream of them, where one look serves all that come within {@link #LOOK_NS}, or longer on a
 * host with more than a hundred frequency domains.
 *
 * <p>A look takes a few system calls, as many as the rest of a request. So each one takes its share
 * of time, and {@link #LOOKS_AT_ONCE_MAX} shares may be taken at once: whoever asks seldom, or a
 * few times in a row, always gets a look of his own. In a stream the next look comes early, between
 * two requests, so that none waits for it: {@link EarlyLooks}.
 *
 * <p>Time is the caller's. Not thread-safe.
 */
final class Looks {
  /** How long a look serves, where requests come in a stream. */
  static final long LOOK_NS = 100_000_000L;

  /** How many looks may follow each other without a pause. */
  static final int LOOKS_AT_ONCE_MAX = 20;

  /** How long it serves for each frequency domain of the host, where that comes to more. */
  static final long LOOK_OF_MANY_NS = 1_000_000L;

  /** From when on the next look may come early, so that no request has to wait for it. */
  private static final double EARLY = 0.75; // of how long a look serves

  private long lookNs = LOOK_NS;
  private boolean due = true;
  private boolean shared;
  private long paidUntilNs;

  /** Shares what looks may take with those at the other frequency domains of the host. */
  void shareAmong(int domains) {
    lookNs = Math.max(LOOK_NS, domains * LOOK_OF_MANY_NS);
  }

  /** Makes the next look due at once. */
  void makeDue() {
    due = true;
  }

  /** Whether to look now; if so, the look is counted as done. */
  boolean take(long nowNs) {
    shared = !due && debtNs(nowNs) > debtNsMax() - lookNs;
    if (shared) {
      return false;
    }
    due = false;
    paidUntilNs = nowNs + Math.min(debtNs(nowNs) + lookNs, debtNsMax());
    return true;
  }

  /** Whether a stream goes on here: the last request had no look of its own. */
  boolean areShared() {
    return shared;
  }

  /** When a look that serves a stream may be followed by the next one. */
  long earlyNs() {
    return paidUntilNs - debtNsMax() + (long) (EARLY * lookNs);
  }

  private long debtNs(long nowNs) {
    return Math.clamp(paidUntilNs - nowNs, 0, debtNsMax());
  }

  private long debtNsMax() {
    return LOOKS_AT_ONCE_MAX * lookNs;
  }
}
