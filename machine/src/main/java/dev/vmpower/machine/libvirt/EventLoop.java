package dev.vmpower.machine.libvirt;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * libvirt's default event loop, held by one thread.
 *
 * <p>libvirt has one such loop in a process and only one thread at a time can run it, so whoever
 * wants it waits until the one before has closed it. A single libvirt timer both ends the sleep at
 * the next deadline and lets other threads end it at once.
 */
final class EventLoop implements AutoCloseable {
  // Of the process, because libvirt's loop is.
  private static final ReentrantLock LOOP_OF_THE_PROCESS = new ReentrantLock();

  private static final long NS_PER_MS = 1_000_000L;
  private static final int SLEEP_MS_MAX = 60_000;
  private static final long FAILED_RUN_PAUSE_NS = 100 * NS_PER_MS;

  private final LibvirtLibrary library;
  private final int timer;

  private EventLoop(LibvirtLibrary library, int timer) {
    this.library = library;
    this.timer = timer;
  }

  /** Waits for the loop; null when another thread still has it after {@code waitNs}. */
  static @Nullable EventLoop enter(LibvirtLibrary library, long waitNs)
      throws InterruptedException, LibvirtException {
    if (!LOOP_OF_THE_PROCESS.tryLock(waitNs, TimeUnit.NANOSECONDS)) {
      return null;
    }
    MemorySegment nothing =
        library.stub(
            MethodHandles.empty(MethodType.methodType(void.class, int.class, MemorySegment.class)),
            FunctionDescriptor.ofVoid(JAVA_INT, ADDRESS));
    int timer = library.virEventAddTimeout(-1, nothing);
    if (timer < 0) {
      LOOP_OF_THE_PROCESS.unlock();
      throw library.failure();
    }
    return new EventLoop(library, timer);
  }

  /**
   * Sleeps until libvirt has something, {@code sleepNs} are over, or someone called {@link #wake}.
   *
   * @param pending what a waker leaves behind; looked at after the timer is set, so that a wake-up
   *     just before is not lost
   */
  void run(long sleepNs, BooleanSupplier pending) {
    long ms = Math.max(0, (sleepNs + NS_PER_MS - 1) / NS_PER_MS);
    library.virEventUpdateTimeout(timer, (int) Math.min(ms, SLEEP_MS_MAX));
    if (pending.getAsBoolean()) {
      library.virEventUpdateTimeout(timer, 0);
    }
    if (library.virEventRunDefaultImpl() < 0) {
      LockSupport.parkNanos(FAILED_RUN_PAUSE_NS);
    }
  }

  /** Ends the sleep of the loop's thread; for any thread, and harmless after close. */
  void wake() {
    library.virEventUpdateTimeout(timer, 0);
  }

  @Override
  public void close() {
    library.virEventRemoveTimeout(timer);
    LOOP_OF_THE_PROCESS.unlock();
  }
}
