package dev.vmpower.host.monitor;

import java.nio.channels.Selector;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** The bounded, lock-free way from every other thread to the monitor, which it wakes. */
public final class Mailbox {
  /** What may wait at most; more is refused. */
  static final int EVENTS_MAX = 16_384;

  private final Queue<Event> events = new ConcurrentLinkedQueue<>();
  private final AtomicInteger size = new AtomicInteger();
  private final AtomicLong refused = new AtomicLong();
  private final Selector selector;

  Mailbox(Selector selector) {
    this.selector = selector;
  }

  /** Posts {@code event}; false if the mailbox is full, which is counted. */
  public boolean offer(Event event) {
    if (size.incrementAndGet() > EVENTS_MAX) {
      size.decrementAndGet();
      refused.incrementAndGet();
      return false;
    }
    events.add(event);
    selector.wakeup();
    return true;
  }

  /** Takes the next event, if there is one; the monitor's thread only. */
  @Nullable Event poll() {
    Event event = events.poll();
    if (event != null) {
      size.decrementAndGet();
    }
    return event;
  }

  /** How many events were refused because the mailbox was full. */
  public long refused() {
    return refused.get();
  }
}
