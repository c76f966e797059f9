package dev.vmpower.host.monitor;

import dev.vmpower.host.clock.NotGivenBackException;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
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

  private @Nullable Throwable broke;
  private final SequencedMap<Step, Throwable> failed = new LinkedHashMap<>();

  /** The thread ends because of {@code why}. */
  void broke(Throwable why) {
    broke = why;
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
      failed.remove(step);
      return true;
    } catch (NotGivenBackException refused) {
      failed.put(step, refused); // said at the very end, in one line
      return false;
    } catch (IOException | RuntimeException | Error failure) {
      failed.putIfAbsent(step, failure);
      say("the monitor could not end well", failure);
      return false;
    }
  }

  /** What ended it, or else the first thing that went wrong and stayed so; null if nothing did. */
  @Nullable Throwable failure() {
    return broke != null || failed.isEmpty() ? broke : failed.firstEntry().getValue();
  }

  private void say(String what, Throwable why) {
    try {
      LOG.error("{}: {}", what, why.toString(), why);
    } catch (RuntimeException | Error unsaid) {
      // The steps matter more.
    }
  }
}
