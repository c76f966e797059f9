package dev.vmpower.machine.libvirt;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/**
 * The thread that runs libvirt's default event loop: it receives events and keeps connections
 * alive.
 *
 * <p>libvirt has one such loop in a process and no way to end it, so the thread is the process's
 * too: the first watch starts it, and it sleeps while there is no connection. It makes no call that
 * waits for libvirt. That matters: seen with libvirt 9.0, a call made by the loop's own thread
 * waits for ever on a libvirt that hangs, since nobody is left to find out that it is not alive.
 */
final class EventLoop {
  private static final AtomicBoolean STARTED_IN_THIS_PROCESS = new AtomicBoolean();
  private static final long FAILED_RUN_PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(100);

  private EventLoop() {}

  /** Makes sure that the loop runs; its registration came with the library. */
  static void ensureStarted(LibvirtLibrary library) {
    if (STARTED_IN_THIS_PROCESS.compareAndSet(false, true)) {
      Thread.ofPlatform().daemon().name("libvirt-events").start(() -> run(library));
    }
  }

  private static void run(LibvirtLibrary library) {
    while (true) {
      if (library.virEventRunDefaultImpl() < 0) {
        LockSupport.parkNanos(FAILED_RUN_PAUSE_NS);
      }
    }
  }
}
