package dev.vmpower.host;

import java.io.IOException;
import java.lang.ref.Reference;
import java.util.concurrent.locks.LockSupport;

/** A daemon in whose process all memory is eaten, once a byte or the end comes on stdin. */
final class HungryDaemon {
  private static final int PIECE_BYTES_MAX = 1 << 20;
  private static final long HOLD_NS = 60_000_000_000L;

  private HungryDaemon() {}

  /** The arguments are the daemon's. */
  public static void main(String[] args) {
    Thread.ofPlatform().daemon().name("eater").start(HungryDaemon::eat);
    Daemon.main(args);
  }

  private static void eat() {
    try {
      int told = System.in.read();
      Object[] eaten = {told}; // and a list of all memory
      for (int size = PIECE_BYTES_MAX; size > 0; ) {
        try {
          eaten = new Object[] {eaten, new byte[size]};
        } catch (OutOfMemoryError full) {
          size /= 2;
        }
      }
      try {
        LockSupport.parkNanos(HOLD_NS);
      } finally {
        Reference.reachabilityFence(eaten);
      }
    } catch (IOException unread) {
      throw new IllegalStateException(unread);
    }
  }
}
