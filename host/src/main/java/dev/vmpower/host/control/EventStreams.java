package dev.vmpower.host.control;

import dev.vmpower.host.feed.Feed;
import dev.vmpower.host.feed.Reader;
import dev.vmpower.host.feed.TargetHistory;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/**
 * The streams of events under way, and the courier: one thread that is there while they are, sleeps
 * until something was published, and then sets those in motion that are idle.
 */
final class EventStreams {
  /** How long clients may take to read the end of their stream. */
  private static final int END_MS = 1_000;

  /** One stream that ends interrupts the waiting for others. */
  private static final int END_TRIES = Feed.READERS_MAX;

  private final Feed feed;
  private final Set<EventStream> streams = ConcurrentHashMap.newKeySet();
  private @Nullable Thread courier;
  private volatile @Nullable HistoryKeeper keeper;

  EventStreams(Feed feed) {
    this.feed = feed;
  }

  /**
   * A new reader.
   *
   * @throws RequestException if there are too many
   */
  Reader open() throws RequestException {
    Reader reader = feed.open();
    if (reader == null) {
      throw new RequestException(
          RequestException.UNAVAILABLE,
          Feed.READERS_MAX + " follow the events already: try again when one has ended");
    }
    return reader;
  }

  /** Answers {@code request} with what {@code reader} gets. */
  void begin(Reader reader, Request request, Response response, Callback callback) {
    EventStream stream = new EventStream(reader, request, response, callback, this::ended);
    stream.prepare();
    streams.add(stream); // the courier may begin it
    startCourier();
    stream.begin();
  }

  /** Keeps a history too, until the end. */
  void keep(HistoryKeeper history) {
    keeper = history;
    startCourier();
  }

  /** What is kept; nothing where there is no page to show it. */
  List<TargetHistory.Course> history() {
    HistoryKeeper history = keeper;
    return history == null ? List.of() : history.courses();
  }

  private synchronized void startCourier() {
    if (courier == null) {
      Thread started = Thread.ofPlatform().daemon().name("control-events").unstarted(this::carry);
      courier = started;
      feed.setCourier(started);
      started.start();
    }
  }

  private void carry() {
    while (!isOver()) {
      HistoryKeeper history = keeper;
      if (history != null) {
        history.follow();
      }
      streams.forEach(EventStream::iterate);
      LockSupport.park(this);
    }
  }

  private synchronized boolean isOver() {
    if (!streams.isEmpty() || keeper != null) {
      return false;
    }
    courier = null;
    feed.setCourier(null);
    return true;
  }

  private synchronized void ended(EventStream stream) {
    streams.remove(stream);
    LockSupport.unpark(courier);
    notifyAll();
  }

  /** Ends all streams in good order, but for those whose clients do not read. */
  synchronized void end() throws InterruptedException {
    keeper = null;
    List.copyOf(streams).forEach(EventStream::end);
    for (int i = 0; i < END_TRIES && !streams.isEmpty(); i++) {
      wait(END_MS / END_TRIES);
    }
    streams.clear();
    LockSupport.unpark(courier);
  }
}
