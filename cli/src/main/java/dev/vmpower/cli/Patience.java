package dev.vmpower.cli;

import java.io.Closeable;
import java.io.IOException;

/** Closes what a program waits on when that takes too long: a blocking read has no time-out. */
final class Patience extends Thread implements AutoCloseable {
  private final Closeable awaited;
  private final int milliseconds;
  private volatile boolean renewed;

  private Patience(Closeable awaited, int milliseconds) {
    super("patience");
    this.awaited = awaited;
    this.milliseconds = milliseconds;
    setDaemon(true);
  }

  /** Begins to wait; {@link #close} ends that. */
  static Patience with(Closeable awaited, int milliseconds) {
    Patience patience = new Patience(awaited, milliseconds);
    patience.start();
    return patience;
  }

  /** Something came: it ends no sooner than a whole patience from now, and within two. */
  void renew() {
    renewed = true;
  }

  @Override
  public void run() {
    try {
      do {
        renewed = false;
        sleep(milliseconds);
      } while (renewed);
      awaited.close();
    } catch (InterruptedException | IOException over) {
      // It came in time, or is closed already.
    }
  }

  @Override
  public void close() {
    interrupt();
  }
}
