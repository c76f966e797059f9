package dev.vmpower.host.control;

import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.eclipse.jetty.util.thread.Scheduler;

/** A line in the log about what strangers can make happen at will: one in a while, then a count. */
final class SparingLog {
  static final int LOG_EVERY_S = 10;

  private boolean quiet;
  private long unlogged;

  /** Logs {@code line}, or counts it. */
  synchronized void say(Scheduler scheduler, Supplier<String> line) {
    if (quiet) {
      unlogged++;
      return;
    }
    quiet = true;
    ControlHandler.LOG.warn("{}", line.get());
    scheduler.schedule(this::speakAgain, LOG_EVERY_S, TimeUnit.SECONDS);
  }

  private synchronized void speakAgain() {
    quiet = false;
    if (unlogged > 0) {
      ControlHandler.LOG.warn("and {} times more within {} s", unlogged, LOG_EVERY_S);
      unlogged = 0;
    }
  }
}
