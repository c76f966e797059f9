package dev.vmpower.machine.fifo;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.vmpower.machine.libc.CFunction;
import dev.vmpower.machine.libc.ErrnoException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Locale;

/**
 * One FIFO, open. It is open for writing too, so that it never ends when a writer goes.
 *
 * <p>Not thread-safe.
 */
final class Fifo {
  /** What its name begins with; its number follows. */
  static final String PREFIX = "fifo";

  // From <asm-generic/fcntl.h> and <linux/stat.h>.
  private static final int O_RDWR = 2;
  private static final int O_NONBLOCK = 04000;
  private static final int O_NOFOLLOW = 0400000;
  private static final int O_CLOEXEC = 02000000;
  private static final int S_IFMT = 0170000;
  private static final int S_IFIFO = 0010000;

  private static final int ROOT = 0;
  private static final int MODE = 0600;
  private static final int OTHERS = 077;

  private static final CFunction MKFIFO = CFunction.of("mkfifo", JAVA_INT, ADDRESS, JAVA_INT);
  private static final CFunction OPEN = CFunction.variadic("open", 2, JAVA_INT, ADDRESS, JAVA_INT);
  private static final CFunction READ =
      CFunction.of("read", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
  private static final CFunction CLOSE = CFunction.of("close", JAVA_INT, JAVA_INT);

  private final int number;
  private final Path path;
  private final boolean made;
  private final int descriptor;

  private Fifo(int number, Path path, boolean made, int descriptor) {
    this.number = number;
    this.path = path;
    this.made = made;
    this.descriptor = descriptor;
  }

  /**
   * Makes the FIFO {@code number} in {@code directory}, or takes the one that is there.
   *
   * @param uid the user of this process; one that is there must be its or root's, and theirs alone
   * @throws IOException in one line, if that is not to be
   */
  static Fifo open(Path directory, int number, int uid) throws IOException {
    Path path = directory.resolve(PREFIX + number);
    boolean made = make(path);
    Fifo fifo = new Fifo(number, path, made, openDescriptor(path));
    try {
      fifo.check(uid);
      return fifo;
    } catch (IOException distrusted) {
      fifo.close();
      throw distrusted;
    }
  }

  private static boolean make(Path path) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MKFIFO.call(arena.allocateFrom(path.toString()), MODE);
      return true;
    } catch (ErrnoException refused) {
      if (refused.errno() == ErrnoException.EEXIST) {
        return false;
      }
      throw new IOException(path + " cannot be made: " + refused.getMessage(), refused);
    }
  }

  private static int openDescriptor(Path path) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      return (int)
          OPEN.call(
              arena.allocateFrom(path.toString()), O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    } catch (ErrnoException refused) {
      throw new IOException(
          switch (refused.errno()) {
            case ErrnoException.ELOOP -> path + " is a symbolic link: remove it";
            case ErrnoException.ENXIO, ErrnoException.EISDIR -> path + " is no FIFO: remove it";
            default -> path + " cannot be opened: " + refused.getMessage();
          },
          refused);
    }
  }

  // Of what is open, not of the name: that can lead elsewhere by now.
  private void check(int uid) throws IOException {
    Path open = openFile();
    int mode = (int) Files.getAttribute(open, "unix:mode");
    int owner = (int) Files.getAttribute(open, "unix:uid");
    if ((mode & S_IFMT) != S_IFIFO) {
      throw new IOException(path + " is no FIFO: remove it");
    }
    if (owner != ROOT && owner != uid) {
      throw new IOException(path + " belongs to uid " + owner + ": remove it, or chown root it");
    }
    if ((mode & OTHERS) != 0) {
      throw new IOException(
          String.format(
              Locale.ROOT, "%s is not its owner's alone (%o): chmod 600 it", path, mode & ~S_IFMT));
    }
  }

  private Path openFile() {
    return Path.of("/proc/self/fd/" + descriptor);
  }

  int number() {
    return number;
  }

  Path path() {
    return path;
  }

  int descriptor() {
    return descriptor;
  }

  /** Reads what is there into {@code room}; returns how many bytes that was. */
  int read(MemorySegment room) throws IOException {
    try {
      return (int) READ.call(descriptor, room, room.byteSize());
    } catch (ErrnoException refused) {
      if (refused.errno() == ErrnoException.EAGAIN || refused.errno() == ErrnoException.EINTR) {
        return 0;
      }
      throw refused;
    }
  }

  /** Closes it, and removes it if it was made here and is still at its place. */
  void close() {
    try {
      if (made && isInPlace()) {
        Files.deleteIfExists(path);
      }
    } catch (IOException stays) {
      // Then it lies there for the next start, which takes it.
    }
    try {
      CLOSE.call(descriptor);
    } catch (ErrnoException ignored) {
      // The descriptor is closed all the same.
    }
  }

  private boolean isInPlace() throws IOException {
    Object open = Files.readAttributes(openFile(), BasicFileAttributes.class).fileKey();
    return open.equals(
        Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS).fileKey());
  }
}
