package dev.vmpower.host.control;

import dev.vmpower.machine.socket.PeerCredentials;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import jdk.net.ExtendedSocketOptions;

/**
 * Whoever is at the other end of a connection, as the kernel knew it when that was asked: a process
 * may be gone by the time it is answered.
 *
 * @param pid 0 where it is not known
 */
record Caller(String user, int pid) {
  static Caller of(Object transport) {
    if (transport instanceof SocketChannel socket) {
      try {
        int pid = PeerCredentials.of(socket).pid();
        // The JDK's own reading of SO_PEERCRED has no pid, but looks up the name of the user.
        return new Caller(
            socket.getOption(ExtendedSocketOptions.SO_PEERCRED).user().getName(), pid);
      } catch (IOException gone) {
        return new Caller("unknown", 0);
      }
    }
    return new Caller("unknown", 0);
  }

  /** User and pid in words: {@code root (pid 123)}. */
  @Override
  public String toString() {
    return pid == 0 ? user : user + " (pid " + pid + ")";
  }
}
