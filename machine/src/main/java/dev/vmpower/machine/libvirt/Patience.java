package dev.vmpower.machine.libvirt;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Notices a call to libvirt that does not return, and says so once.
 *
 * <p>Nobody can interrupt such a call. The keepalive ends it where libvirt is dead to the world; a
 * libvirt whose event loop lives while its workers hang keeps it for ever. So a thread of its own
 * looks at the age of the call. It sleeps while there is none, and takes one look for each time
 * that the watch was busy.
 */
final class Patience implements AutoCloseable {
  /** A call that is older than this is said to hang. */
  static final long CALL_NS_MAX = 5_000_000_000L;

  private final long limitNs;
  private final Consumer<String> tell;
  private final Thread thread =
      Thread.ofPlatform().daemon().name("libvirt-patience").unstarted(this::run);
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition change = lock.newCondition();
  private @Nullable String call;
  private long sinceNs;
  private boolean lost;
  private boolean closed;

  /**
   * @param tell is told in one line of a call that hangs, on the thread of this
   */
  Patience(long limitNs, Consumer<String> tell) {
    this.limitNs = limitNs;
    this.tell = tell;
  }

  void start() {
    thread.start();
  }

  /** A call begins, and the one before has returned; {@code call} says which, as in "reading X". */
  void begin(String call) {
    lock.lock();
    try {
      if (this.call == null) {
        change.signal();
      }
      this.call = call;
      sinceNs = System.nanoTime();
    } finally {
      lock.unlock();
    }
  }

  /** All calls have returned. Whether one was said to hang, which is forgotten by this. */
  boolean end() {
    lock.lock();
    try {
      call = null;
      boolean was = lost;
      lost = false;
      return was;
    } finally {
      lock.unlock();
    }
  }

  private void run() {
    lock.lock();
    try {
      while (!closed) {
        String pending = call;
        long leftNs = sinceNs + limitNs - System.nanoTime();
        if (pending == null || lost) {
          change.await();
        } else if (leftNs > 0) {
          change.awaitNanos(leftNs);
        } else {
          lost = true;
          // With the lock: whoever sees the call return is told of it after this.
          long seconds = TimeUnit.NANOSECONDS.toSeconds(limitNs);
          tell.accept("libvirt has not answered for " + seconds + " s (" + pending + ")");
        }
      }
    } catch (InterruptedException ended) {
      Thread.currentThread().interrupt();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      change.signal();
    } finally {
      lock.unlock();
    }
  }
}
