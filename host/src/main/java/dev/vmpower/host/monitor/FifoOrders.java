package dev.vmpower.host.monitor;

import dev.vmpower.host.fifo.FifoFeed;
import dev.vmpower.host.fifo.FifoOrder;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * Carries what comes through FIFOs into the mailbox. None is lost, and none crowds out others: with
 * a few on their way, it is the FIFOs' thread that waits, and behind it who writes.
 */
public final class FifoOrders implements FifoFeed.Sink {
  /** How many may be on their way to the monitor. */
  static final int WAITING_MAX = 64;

  private static final long FULL_WAIT_NS = 1_000_000L;

  private final Monitor monitor;
  private final AtomicInteger waiting = new AtomicInteger();

  public FifoOrders(Monitor monitor) {
    this.monitor = monitor;
  }

  @Override
  public void order(int cpu, FifoOrder order) {
    Event event = new Event.FifoOrdered(cpu, order, waiting);
    while (!monitor.ended().isDone()) {
      if (waiting.get() < WAITING_MAX) {
        waiting.incrementAndGet(); // by this thread alone
        if (monitor.mailbox().offer(event)) {
          return;
        }
        waiting.decrementAndGet();
      }
      LockSupport.parkNanos(this, FULL_WAIT_NS);
    }
  }
}
