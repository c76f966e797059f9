package dev.vmpower.host.control;

import dev.vmpower.host.control.ControlServer.Groups;
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
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipalNotFoundException;
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

  private static final String OWNER = "rw-------";
  private static final String OWNER_AND_GROUP = "rw-rw----";

  /** A file has one group: where a second one may look, the {@link Door} keeps others out. */
  private static final String ALL = "rw-rw-rw-";

  private final Path path;
  private final Groups groups;
  private @Nullable Path nursery;
  private boolean published;

  /**
   * Names a socket that is not there yet.
   *
   * @param groups who may use it besides its owner, as far as there are such groups
   */
  ControlSocket(Path path, Groups groups) {
    this.path = path.toAbsolutePath();
    this.groups = groups;
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

  /**
   * Gives the socket that was bound its group and mode, and moves it to its place.
   *
   * @return who may do what there
   */
  Rights publish() throws IOException {
    if (nursery == null) {
      throw new IllegalStateException("prepare() comes before publish()");
    }
    Path born = nursery.resolve("s");
    int lookGid = giveTo(groups.look(), born);
    int changeGid = giveTo(groups.change(), born);
    if (changeGid == Rights.NO_GROUP) {
      lookGid = Rights.NO_GROUP;
      LOG.info(
          "there is no group {} that {} could have: it is for its owner alone",
          groups.change(),
          path);
    }
    String mode = changeGid == Rights.NO_GROUP ? OWNER : OWNER_AND_GROUP;
    if (lookGid != Rights.NO_GROUP) {
      mode = ALL;
    }
    Files.setPosixFilePermissions(born, PosixFilePermissions.fromString(mode));
    int ownerUid = (int) Files.getAttribute(born, "unix:uid", LinkOption.NOFOLLOW_LINKS);
    Files.move(born, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    published = true;
    removeNursery();
    return new Rights(ownerUid, changeGid, lookGid, groups);
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

  /** Its number, which only the file system tells; {@link Rights#NO_GROUP} where that fails. */
  private static int giveTo(String group, Path born) throws IOException {
    try {
      GroupPrincipal found =
          born.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByGroupName(group);
      Files.getFileAttributeView(born, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
          .setGroup(found);
      return (int) Files.getAttribute(born, "unix:gid", LinkOption.NOFOLLOW_LINKS);
    } catch (UserPrincipalNotFoundException none) {
      return Rights.NO_GROUP;
    } catch (FileSystemException refused) {
      LOG.info("cannot give the control socket to the group {}: {}", group, refused.getMessage());
      return Rights.NO_GROUP;
    }
  }
}
