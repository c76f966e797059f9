package dev.vmpower.guest;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;

/**
 * The five calls of the C library that a port needs, with buffers of their own: a result below 0 is
 * a negated errno. Interrupted calls are made again.
 *
 * <p>To link them takes a tenth of a second or two, so whoever opens no device does not load this.
 */
final class Libc {
  static final int EPERM = 1;
  static final int ENOENT = 2;
  static final int EINTR = 4;
  static final int EIO = 5;
  static final int ENXIO = 6;
  static final int EAGAIN = 11;
  static final int EACCES = 13;
  static final int EBUSY = 16;
  static final int ENODEV = 19;
  static final int EPIPE = 32;

  static final int POLLIN = 1;
  static final int POLLOUT = 4;
  static final int POLLHUP = 16;

  private static final int O_RDWR = 2;
  private static final int O_NONBLOCK = 04000;
  private static final int O_CLOEXEC = 02000000;

  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

  private static final Linker.Option ERRNO = Linker.Option.captureCallState("errno");
  private static final StructLayout STATE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO_OF =
      STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));

  private static final FunctionDescriptor TRANSFER =
      FunctionDescriptor.of(LONG, INT, ValueLayout.ADDRESS, LONG);
  private static final MethodHandle OPEN =
      link(
          "open",
          FunctionDescriptor.of(INT, ValueLayout.ADDRESS, INT),
          ERRNO,
          Linker.Option.firstVariadicArg(2));
  private static final MethodHandle READ = link("read", TRANSFER, ERRNO);
  private static final MethodHandle WRITE = link("write", TRANSFER, ERRNO);
  private static final MethodHandle POLL =
      link("poll", FunctionDescriptor.of(INT, ValueLayout.ADDRESS, LONG, INT), ERRNO);
  private static final MethodHandle CLOSE = link("close", FunctionDescriptor.of(INT, INT));

  private final Arena arena = Arena.ofShared();
  private final MemorySegment state = arena.allocate(STATE);
  private final MemorySegment pollfd = arena.allocate(8, 4);
  private final MemorySegment buffer;
  private final ByteBuffer bytes;

  Libc(int bufferBytes) {
    buffer = arena.allocate(bufferBytes);
    bytes = buffer.asByteBuffer();
  }

  private static MethodHandle link(
      String name, FunctionDescriptor descriptor, Linker.Option... options) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(
        linker.defaultLookup().find(name).orElseThrow(), descriptor, options);
  }

  /** Opens a device for reading and writing, without ever waiting; returns its descriptor. */
  int open(String path) {
    try (Arena call = Arena.ofConfined()) {
      MemorySegment text = call.allocateFrom(path);
      while (true) {
        int result = (int) OPEN.invokeExact(state, text, O_RDWR | O_NONBLOCK | O_CLOEXEC);
        if (result >= 0 || errno() != EINTR) {
          return result >= 0 ? result : -errno();
        }
      }
    } catch (Throwable impossible) {
      throw unexpected(impossible);
    }
  }

  /** Reads at most what {@code into} has room for; 0 is end of file. */
  int read(int descriptor, ByteBuffer into) {
    long room = Math.min(into.remaining(), bytes.capacity());
    int result = transfer(READ, descriptor, room);
    if (result > 0) {
      into.put(bytes.slice(0, result));
    }
    return result;
  }

  /** Writes what it can of {@code from}. */
  int write(int descriptor, ByteBuffer from) {
    int length = Math.min(from.remaining(), bytes.capacity());
    bytes.put(0, from, from.position(), length);
    int result = transfer(WRITE, descriptor, length);
    if (result > 0) {
      from.position(from.position() + result);
    }
    return result;
  }

  private int transfer(MethodHandle call, int descriptor, long length) {
    try {
      while (true) {
        long result = (long) call.invokeExact(state, descriptor, buffer, length);
        if (result >= 0 || errno() != EINTR) {
          return result >= 0 ? (int) result : -errno();
        }
      }
    } catch (Throwable impossible) {
      throw unexpected(impossible);
    }
  }

  /** Waits for {@code events}, and returns those that came, POLLHUP among them; 0 after a while. */
  int poll(int descriptor, int events, int timeoutMs) {
    pollfd.set(INT, 0, descriptor);
    pollfd.set(ValueLayout.JAVA_SHORT, 4, (short) events);
    pollfd.set(ValueLayout.JAVA_SHORT, 6, (short) 0);
    try {
      int result = (int) POLL.invokeExact(state, pollfd, 1L, timeoutMs);
      if (result < 0) {
        return errno() == EINTR ? 0 : -errno();
      }
      return pollfd.get(ValueLayout.JAVA_SHORT, 6);
    } catch (Throwable impossible) {
      throw unexpected(impossible);
    }
  }

  // Never again after EINTR: on Linux the descriptor is gone, and may be another's by now.
  void close(int descriptor) {
    try {
      int unused = (int) CLOSE.invokeExact(descriptor);
    } catch (Throwable impossible) {
      throw unexpected(impossible);
    }
  }

  /** Gives the buffers back. */
  void free() {
    arena.close();
  }

  private int errno() {
    return (int) ERRNO_OF.get(state, 0L);
  }

  private static IllegalStateException unexpected(Throwable impossible) {
    return new IllegalStateException("a call of the C library threw", impossible);
  }
}
