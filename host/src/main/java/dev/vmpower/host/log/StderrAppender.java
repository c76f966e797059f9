package dev.vmpower.host.log;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.UnsynchronizedAppenderBase;
import dev.vmpower.machine.process.UnixDatagrams;
import java.io.IOException;
import java.io.PrintStream;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Writes log lines to stderr, or to the journal, from a thread of its own: whoever logs takes no
 * lock and waits for no reader. What does not fit into the bounded queue is dropped, and counted in
 * the log. What the journal does not take goes to stderr.
 */
final class StderrAppender extends UnsynchronizedAppenderBase<ILoggingEvent> {
  static final int LINES_MAX = 10_000;
  static final String NAME = "stderr";

  private static final long CLOSE_WAIT_MS = 2_000;

  private final Queue<Line> lines = new ConcurrentLinkedQueue<>();
  private final AtomicInteger size = new AtomicInteger();
  private final AtomicInteger dropped = new AtomicInteger();
  private final PrintStream out;
  private final Thread thread = Thread.ofPlatform().name("log").daemon().unstarted(this::run);
  private volatile boolean stopping;
  private volatile LineFormat format = LineFormat.TEXT;
  private volatile @Nullable UnixDatagrams journal;

  /** An event, as stderr gets it and, if there is one, as the journal does. */
  @SuppressWarnings("ArrayRecordComponent") // handed from one thread to another, never compared
  private record Line(String text, byte @Nullable [] entry) {}

  StderrAppender(PrintStream out) {
    this.out = out;
  }

  void setFormat(LineFormat format) {
    this.format = format;
  }

  void setJournal(UnixDatagrams journal) {
    this.journal = journal;
  }

  @Override
  public void start() {
    super.start();
    thread.start();
  }

  @Override
  protected void append(ILoggingEvent event) {
    if (size.incrementAndGet() > LINES_MAX) {
      size.decrementAndGet();
      dropped.incrementAndGet();
      return;
    }
    lines.add(new Line(format.line(event), journal == null ? null : JournalEntry.of(event)));
    LockSupport.unpark(thread);
  }

  private void run() {
    while (true) {
      Line line = lines.poll();
      if (line == null) {
        out.flush();
        if (stopping) {
          return;
        }
        LockSupport.park(this);
        continue;
      }
      size.decrementAndGet();
      write(line);
      int lost = dropped.getAndSet(0);
      if (lost > 0) {
        out.print("(" + lost + " log lines were dropped: stderr is not read fast enough)\n");
      }
    }
  }

  private void write(Line line) {
    UnixDatagrams to = journal;
    if (to != null && line.entry() != null) {
      try {
        to.send(line.entry());
        return;
      } catch (IOException nobodyReads) {
        // It is not to be lost.
      }
    }
    out.print(line.text());
  }

  @Override
  public void stop() {
    stopping = true;
    LockSupport.unpark(thread);
    try {
      thread.join(CLOSE_WAIT_MS);
    } catch (InterruptedException stopWaiting) {
      Thread.currentThread().interrupt();
    }
    super.stop();
  }
}
