package dev.vmpower.host.control;

import dev.vmpower.machine.socket.PeerCredentials;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import jdk.net.ExtendedSocketOptions;

/** Whoever is at the other end of a connection, as the kernel knows it. */
final class Caller {
  private static final String UNKNOWN = "unknown";

  private Caller() {}

  /** User and pid in words: {@code root (pid 123)}. */
  static String describe(Object transport) {
    if (!(transport instanceof SocketChannel socket)) {
      return UNKNOWN;
    }
    try {
      int pid = PeerCredentials.of(socket).pid();
      // The JDK's own reading of SO_PEERCRED has no pid, but looks up the name of the user.
      return socket.getOption(ExtendedSocketOptions.SO_PEERCRED).user().getName()
          + " (pid "
          + pid
          + ")";
    } catch (IOException gone) {
      return UNKNOWN;
    }
  }
}
