package dev.vmpower.machine.fifo;

import dev.vmpower.machine.socket.SocketDirectory;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A directory of FIFOs: whoever could put one into it in place of ours could speak for us. */
final class FifoDirectory {
  private static final int ROOT = 0;

  // Others may look: the FIFOs in it are 0600, and sockets of guests can lie beside them.
  private static final FileAttribute<Set<PosixFilePermission>> MODE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x"));

  private FifoDirectory() {}

  /**
   * Makes {@code directory} if it is not there.
   *
   * @param uid the user of this process
   * @throws IOException in one line, if it cannot be made or trusted
   */
  static void prepare(Path directory, int uid) throws IOException {
    try {
      if (!Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
        Files.createDirectories(directory, MODE);
      }
    } catch (FileAlreadyExistsException inTheWay) {
      throw new IOException(inTheWay.getFile() + " is no directory", inTheWay);
    } catch (FileSystemException refused) {
      throw new IOException(directory + " cannot be made: " + refused.getReason(), refused);
    }
    String distrust = distrust(directory, uid);
    if (distrust != null) {
      throw new IOException(distrust);
    }
  }

  /** Why FIFOs in {@code directory} cannot be trusted, in one line; null if they can. */
  private static @Nullable String distrust(Path directory, int uid) throws IOException {
    if (Files.isSymbolicLink(directory)) {
      return directory + " is a symbolic link: name the directory itself";
    }
    if (!Files.isDirectory(directory)) {
      return directory + " is no directory";
    }
    Path real = directory.toRealPath();
    int owner = SocketDirectory.ownerUid(real);
    if (owner != ROOT && owner != uid) {
      return "uid " + owner + " may replace FIFOs in " + real + ": chown root it";
    }
    if (SocketDirectory.othersMayWrite(real) && !SocketDirectory.isSticky(real)) {
      return "others may replace FIFOs in " + real + ": chmod go-w or chmod +t it";
    }
    return SocketDirectory.replaceable(real);
  }
}
