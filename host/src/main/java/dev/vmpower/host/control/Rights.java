package dev.vmpower.host.control;

import dev.vmpower.host.control.ControlServer.Groups;
import dev.vmpower.machine.socket.PeerCredentials;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.Arrays;

/**
 * Who may do what on the control socket: root and the daemon's own user may change things, and so
 * may one group; another may look. The kernel says who is there, as of when they connected.
 *
 * @param ownerUid the daemon's own user
 * @param changeGid the group that may change, or {@link #NO_GROUP}
 * @param lookGid the group that may look, or {@link #NO_GROUP}
 * @param groups what these are called
 */
record Rights(int ownerUid, int changeGid, int lookGid, Groups groups) {
  /** No process has this number: the kernel keeps it for "unchanged". */
  static final int NO_GROUP = -1;

  private static final int ROOT = 0;

  /** What one caller may do; each can do what the one before it can. */
  enum Right {
    NONE,
    LOOK,
    CHANGE,
    /** Root and the daemon's own user: nobody else takes their seats. */
    OWN
  }

  /** The right of whoever is at the other end of {@code connection}; none if that has ended. */
  Right of(SocketChannel connection) {
    try {
      PeerCredentials peer = PeerCredentials.of(connection);
      if (peer.uid() == ROOT || peer.uid() == ownerUid) {
        return Right.OWN;
      }
      return of(peer.gid(), PeerCredentials.groupsOf(connection));
    } catch (IOException gone) {
      return Right.NONE;
    }
  }

  /** The right of another user than root and the daemon's own. */
  private Right of(int gid, int[] groups) {
    if (isMember(changeGid, gid, groups)) {
      return Right.CHANGE;
    }
    return isMember(lookGid, gid, groups) ? Right.LOOK : Right.NONE;
  }

  private static boolean isMember(int wanted, int gid, int[] groups) {
    return wanted != NO_GROUP
        && (gid == wanted || Arrays.stream(groups).anyMatch(group -> group == wanted));
  }

  /** What to tell those who may do nothing. */
  String nothing() {
    return "only members of the group "
        + groups.look()
        + " may look here, and of the group "
        + groups.change()
        + " also change things: join one, and log in again";
  }

  /** What to tell those who may only look. */
  String lookOnly() {
    return "you may look, and not change things: for that, join the group "
        + groups.change()
        + ", and log in again";
  }
}
