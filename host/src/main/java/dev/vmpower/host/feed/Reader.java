package dev.vmpower.host.feed;

import dev.vmpower.host.feed.Feed.Numbered;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** One that follows the {@link Feed}, from {@link Feed#open} until {@link #close}. */
public final class Reader implements AutoCloseable {
  /** Changes that wait for one reader; one more, and it is cut off. */
  public static final int CHANGES_MAX = 8192;

  private final Feed feed;
  private final Queue<Numbered> waiting = new ConcurrentLinkedQueue<>();
  private final AtomicInteger size = new AtomicInteger();
  private volatile boolean cutOff;

  Reader(Feed feed) {
    this.feed = feed;
  }

  void offer(Numbered change) {
    if (cutOff) {
      return;
    }
    if (size.incrementAndGet() > CHANGES_MAX) {
      cutOff = true;
      return;
    }
    waiting.add(change);
  }

  /** Takes the next change; null if there is none now, or it was cut off. */
  public @Nullable Numbered poll() {
    if (cutOff) {
      waiting.clear();
      return null;
    }
    Numbered next = waiting.poll();
    if (next != null) {
      size.decrementAndGet();
    }
    return next;
  }

  /** Whether it was too slow, and gets nothing any more. */
  public boolean isCutOff() {
    return cutOff;
  }

  /** Follows no more. */
  @Override
  public void close() {
    feed.close(this);
  }
}
