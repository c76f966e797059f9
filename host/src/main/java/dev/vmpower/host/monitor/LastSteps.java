package dev.vmpower.host.monitor;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The end of a thread that has much to leave in order: whatever becomes of one step, the next is
 * done too.
 */
final class LastSteps {
  private static final Logger LOG = LoggerFactory.getLogger("vmpower.monitor");

  private static final int TRIES = 3;

  /** One of them. */
  interface Step {
    void run() throws IOException;
  }

  private @Nullable Throwable failure;

  /** The thread ends because of {@code why}. */
  void broke(Throwable why) {
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
      LOG.error("{}: {}", what, why.toString(), why);
    } catch (RuntimeException | Error unsaid) {
      // The steps matter more.
    }
  }
}
