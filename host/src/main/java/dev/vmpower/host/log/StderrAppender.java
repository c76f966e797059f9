package dev.vmpower.host.log;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.core.UnsynchronizedAppenderBase;
import java.io.PrintStream;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;

/**
 * Writes log lines to stderr from a thread of its own: whoever logs takes no lock and waits for no
 * reader of stderr. What does not fit into the bounded queue is dropped, and counted in the log.
 */
final class StderrAppender extends UnsynchronizedAppenderBase<ILoggingEvent> {
  static final int LINES_MAX = 10_000;

  private static final long CLOSE_WAIT_MS = 2_000;
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSS").withZone(ZoneId.systemDefault());

  /** Controls, C1's too; what parts lines and paragraphs; what changes the direction of text. */
  private static final Pattern UNPRINTABLE =
      Pattern.compile("[\\p{Cc}\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069]");

  private final Queue<String> lines = new ConcurrentLinkedQueue<>();
  private final AtomicInteger size = new AtomicInteger();
  private final AtomicInteger dropped = new AtomicInteger();
  private final PrintStream out;
  private final Thread thread = Thread.ofPlatform().name("log").daemon().unstarted(this::run);
  private volatile boolean stopping;

  StderrAppender(PrintStream out) {
    this.out = out;
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
    lines.add(format(event));
    LockSupport.unpark(thread);
  }

  private static String format(ILoggingEvent event) {
    StringBuilder line = new StringBuilder();
    line.append(TIME.format(Instant.ofEpochMilli(event.getTimeStamp()))).append(' ');
    line.append(event.getLevel()).append(' ').append(event.getLoggerName()).append(": ");
    line.append(printable(event.getFormattedMessage())).append('\n');
    for (IThrowableProxy cause = event.getThrowableProxy();
        cause != null;
        cause = cause.getCause()) {
      line.append("  ").append(cause.getClassName()).append(": ");
      line.append(printable(String.valueOf(cause.getMessage())));
      for (var frame : cause.getStackTraceElementProxyArray()) {
        line.append("\n    ").append(frame);
      }
      line.append('\n');
    }
    return line.toString();
  }

  // One event is one line, whatever names it carries, and does nothing to a terminal.
  static String printable(String text) {
    return UNPRINTABLE.matcher(text).replaceAll("?");
  }

  private void run() {
    while (true) {
      String line = lines.poll();
      if (line == null) {
        out.flush();
        if (stopping) {
          return;
        }
        LockSupport.park(this);
        continue;
      }
      size.decrementAndGet();
      out.print(line);
      int lost = dropped.getAndSet(0);
      if (lost > 0) {
        out.print("(" + lost + " log lines were dropped: stderr is not read fast enough)\n");
      }
    }
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
