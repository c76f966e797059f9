package dev.vmpower.host.orders;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread that saves orders, so that the monitor never waits for the disk. Orders that come
 * while it writes are saved together. What could not be saved is tried again, until there is room
 * or the daemon ends.
 */
public final class Recorder implements OrderStore {
  /** How long it waits before it tries again. */
  static final long RETRY_NS = 5_000_000_000L;

  private static final Logger LOG = LoggerFactory.getLogger("vmpower.orders");

  private record Job(Orders orders, Consumer<@Nullable String> done) {}

  private final OrdersFile file;
  private final Queue<Job> jobs = new ConcurrentLinkedQueue<>();
  private final Thread thread;
  private boolean started; // whoever records knows
  private volatile boolean closed;

  // The thread's own.
  private @Nullable Orders unsaved;
  private boolean failed;

  /** Records in {@code file}; the thread starts with the first order. */
  public Recorder(OrdersFile file) {
    this.file = file;
    this.thread = Thread.ofPlatform().name("recorder").daemon().unstarted(this::run);
  }

  @Override
  public Orders load() {
    return file.load();
  }

  @Override
  public void record(Orders orders, Consumer<@Nullable String> done) {
    jobs.add(new Job(orders, done));
    if (!started) {
      started = true;
      thread.start();
    }
    LockSupport.unpark(thread);
  }

  private void run() {
    while (true) {
      boolean last = closed;
      save();
      if (last) {
        return;
      }
      if (jobs.isEmpty() && !closed) {
        if (unsaved == null) {
          LockSupport.park(this);
        } else {
          LockSupport.parkNanos(this, RETRY_NS);
        }
      }
    }
  }

  private void save() {
    List<Job> taken = new ArrayList<>();
    for (Job job = jobs.poll(); job != null; job = jobs.poll()) {
      taken.add(job);
      unsaved = job.orders();
    }
    if (unsaved == null) {
      return;
    }
    String why = trySave(unsaved);
    if (why == null) {
      unsaved = null;
    }
    taken.forEach(job -> job.done().accept(why));
  }

  private @Nullable String trySave(Orders orders) {
    try {
      file.save(orders);
      if (failed) {
        failed = false;
        LOG.info("{}: what operators ordered is recorded again", file);
      }
      return null;
    } catch (IOException | RuntimeException refused) {
      if (!failed) {
        failed = true;
        LOG.error(
            "{}: what operators ordered is not recorded: {}", file, OrdersFile.reason(refused));
      }
      return file + ": " + OrdersFile.reason(refused);
    }
  }

  @Override
  public void close() {
    closed = true;
    if (!started) {
      return;
    }
    LockSupport.unpark(thread);
    try {
      thread.join();
    } catch (InterruptedException stopWaiting) {
      Thread.currentThread().interrupt();
    }
  }
}
