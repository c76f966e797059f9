package dev.vmpower.machine.sysfs;

import dev.vmpower.machine.libc.CFunction;
import dev.vmpower.machine.libc.WordCall;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * The system calls for attributes, which allocate nothing. What the kernel refuses is asked once
 * more, for the reason.
 */
final class Calls {
  // From <bits/fcntl-linux.h> and <linux/stat.h>.
  static final int O_RDONLY = 0;
  static final int O_RDWR = 2;
  private static final int O_CLOEXEC = 0x80000;
  private static final int AT_FDCWD = -100;
  private static final int STATX_INO = 0x100;
  private static final int STATX_BYTES = 256;
  private static final long STX_INO_OFFSET = 32;

  private static final MethodHandle OPEN = WordCall.handle("open");
  private static final MethodHandle CLOSE = WordCall.handle("close");
  private static final MethodHandle PREAD = WordCall.handle("pread");
  private static final MethodHandle PWRITE = WordCall.handle("pwrite");
  private static final MethodHandle TRUNCATE = WordCall.handle("ftruncate");
  private static final MethodHandle ACCESS = WordCall.handle("access");
  private static final MethodHandle STATX = WordCall.handle("statx");

  /** The same, with errno; linked when something is refused for the first time. */
  private static final class Again {
    static final CFunction OPEN =
        CFunction.of("open", ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT);
    static final CFunction PREAD = at("pread");
    static final CFunction PWRITE = at("pwrite");

    static final CFunction TRUNCATE =
        CFunction.of(
            "ftruncate", ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG);

    private static CFunction at(String name) {
      return CFunction.of(
          name,
          ValueLayout.JAVA_LONG,
          ValueLayout.JAVA_INT,
          ValueLayout.ADDRESS,
          ValueLayout.JAVA_LONG,
          ValueLayout.JAVA_LONG);
    }
  }

  private Calls() {}

  /** Returns once all is linked, which takes a while. */
  static void link() {
    // That this class is there is enough.
  }

  /** Opens the file whose name {@code path} has, with a zero at its end. */
  static int open(MemorySegment path, int flags) throws IOException {
    int all = flags | O_CLOEXEC;
    try {
      int descriptor = (int) (long) OPEN.invokeExact(path.address(), (long) all, 0L, 0L, 0L);
      return descriptor >= 0 ? descriptor : (int) Again.OPEN.call(path, all);
    } catch (IOException refused) {
      throw refused;
    } catch (Throwable impossible) {
      throw new AssertionError("open does not throw", impossible);
    }
  }

  static void close(int descriptor) {
    try {
      long unused = (long) CLOSE.invokeExact((long) descriptor, 0L, 0L, 0L, 0L);
    } catch (Throwable impossible) {
      throw new AssertionError("close does not throw", impossible);
    }
  }

  /** Fills {@code to} from the file's beginning; returns how many bytes there were. */
  static int read(int descriptor, MemorySegment to) throws IOException {
    long bytes = at0(PREAD, descriptor, to, to.byteSize());
    return (int) (bytes >= 0 ? bytes : Again.PREAD.call(descriptor, to, to.byteSize(), 0L));
  }

  /** Writes the first {@code bytes} of {@code from} to the file's beginning. */
  static void write(int descriptor, MemorySegment from, long bytes) throws IOException {
    long written = at0(PWRITE, descriptor, from, bytes);
    if (written < 0) {
      written = Again.PWRITE.call(descriptor, from, bytes, 0L);
    }
    if (written != bytes) {
      throw new IOException("took " + written + " of " + bytes + " bytes");
    }
  }

  private static long at0(MethodHandle function, int descriptor, MemorySegment memory, long bytes) {
    try {
      return (long) function.invokeExact((long) descriptor, memory.address(), bytes, 0L, 0L);
    } catch (Throwable impossible) {
      throw new AssertionError("a system call does not throw", impossible);
    }
  }

  /** Ends the file after {@code bytes}. */
  static void truncate(int descriptor, long bytes) throws IOException {
    try {
      long status = (long) TRUNCATE.invokeExact((long) descriptor, bytes, 0L, 0L, 0L);
      if ((int) status != 0) {
        Again.TRUNCATE.call(descriptor, bytes);
      }
    } catch (IOException refused) {
      throw refused;
    } catch (Throwable impossible) {
      throw new AssertionError("ftruncate does not throw", impossible);
    }
  }

  /** Whether there is such a file. */
  static boolean exists(MemorySegment path) {
    try {
      return (int) (long) ACCESS.invokeExact(path.address(), 0L, 0L, 0L, 0L) == 0;
    } catch (Throwable impossible) {
      throw new AssertionError("access does not throw", impossible);
    }
  }

  /** The inode number of a file, by way of {@code memory}; 0 if there is none. */
  static long inode(MemorySegment path, MemorySegment memory) {
    assert memory.byteSize() >= STATX_BYTES;
    try {
      long status =
          (long)
              STATX.invokeExact(
                  (long) AT_FDCWD, path.address(), 0L, (long) STATX_INO, memory.address());
      return (int) status == 0 ? memory.get(ValueLayout.JAVA_LONG, STX_INO_OFFSET) : 0;
    } catch (Throwable impossible) {
      throw new AssertionError("statx does not throw", impossible);
    }
  }
}
