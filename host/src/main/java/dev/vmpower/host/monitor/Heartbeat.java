package dev.vmpower.host.monitor;

/**
 * Tells a watchdog that the monitor's loop turns: a whole turn does, and nothing else.
 *
 * <p>A turn that comes by itself after a quarter of the watchdog's time will do, such as the
 * sweep's; only where none does by half of it, the loop is woken for this.
 *
 * <p>Not thread-safe: the monitor thread owns it.
 */
public final class Heartbeat {
  private static final long NEVER = Long.MAX_VALUE;

  private final long withinNs;
  private final Runnable beat;
  private boolean begun;
  private long lastNs;

  /**
   * A heartbeat.
   *
   * @param withinNs the watchdog's patience; 0 where there is no watchdog
   * @param beat tells it; must not wait
   */
  public Heartbeat(long withinNs, Runnable beat) {
    this.withinNs = withinNs;
    this.beat = beat;
  }

  /** Where nobody watches. */
  public static Heartbeat none() {
    return new Heartbeat(0, () -> {});
  }

  /** When the loop must turn for it, in the monitor's time. */
  long deadlineNs() {
    if (withinNs == 0) {
      return NEVER;
    }
    return begun ? lastNs + withinNs / 2 : Long.MIN_VALUE;
  }

  /** A turn is over. */
  void turned(long nowNs) {
    if (withinNs > 0 && (!begun || nowNs - lastNs >= withinNs / 4)) {
      begun = true;
      lastNs = nowNs;
      beat.run();
    }
  }
}
