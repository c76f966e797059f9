package dev.vmpower.host;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * The lock that keeps a second daemon out of the same state directory. QEMU itself would accept its
 * connections and say nothing.
 */
final class StateDirectory implements AutoCloseable {
  private final FileChannel file;

  private StateDirectory(FileChannel file) {
    this.file = file;
  }

  /**
   * Locks {@code directory}, which is made if it is missing.
   *
   * @throws IOException in one line, if another daemon has it or it cannot be made
   */
  static StateDirectory lock(Path directory) throws IOException {
    Files.createDirectories(directory);
    Path path = directory.resolve("lock");
    FileChannel file =
        FileChannel.open(
            path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    FileLock lock = tryLock(file);
    if (lock == null) {
      file.close();
      throw new IOException(
          "another daemon (pid " + Files.readString(path).strip() + ") runs on " + directory);
    }
    String pid = ProcessHandle.current().pid() + "\n";
    file.truncate(0);
    file.write(ByteBuffer.wrap(pid.getBytes(StandardCharsets.US_ASCII)), 0);
    return new StateDirectory(file);
  }

  private static @Nullable FileLock tryLock(FileChannel file) throws IOException {
    try {
      return file.tryLock();
    } catch (OverlappingFileLockException inThisProcess) {
      return null;
    }
  }

  @Override
  public void close() throws IOException {
    file.close(); // and with it the lock
  }
}
