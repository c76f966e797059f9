package dev.vmpower.guest;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Locale;

/** A socket that stands in for a port: in tests, and between processes of one machine. */
final class SocketLine implements Line {
  private final Path port;
  private final SocketChannel socket;
  private final Selector selector;
  private final SelectionKey key;

  private SocketLine(Path port, SocketChannel socket, Selector selector) throws IOException {
    this.port = port;
    this.socket = socket;
    this.selector = selector;
    socket.configureBlocking(false);
    this.key = socket.register(selector, SelectionKey.OP_READ);
  }

  static SocketLine open(Path port) throws PortException {
    SocketChannel socket = null;
    try {
      socket = SocketChannel.open(StandardProtocolFamily.UNIX);
      socket.connect(UnixDomainSocketAddress.of(port));
      return new SocketLine(port, socket, Selector.open());
    } catch (IOException failed) {
      if (socket != null) {
        closeQuietly(socket);
      }
      throw refused(port, String.valueOf(failed.getMessage()));
    }
  }

  private static PortException refused(Path port, String message) {
    String why = message.toLowerCase(Locale.ROOT);
    if (why.contains("connection refused") || why.contains("temporarily unavailable")) {
      return new PortException.NoHost(port);
    }
    if (why.contains("permission denied")) {
      return new PortException.NoPermission(port);
    }
    return why.contains("no such file")
        ? new PortException.NoPort(port)
        : new PortException.Broken(port, message);
  }

  // A socket fails in no other way than that its other end is gone.
  @Override
  public int read(ByteBuffer into) {
    try {
      return socket.read(into);
    } catch (IOException gone) {
      return HUNG_UP;
    }
  }

  @Override
  public int write(ByteBuffer from) {
    try {
      return socket.write(from);
    } catch (IOException gone) {
      return HUNG_UP;
    }
  }

  @Override
  public void await(boolean room, int timeoutMs) throws PortException {
    try {
      key.interestOps(room ? SelectionKey.OP_WRITE : SelectionKey.OP_READ);
      selector.select(timeoutMs);
      selector.selectedKeys().clear();
      if (Thread.currentThread().isInterrupted()) {
        throw new InterruptedIOException("interrupted");
      }
    } catch (IOException failed) {
      throw new PortException.Broken(port, String.valueOf(failed.getMessage()));
    }
  }

  @Override
  public boolean isLasting() {
    return false;
  }

  @Override
  public void close() {
    closeQuietly(socket);
    closeQuietly(selector);
  }

  private static void closeQuietly(AutoCloseable open) {
    try {
      open.close();
    } catch (Exception closed) {
      // There is nothing left to close.
    }
  }
}
