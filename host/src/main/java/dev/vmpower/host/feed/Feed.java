package dev.vmpower.host.feed;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Takes changes from the one thread that makes them to the readers that follow them.
 *
 * <p>That thread never waits, takes no lock, and does nothing while there is no reader. What it
 * publishes is queued for each reader; one whose queue is full is cut off, which the others do not
 * notice. A courier, which is one thread of the readers' side, is woken and carries on from there.
 */
public final class Feed {
  /** How many can follow at once. */
  public static final int READERS_MAX = 16;

  /** A change with its number, which grows by one from change to change. */
  public record Numbered(long number, Change change) {}

  private volatile List<Reader> readers = List.of();
  private volatile @Nullable Thread courier;

  // The publishing thread's own.
  private long number;
  private boolean news;

  /** Whether anybody follows: if not, there is nothing to publish. */
  public boolean isWanted() {
    return !readers.isEmpty();
  }

  /** Queues {@code change} for all readers; the publishing thread only. */
  public void publish(Change change) {
    Numbered numbered = new Numbered(++number, change);
    List<Reader> present = readers;
    for (int i = 0; i < present.size(); i++) {
      present.get(i).offer(numbered);
    }
    news = true;
  }

  /** Wakes the courier if something was published since; the publishing thread only. */
  public void flush() {
    if (news) {
      news = false;
      LockSupport.unpark(courier);
    }
  }

  /** Begins to follow what is published from now on; null if too many do. */
  public synchronized @Nullable Reader open() {
    if (readers.size() >= READERS_MAX) {
      return null;
    }
    Reader reader = new Reader(this);
    List<Reader> more = new ArrayList<>(readers);
    more.add(reader);
    readers = List.copyOf(more);
    return reader;
  }

  synchronized void close(Reader reader) {
    List<Reader> fewer = new ArrayList<>(readers);
    fewer.remove(reader);
    readers = List.copyOf(fewer);
  }

  /** Names the thread that is woken when something was published; null for none. */
  public void setCourier(@Nullable Thread thread) {
    courier = thread;
  }
}
