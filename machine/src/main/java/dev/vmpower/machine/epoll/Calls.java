package dev.vmpower.machine.epoll;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * The system calls of a request, which allocate nothing.
 *
 * <p>recv(2) and send(2) never wait here, so they go without the JVM's care for threads that do,
 * which costs more than it saves. Memory is passed by its address: the caller keeps it alive by
 * what it does with it afterwards.
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
  private static final int MSG_DONTWAIT = 0x40;
  private static final int MSG_NOSIGNAL = 0x4000;

  // All are declared alike, with four arguments of 64 bits: to link each kind takes the JVM some
  // ms.
  // Where C has an int, its function looks at the lower half; where it has fewer, at no others.
  private static final FunctionDescriptor KIND =
      FunctionDescriptor.of(
          ValueLayout.JAVA_LONG,
          ValueLayout.JAVA_LONG,
          ValueLayout.JAVA_LONG,
          ValueLayout.JAVA_LONG,
          ValueLayout.JAVA_LONG);

  private static final MethodHandle EPOLL_CREATE = call("epoll_create1");
  private static final MethodHandle CLOSE = call("close");
  private static final MethodHandle EPOLL_CTL = call("epoll_ctl");
  private static final MethodHandle EPOLL_WAIT = call("epoll_wait");
  private static final MethodHandle RECV = call("recv", Linker.Option.critical(false));
  private static final MethodHandle SEND = call("send", Linker.Option.critical(false));

  private Calls() {}

  private static MethodHandle call(String name, Linker.Option... options) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), KIND, options);
  }

  /** Returns once all is linked, which takes a while. */
  static void link() {
    // That this class is there is enough.
  }

  /** Makes an epoll instance: its descriptor, or -1. */
  static int epollCreate() {
    try {
      return (int) (long) EPOLL_CREATE.invokeExact((long) EPOLL_CLOEXEC, 0L, 0L, 0L);
    } catch (Throwable impossible) {
      throw new AssertionError("epoll_create1 does not throw", impossible);
    }
  }

  /** Closes a descriptor that no Java object has. */
  static void close(int descriptor) {
    try {
      long unused = (long) CLOSE.invokeExact((long) descriptor, 0L, 0L, 0L);
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
          (long) EPOLL_CTL.invokeExact((long) epoll, (long) operation, (long) descriptor, address);
      return (int) result == 0;
    } catch (Throwable impossible) {
      throw new AssertionError("epoll_ctl does not throw", impossible);
    }
  }

  /**
   * Waits for events, which it writes at {@code address}.
   *
   * @param timeoutMs 0 for none, -1 for ever
   * @return how many there are; -1 if a signal came
   */
  static int epollWait(int epoll, long address, int eventsMax, int timeoutMs) {
    try {
      return (int)
          (long) EPOLL_WAIT.invokeExact((long) epoll, address, (long) eventsMax, (long) timeoutMs);
    } catch (Throwable impossible) {
      throw new AssertionError("epoll_wait does not throw", impossible);
    }
  }

  /** Takes what has arrived: bytes, 0 at the end of the stream, -1 if it takes another look. */
  static long receive(int socket, long address, long bytesMax) {
    try {
      return (long) RECV.invokeExact((long) socket, address, bytesMax, (long) MSG_DONTWAIT);
    } catch (Throwable impossible) {
      throw new AssertionError("recv does not throw", impossible);
    }
  }

  /** Sends as much as there is room for: bytes, or -1 if it takes another look. */
  static long send(int socket, long address, long bytes) {
    try {
      return (long)
          SEND.invokeExact((long) socket, address, bytes, (long) (MSG_DONTWAIT | MSG_NOSIGNAL));
    } catch (Throwable impossible) {
      throw new AssertionError("send does not throw", impossible);
    }
  }
}
