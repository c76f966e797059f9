package dev.vmpower.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * What ends a command that goes on and on: a signal, which is how it is meant to be ended and no
 * error, or whoever calls {@link #now}.
 */
final class Stop {
  private final CountDownLatch end = new CountDownLatch(1);
  private final boolean signals;

  /**
   * Something that has not been stopped.
   *
   * @param signals whether a signal ends this process at once, with 0 and nothing more asked for
   */
  Stop(boolean signals) {
    this.signals = signals;
  }

  /** From now on to be stopped is no error. */
  void expect() {
    if (signals) {
      Runtime.getRuntime()
          .addShutdownHook(
              new Thread("end") {
                @Override
                public void run() {
                  Runtime.getRuntime().halt(0);
                }
              });
    }
  }

  /** Waits for so long; whether it was stopped. */
  boolean within(long milliseconds) {
    try {
      return end.await(milliseconds, TimeUnit.MILLISECONDS);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      return true;
    }
  }

  void now() {
    end.countDown();
  }
}
