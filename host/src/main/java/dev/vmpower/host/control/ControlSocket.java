package dev.vmpower.host.control;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipalNotFoundException;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file of the control socket, which decides who may control the daemon.
 *
 * <p>A socket is created with the permissions that the umask leaves, perhaps everyone's. So it is
 * bound in a directory that only its owner may enter, is given its group and mode there, and is
 * then moved to its place, over a stale one. At no moment is it open wider than it should be.
 */
final class ControlSocket {
  private static final Logger LOG = LoggerFactory.getLogger("vmpower.control");

  /** What the JDK puts into an AF_UNIX address, so that our own clients reach it too. */
  private static final int PATH_BYTES_MAX = 106;

  private static final Set<PosixFilePermission> OWNER_AND_GROUP =
      PosixFilePermissions.fromString("rw-rw----");
  private static final Set<PosixFilePermission> OWNER =
      PosixFilePermissions.fromString("rw-------");

  private final Path path;
  private final String group;
  private @Nullable Path nursery;
  private boolean published;

  /**
   * Names a socket that is not there yet.
   *
   * @param group who may use it besides its owner, if there is such a group
   */
  ControlSocket(Path path, String group) {
    this.path = path.toAbsolutePath();
    this.group = group;
  }

  /**
   * Makes what has to be there before, and returns where to bind.
   *
   * @throws IOException if the socket cannot be at its path
   */
  Path prepare() throws IOException {
    Path parent = path.getParent();
    if (parent == null) {
      throw new FileSystemException(path.toString(), null, "is no path of a socket");
    }
    if (path.toString().getBytes(StandardCharsets.UTF_8).length > PATH_BYTES_MAX) {
      throw new FileSystemException(
          path.toString(), null, "is too long for a socket: at most " + PATH_BYTES_MAX + " bytes");
    }
    if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)
        && !Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
            .isOther()) {
      throw new FileSystemException(
          path.toString(), null, "is there and is no socket: remove it, or name another path");
    }
    Files.createDirectories(
        parent, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
    // Short names, so that a path that fits does so here too.
    nursery = Files.createTempDirectory(parent, ".");
    return nursery.resolve("s");
  }

  /** Gives the socket that was bound its group and mode, and moves it to its place. */
  void publish() throws IOException {
    if (nursery == null) {
      throw new IllegalStateException("prepare() comes before publish()");
    }
    Path born = nursery.resolve("s");
    Files.setPosixFilePermissions(born, giveToGroup(born) ? OWNER_AND_GROUP : OWNER);
    Files.move(born, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    published = true;
    removeNursery();
  }

  /** Removes the socket, if it came to its place. */
  void remove() throws IOException {
    removeNursery();
    if (published) {
      Files.deleteIfExists(path);
      published = false;
    }
  }

  private void removeNursery() throws IOException {
    if (nursery != null) {
      Files.deleteIfExists(nursery.resolve("s"));
      Files.deleteIfExists(nursery);
      nursery = null;
    }
  }

  private boolean giveToGroup(Path born) throws IOException {
    try {
      GroupPrincipal found =
          born.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByGroupName(group);
      Files.getFileAttributeView(born, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
          .setGroup(found);
      return true;
    } catch (UserPrincipalNotFoundException none) {
      LOG.info("there is no group {}: {} is for its owner alone", group, path);
    } catch (FileSystemException refused) {
      LOG.info("cannot give {} to the group {}: it is for its owner alone", path, group);
    }
    return false;
  }
}
