package dev.vmpower.host.suspects;

import dev.vmpower.machine.process.PowerProgram;
import dev.vmpower.machine.process.PowerPrograms;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread that looks for other programs that set frequencies: once at the start, and then only
 * when somebody's change was found. Looking goes through all processes of the host, and the monitor
 * must not wait for that.
 */
public final class Suspects implements AutoCloseable {
  /** It looks at most this often; whoever asks in between waits for the next time. */
  static final long EVERY_NS = 10_000_000_000L;

  private static final Logger LOG = LoggerFactory.getLogger("vmpower.cpufreq");

  private final Supplier<List<PowerProgram>> find;
  private final LongSupplier clockNs;
  private final Thread thread;
  private volatile Consumer<String> listener = sentence -> {};
  private volatile boolean wanted;
  private volatile boolean closed;

  /**
   * A thread that waits for {@link #start}.
   *
   * @param find looks
   * @param clockNs time that never jumps
   */
  public Suspects(Supplier<List<PowerProgram>> find, LongSupplier clockNs) {
    this.find = find;
    this.clockNs = clockNs;
    this.thread = Thread.ofPlatform().daemon().name("suspects").unstarted(this::run);
  }

  /**
   * Begins.
   *
   * @param listener is told on this thread, in one sentence, each time it has looked on demand
   */
  public void start(Consumer<String> listener) {
    this.listener = listener;
    thread.start();
  }

  /** Something was changed by somebody. Never waits. */
  public void look() {
    wanted = true;
    LockSupport.unpark(thread);
  }

  private void run() {
    List<PowerProgram> atStart = find.get();
    if (!atStart.isEmpty()) {
      LOG.warn(
          "{} set{} frequencies too; see [cpu] on_conflict",
          String.join(", ", atStart.stream().map(PowerProgram::toString).toList()),
          atStart.size() == 1 ? "s" : "");
    }
    long lookedNs = clockNs.getAsLong() - EVERY_NS;
    while (!closed) {
      long waitNs = wanted ? lookedNs + EVERY_NS - clockNs.getAsLong() : Long.MAX_VALUE;
      if (waitNs == Long.MAX_VALUE) {
        LockSupport.park(this);
      } else if (waitNs > 0) {
        LockSupport.parkNanos(this, waitNs);
      } else {
        wanted = false;
        lookedNs = clockNs.getAsLong();
        listener.accept(PowerPrograms.accuse(find.get()));
      }
    }
  }

  @Override
  public void close() {
    closed = true;
    LockSupport.unpark(thread);
  }
}
