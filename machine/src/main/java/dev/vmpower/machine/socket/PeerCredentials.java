package dev.vmpower.machine.socket;

import java.io.IOException;
import java.nio.channels.SocketChannel;

/**
 * The process that bound (or connected) the other end of an AF_UNIX socket, as the kernel knows it.
 *
 * <p>The JDK's own {@code SO_PEERCRED} leaves out the pid and the numbers.
 *
 * @param pid the process; of a listening socket, the one that listened
 * @param uid its effective user at that moment
 * @param gid its effective group at that moment
 */
public record PeerCredentials(int pid, int uid, int gid) {
  private static final int SO_PEERCRED = 17;
  private static final int SO_PEERGROUPS = 59;

  /** Of struct ucred. */
  private static final int UCRED_INTS = 3;

  /** Supplementary groups for which there is room at once; few users have more. */
  private static final int GROUPS_EXPECTED = 64;

  /**
   * Reads the credentials of the peer of a connected AF_UNIX socket.
   *
   * @throws IOException if the kernel does not tell
   */
  public static PeerCredentials of(SocketChannel socket) throws IOException {
    int[] ucred = SocketOption.ints(socket, SO_PEERCRED, UCRED_INTS);
    return new PeerCredentials(ucred[0], ucred[1], ucred[2]);
  }

  /**
   * Reads the supplementary groups that the peer of a connected AF_UNIX socket had when it
   * connected; its effective group need not be among them.
   *
   * @throws IOException if the kernel does not tell
   */
  public static int[] groupsOf(SocketChannel socket) throws IOException {
    return SocketOption.ints(socket, SO_PEERGROUPS, GROUPS_EXPECTED);
  }
}
