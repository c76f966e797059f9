package dev.vmpower.machine.socket;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A directory of sockets: whom it belongs to, and whether others could put theirs into it. */
public final class SocketDirectory {
  private static final int ROOT = 0;
  private static final int STICKY = 01000;

  private SocketDirectory() {}

  /** The uid of the owner of {@code directory}. */
  public static int ownerUid(Path directory) throws IOException {
    return (int) Files.getAttribute(directory, "unix:uid");
  }

  /**
   * Why the sockets in {@code directory} cannot be trusted, in one line; null if they can. Others
   * must not be able to write to it, nor to move it or a directory above it out of the way.
   */
  public static @Nullable String distrust(Path directory) throws IOException {
    Path real = directory.toRealPath();
    if (!Files.isDirectory(real, LinkOption.NOFOLLOW_LINKS)) {
      return directory + " is no directory";
    }
    if (othersMayWrite(real)) {
      return "others may write to " + real + " (" + mode(real) + "): chmod go-w it";
    }
    return replaceable(real);
  }

  /**
   * Why others could move a directory, or one above it, out of the way, in one line; null if they
   * cannot.
   *
   * @param real its path without links
   */
  public static @Nullable String replaceable(Path real) throws IOException {
    int owner = ownerUid(real);
    for (Path above = real.getParent(); above != null; above = above.getParent()) {
      if (othersMayWrite(above) && !isSticky(above)) {
        return "others may replace " + real + ": chmod go-w " + above;
      }
      int aboveOwner = ownerUid(above);
      if (aboveOwner != ROOT && aboveOwner != owner) {
        return "uid " + aboveOwner + " may replace " + real + ": it owns " + above;
      }
    }
    return null;
  }

  /** Whether those who may write to a directory may remove and rename what is theirs alone. */
  public static boolean isSticky(Path directory) throws IOException {
    return ((int) Files.getAttribute(directory, "unix:mode") & STICKY) != 0;
  }

  /** Whether others than its owner, root and root's group may write to a directory. */
  public static boolean othersMayWrite(Path directory) throws IOException {
    Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(directory);
    return permissions.contains(PosixFilePermission.OTHERS_WRITE)
        || (permissions.contains(PosixFilePermission.GROUP_WRITE)
            && (int) Files.getAttribute(directory, "unix:gid") != ROOT);
  }

  private static String mode(Path directory) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(directory));
  }
}
