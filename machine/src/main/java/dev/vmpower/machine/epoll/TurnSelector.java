package dev.vmpower.machine.epoll;

import java.io.IOException;
import java.nio.channels.SelectionKey;
import java.nio.channels.spi.AbstractSelector;
import java.nio.channels.spi.SelectorProvider;
import java.util.Set;
import java.util.function.Consumer;

/**
 * A selector for one thread: that registers, changes and waits, and only {@link #wakeup} is for
 * others. What is ready goes to a consumer and is not kept; time is in ns.
 */
public abstract class TurnSelector extends AbstractSelector {
  /**
   * How many of those that are ready one turn takes. The others are first in the next turn; and
   * what so few have sent is still in the CPU's cache when it is answered.
   */
  public static final int EVENTS_MAX = 128;

  /** As a time-out: until something is ready. */
  public static final long FOREVER_NS = Long.MAX_VALUE;

  /** One without keys. */
  protected TurnSelector() {
    super(SelectorProvider.provider());
  }

  /**
   * Waits until something is ready, another thread wakes this one up, or the time is over; then
   * hands at most {@link #EVENTS_MAX} that are ready to {@code action}.
   *
   * @param timeoutNs 0 for not waiting, or {@link #FOREVER_NS}
   * @return how many were ready
   * @throws IOException if the kernel refused
   */
  public abstract int turn(Consumer<SelectionKey> action, long timeoutNs) throws IOException;

  /** Always empty: what is ready goes to a consumer. */
  @Override
  public final Set<SelectionKey> selectedKeys() {
    return Set.of();
  }

  /** Not here: see {@link #turn}. */
  @Override
  public final int selectNow() {
    throw new UnsupportedOperationException("what is ready goes to a consumer");
  }

  /** Not here: see {@link #turn}. */
  @Override
  public final int select(long timeoutMs) {
    throw new UnsupportedOperationException("what is ready goes to a consumer");
  }

  /** Not here: see {@link #turn}. */
  @Override
  public final int select() {
    throw new UnsupportedOperationException("what is ready goes to a consumer");
  }
}
