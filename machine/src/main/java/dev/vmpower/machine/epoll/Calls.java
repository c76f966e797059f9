package dev.vmpower.machine.epoll;

import dev.vmpower.machine.libc.WordCall;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;

/**
 * The system calls of a request, which allocate nothing.
 *
 * <p>recv(2) and send(2) never wait here, so they go without the JVM's care for threads that do,
 * which costs more than it saves.
 */
@SuppressWarnings("restricted") // native access is what this class is for
final class Calls {
  // From <sys/epoll.h> and <bits/socket.h>.
  static final int EPOLL_CLOEXEC = 0x80000;
  static final int EPOLL_CTL_ADD = 1;
  static final int EPOLL_CTL_DEL = 2;
  static final int EPOLL_CTL_MOD = 3;
  static final int EPOLLIN = 1;
  static final int EPOLLOUT = 4;
  static final int EPOLLERR = 8;
  static final int EPOLLHUP = 16;
  private static final long NO_MASK = 0;
  private static final int MSG_DONTWAIT = 0x40;
  private static final int MSG_NOSIGNAL = 0x4000;

  /** Whether {@link #epollWait} may be called: since glibc 2.35. */
  static final boolean HAS_PWAIT2 = WordCall.isThere("epoll_pwait2");

  private static final MethodHandle EPOLL_CREATE = WordCall.handle("epoll_create1");
  private static final MethodHandle CLOSE = WordCall.handle("close");
  private static final MethodHandle EPOLL_CTL = WordCall.handle("epoll_ctl");
  private static final MethodHandle EPOLL_PWAIT = WordCall.handle("epoll_pwait");
  private static final MethodHandle EPOLL_PWAIT2 =
      WordCall.handle(HAS_PWAIT2 ? "epoll_pwait2" : "epoll_pwait");
  private static final MethodHandle RECV = WordCall.handle("recv", Linker.Option.critical(false));
  private static final MethodHandle SEND = WordCall.handle("send", Linker.Option.critical(false));

  private Calls() {}

  /** Returns once all is linked, which takes a while. */
  static void link() {
    // That this class is there is enough.
  }

  /** Makes an epoll instance: its descriptor, or -1. */
  static int epollCreate() {
    try {
      return (int) (long) EPOLL_CREATE.invokeExact((long) EPOLL_CLOEXEC, 0L, 0L, 0L, 0L);
    } catch (Throwable impossible) {
      throw new AssertionError("epoll_create1 does not throw", impossible);
    }
  }

  /** Closes a descriptor that no Java object has. */
  static void close(int descriptor) {
    try {
      long unused = (long) CLOSE.invokeExact((long) descriptor, 0L, 0L, 0L, 0L);
    } catch (Throwable impossible) {
      throw new AssertionError("close does not throw", impossible);
    }
  }

  /**
   * Adds, changes or removes what is waited for; {@code address} has a struct epoll_event.
   *
   * @return whether the kernel did it
   */
  static boolean epollControl(int epoll, int operation, int descriptor, long address) {
    try {
      long result =
          (long)
              EPOLL_CTL.invokeExact((long) epoll, (long) operation, (long) descriptor, address, 0L);
      return (int) result == 0;
    } catch (Throwable impossible) {
      throw new AssertionError("epoll_ctl does not throw", impossible);
    }
  }

  /**
   * Waits for events, which it writes at {@code address}.
   *
   * @param timespec where a struct timespec has the longest wait; 0 for ever
   * @return how many there are; -1 if a signal came, or the kernel does not have this
   */
  static int epollWait(int epoll, long address, int eventsMax, long timespec) {
    try {
      return (int)
          (long)
              EPOLL_PWAIT2.invokeExact((long) epoll, address, (long) eventsMax, timespec, NO_MASK);
    } catch (Throwable impossible) {
      throw new AssertionError("epoll_pwait2 does not throw", impossible);
    }
  }

  /** The same, to the ms; 0 for none, -1 for ever. */
  static int epollWaitMs(int epoll, long address, int eventsMax, int timeoutMs) {
    try {
      return (int)
          (long)
              EPOLL_PWAIT.invokeExact(
                  (long) epoll, address, (long) eventsMax, (long) timeoutMs, NO_MASK);
    } catch (Throwable impossible) {
      throw new AssertionError("epoll_pwait does not throw", impossible);
    }
  }

  /** Takes what has arrived: bytes, 0 at the end of the stream, -1 if it takes another look. */
  static long receive(int socket, long address, long bytesMax) {
    try {
      return (long) RECV.invokeExact((long) socket, address, bytesMax, (long) MSG_DONTWAIT, 0L);
    } catch (Throwable impossible) {
      throw new AssertionError("recv does not throw", impossible);
    }
  }

  /** Sends as much as there is room for: bytes, or -1 if it takes another look. */
  static long send(int socket, long address, long bytes) {
    try {
      return (long)
          SEND.invokeExact((long) socket, address, bytes, (long) (MSG_DONTWAIT | MSG_NOSIGNAL), 0L);
    } catch (Throwable impossible) {
      throw new AssertionError("send does not throw", impossible);
    }
  }
}
