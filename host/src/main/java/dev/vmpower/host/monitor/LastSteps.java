package dev.vmpower.host.monitor;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The end of a thread that has much to leave in order: whatever becomes of one step, the next is
 * done too, also where memory has run out.
 */
final class LastSteps {
  private static final Logger LOG = LoggerFactory.getLogger("vmpower.monitor");

  /** Kept free for the steps, for where there is no other memory. */
  private static final int RESERVE_BYTES = 1 << 20;

  private static final int TRIES = 3;

  /** One of them. */
  interface Step {
    void run() throws IOException;
  }

  private byte[] reserve = new byte[RESERVE_BYTES];
  private @Nullable Throwable failure;

  /** The thread ends because of {@code why}. */
  void broke(Throwable why) {
    reserve = new byte[0];
    failure = why;
    say("the monitor broke and gives everything back", why);
  }

  /** Takes a step; one that fails is taken again, some times. */
  void insistOn(Step step) {
    for (int i = 0; i < TRIES; i++) {
      if (attempt(step)) {
        return;
      }
    }
  }

  /** Takes a step. Whether it went well. */
  boolean attempt(Step step) {
    try {
      step.run();
      return true;
    } catch (IOException | RuntimeException | Error failed) {
      failure = failure == null ? failed : failure;
      say("the monitor could not end well", failed);
      return false;
    }
  }

  /** The first thing that went wrong; null if nothing did. */
  @Nullable Throwable failure() {
    return failure;
  }

  private void say(String what, Throwable why) {
    try {
      LOG.error("{}: {} ({} bytes in reserve)", what, why.toString(), reserve.length, why);
    } catch (RuntimeException | Error unsaid) {
      // There is no memory left to say it.
    }
  }
}
