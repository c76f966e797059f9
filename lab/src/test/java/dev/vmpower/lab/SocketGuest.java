package dev.vmpower.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The port of a guest without its guest: a socket that the daemon connects to, one vCPU. */
final class SocketGuest implements AutoCloseable {
  static final int MAX = 3;
  static final int MIN = 4;

  private static final int PACKET_BYTES = 464;

  private final ServerSocketChannel port;
  private @Nullable SocketChannel daemon;

  /** Listens at {@code socket}. */
  SocketGuest(Path socket) {
    try {
      Files.deleteIfExists(socket);
      port = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
      port.bind(UnixDomainSocketAddress.of(socket));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Waits until the daemon has connected, again or for the first time. */
  void accept() {
    try {
      daemon = port.accept();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Sends a request and waits for its reply; whether that is an ACK. */
  boolean ask(int vcpu, int unit) {
    SocketChannel connection = daemon;
    if (connection == null) {
      throw new IllegalStateException("accept() comes first");
    }
    ByteBuffer packet = ByteBuffer.allocate(PACKET_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    packet.putLong(0, vcpu).putInt(8, unit).putInt(12, 1);
    try {
      connection.write(packet);
      packet.clear();
      while (packet.hasRemaining()) {
        if (connection.read(packet) < 0) {
          throw new IOException("the daemon hung up");
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return packet.getInt(12) == 1;
  }

  @Override
  public void close() {
    try {
      if (daemon != null) {
        daemon.close();
      }
      port.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
