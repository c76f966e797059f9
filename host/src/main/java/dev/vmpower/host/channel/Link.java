package dev.vmpower.host.channel;

import dev.vmpower.machine.socket.PeerCredentials;
import dev.vmpower.machine.socket.PeerProcess;
import dev.vmpower.machine.socket.SocketDirectory;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One socket that is wanted, and when to try it.
 *
 * <p>A socket that is there and refuses is tried again soon and often at first, since its listener
 * may be between bind(2) and listen(2), and slowly later, since it may be what a killed QEMU left
 * behind. One that is not there is not tried: its directory is watched.
 *
 * <p>Not thread-safe: the connector's thread owns every instance.
 */
final class Link {
  /** The peer must be the domain's QEMU. */
  static final int QEMU = -1;

  /** The peer must be root or the owner of the socket's directory. */
  static final int ROOT_OR_OWNER = -2;

  static final long IDLE_NS = 3_600_000_000_000L;

  /** However often a socket hangs up, tries are this far apart at least. */
  private static final long TRY_EVERY_NS = 20_000_000L;

  /** As much as struct sockaddr_un holds, without the NUL. */
  private static final int PATH_BYTES_MAX = 107;

  private static final long FIRST_DELAY_NS = 5_000_000L;
  private static final long DELAY_NS_MAX = 40_000_000L;
  private static final long EAGER_NS = 2_000_000_000L;
  private static final long SLOW_DELAY_NS = 1_000_000_000L;

  private static final Logger LOG = LoggerFactory.getLogger("vmpower.channel");

  record Key(String vm, int number) {}

  private final Key key;
  private final Path path;
  private final int expectedPeer;

  private boolean connected;
  private boolean waits; // for its directory to change
  private long triedAtNs;
  private long changedAtNs;
  private long dueAtNs;
  private long delayNs = FIRST_DELAY_NS;
  private String problem = "";

  Link(Key key, Path path, int expectedPeer, long nowNs) {
    this.key = key;
    this.path = path;
    this.expectedPeer = expectedPeer;
    this.triedAtNs = nowNs - TRY_EVERY_NS;
    this.changedAtNs = nowNs;
    this.dueAtNs = nowNs;
  }

  Key key() {
    return key;
  }

  String vm() {
    return key.vm();
  }

  int number() {
    return key.number();
  }

  Path path() {
    return path;
  }

  int expectedPeer() {
    return expectedPeer;
  }

  boolean isOfDirectory() {
    return expectedPeer != QEMU;
  }

  /** Its directory changed: what is at the path may be another socket now. */
  void changed(long nowNs) {
    changedAtNs = nowNs;
    delayNs = FIRST_DELAY_NS;
    waits = false;
    dueAtNs = Math.max(nowNs, triedAtNs + FIRST_DELAY_NS);
  }

  /** The connection ended. */
  void lost(long nowNs) {
    connected = false;
    changedAtNs = nowNs;
    delayNs = FIRST_DELAY_NS;
    waits = false;
    dueAtNs = Math.max(nowNs, triedAtNs + TRY_EVERY_NS);
  }

  boolean isDue(long nowNs) {
    return !connected && !waits && nowNs >= dueAtNs;
  }

  long dueInNs(long nowNs) {
    return connected || waits ? IDLE_NS : Math.max(dueAtNs - nowNs, 1);
  }

  /** Tries once, and works out when to try again if that fails. */
  void connect(Connector.Sink sink, LongSupplier clockNs) {
    triedAtNs = clockNs.getAsLong();
    try {
      connected = tryOnce(sink);
    } catch (IOException | RuntimeException refused) {
      report(path + ": " + refused.getMessage());
    }
    if (connected) {
      problem = "";
    } else {
      boolean eager = triedAtNs - changedAtNs < EAGER_NS;
      dueAtNs = triedAtNs + (eager ? delayNs : SLOW_DELAY_NS);
      delayNs = Math.min(2 * delayNs, DELAY_NS_MAX);
    }
  }

  private boolean tryOnce(Connector.Sink sink) throws IOException {
    int bytes = path.toString().getBytes(StandardCharsets.UTF_8).length;
    if (bytes > PATH_BYTES_MAX) {
      report(path + " is not used: it has " + bytes + " bytes, a socket's path at most 107");
      waits = true;
      return false;
    }
    if (!Files.exists(path)) {
      waits = true;
      return false;
    }
    Path directory = path.toAbsolutePath().getParent();
    if (directory == null) {
      return false;
    }
    String distrust = SocketDirectory.distrust(directory);
    if (distrust != null) {
      report(path + " is not used: " + distrust);
      return false;
    }
    SocketChannel socket = SocketChannel.open(StandardProtocolFamily.UNIX);
    boolean handedOver = false;
    try {
      socket.configureBlocking(false);
      if (!socket.connect(UnixDomainSocketAddress.of(path))) {
        return false;
      }
      // As small as the kernel allows: an ACK that nobody reads stays for whoever opens the port.
      socket.setOption(StandardSocketOptions.SO_SNDBUF, 1);
      PeerCredentials credentials = PeerCredentials.of(socket);
      PeerProcess peer = PeerProcess.of(credentials.pid());
      String stranger = stranger(credentials, peer, directory);
      if (stranger == null) {
        handedOver = sink.connected(vm(), number(), socket, peer);
      } else {
        report(path + " is not used: " + stranger);
      }
      return handedOver;
    } finally {
      if (!handedOver) {
        socket.close();
      }
    }
  }

  /** Why the peer is not whose it should be, in words; null if it is. */
  private @Nullable String stranger(PeerCredentials credentials, PeerProcess peer, Path directory)
      throws IOException {
    switch (expectedPeer) {
      case QEMU -> {
        return peer.isQemuOf(vm()) && peer.equals(PeerProcess.of(peer.pid()))
            ? null
            : "pid " + peer.pid() + " is not the QEMU of domain " + vm();
      }
      case ROOT_OR_OWNER -> {
        return credentials.uid() == 0 || credentials.uid() == SocketDirectory.ownerUid(directory)
            ? null
            : "its peer has uid "
                + credentials.uid()
                + ", not root's or the directory owner's; set peer_uid for "
                + vm();
      }
      default -> {
        return credentials.uid() == expectedPeer
            ? null
            : "its peer has uid " + credentials.uid() + ", not peer_uid " + expectedPeer;
      }
    }
  }

  // Once for each new problem. A socket whose listener is gone, or busy, is none to report.
  private void report(String text) {
    boolean expected =
        text.endsWith("Connection refused")
            || text.endsWith("Resource temporarily unavailable")
            || text.endsWith("No such file or directory");
    if (!expected && !text.equals(problem)) {
      LOG.warn("{}", text);
    }
    problem = text;
  }
}
