package dev.vmpower.machine.sysfs;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;

/**
 * A file that one thread keeps open, and reads and writes from its beginning by one system call
 * each, which allocates nothing.
 *
 * <p>Not thread-safe.
 */
final class KeptFile implements AutoCloseable {
  private static final int CLOSED = -1;

  private final MemorySegment memory;
  private int descriptor;

  /**
   * Opens {@code file}, which is there.
   *
   * @param memory what is read and written; it is the file's as long as that is open
   */
  KeptFile(Path file, boolean writable, MemorySegment memory) throws IOException {
    this.memory = memory;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment path = arena.allocateFrom(file.toString());
      descriptor = Calls.open(path, writable ? Calls.O_RDWR : Calls.O_RDONLY);
    }
  }

  /** Fills the memory from the file's beginning; returns how many bytes there were. */
  int read() throws IOException {
    return Calls.read(open(), memory);
  }

  /** Writes the first {@code bytes} of the memory to the file's beginning. */
  void write(int bytes) throws IOException {
    Calls.write(open(), memory, bytes);
  }

  /** Ends the file after {@code bytes}. */
  void truncate(int bytes) throws IOException {
    Calls.truncate(open(), bytes);
  }

  private int open() throws ClosedChannelException {
    if (descriptor == CLOSED) {
      throw new ClosedChannelException();
    }
    return descriptor;
  }

  @Override
  public void close() {
    if (descriptor != CLOSED) {
      Calls.close(descriptor);
      descriptor = CLOSED;
    }
  }
}
