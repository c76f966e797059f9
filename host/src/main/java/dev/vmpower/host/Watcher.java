package dev.vmpower.host;

import dev.vmpower.host.monitor.Heartbeat;
import dev.vmpower.machine.process.Supervisor;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the service manager is told of the daemon. One that does not listen is no reason to end. */
final class Watcher {
  private static final Logger LOG = LoggerFactory.getLogger("vmpower");

  private interface Message {
    void tell() throws IOException;
  }

  private final Supervisor manager;
  private volatile boolean unheard;

  Watcher(Supervisor manager) {
    this.manager = manager;
  }

  /** What feeds its watchdog: the monitor's loop, and nobody else. */
  Heartbeat heartbeat() {
    return new Heartbeat(manager.watchdogNs(), () -> tell(manager::feed));
  }

  void ready() {
    tell(() -> manager.ready("serving"));
  }

  void reloading() {
    tell(manager::reloading);
  }

  void stopping() {
    tell(manager::stopping);
  }

  private void tell(Message message) {
    try {
      message.tell();
      unheard = false;
    } catch (IOException refused) {
      if (!unheard) {
        unheard = true;
        LOG.warn("the service manager cannot be told: {}", refused.getMessage());
      }
    }
  }
}
