package dev.vmpower.lab;

import dev.vmpower.protocol.Command;
import dev.vmpower.protocol.Replies;
import dev.vmpower.protocol.ReplyKind;
import dev.vmpower.protocol.RequestPacket;
import dev.vmpower.protocol.Unit;
import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The guest's end of one channel, which is opened and closed many thousand times. */
final class SoakChannel implements AutoCloseable {
  private static final long WAIT_MS = 20_000;

  private final Path path;
  private final ByteBuffer packet = buffer();
  private final ByteBuffer reply = buffer();
  private @Nullable ServerSocketChannel server;
  private @Nullable SocketChannel socket;
  private @Nullable Selector selector;

  SoakChannel(Path path) {
    this.path = path;
  }

  private static ByteBuffer buffer() {
    return ByteBuffer.allocate(RequestPacket.SIZE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Listens, as a VM that starts. */
  void listen() throws IOException {
    server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(path));
    server.configureBlocking(false);
  }

  /** Waits until the daemon has connected. */
  void awaitDaemon() throws IOException {
    ServerSocketChannel listening = server;
    if (listening == null) {
      throw new IllegalStateException(path + " does not listen");
    }
    SocketChannel accepted;
    try (Selector arrival = Selector.open()) {
      listening.register(arrival, SelectionKey.OP_ACCEPT);
      if (arrival.select(WAIT_MS) == 0) {
        throw new IOException(path + ": the daemon did not connect within " + WAIT_MS + " ms");
      }
      accepted = listening.accept();
    }
    accepted.configureBlocking(false);
    selector = Selector.open();
    accepted.register(selector, SelectionKey.OP_READ);
    socket = accepted;
  }

  /** Asks for a frequency; what comes back must be the answer to just this. */
  ReplyKind ask(Unit unit, long vcpu) throws IOException {
    send(Command.CPU_POWER, unit, vcpu);
    read(RequestPacket.SIZE_BYTES);
    if (reply.getLong(0) != vcpu || reply.getInt(8) != unit.code()) {
      throw new IOException(path + ": the answer is to another request");
    }
    return Replies.kind(reply, 0);
  }

  /** Asks a query and returns the kind of the answer. */
  ReplyKind query(Command query, long vcpu) throws IOException {
    send(query, Unit.UNKNOWN, vcpu);
    read(Replies.sizeBytes(query));
    return Replies.kind(reply, 0);
  }

  /** Sends what is not answered. */
  void send(Command command, Unit unit, long vcpu) throws IOException {
    packet.clear();
    new RequestPacket().wrap(packet, 0).clear().command(command).resourceId(vcpu);
    packet.putInt(8, Math.max(unit.code(), 0));
    write(packet.clear());
  }

  /** Writes bytes that are no request. */
  void write(ByteBuffer bytes) throws IOException {
    SocketChannel connected = connected();
    while (bytes.hasRemaining()) {
      connected.write(bytes);
    }
  }

  private SocketChannel connected() {
    if (socket == null) {
      throw new IllegalStateException(path + " is not connected");
    }
    return socket;
  }

  private void read(int size) throws IOException {
    reply.clear().limit(size);
    while (reply.hasRemaining()) {
      int count = connected().read(reply);
      if (count < 0) {
        throw new EOFException(path + ": the daemon hung up");
      }
      if (count == 0 && selector != null) {
        if (selector.select(WAIT_MS) == 0) {
          throw new IOException(path + ": no answer within " + WAIT_MS + " ms");
        }
        selector.selectedKeys().clear();
      }
    }
  }

  /** Hangs up; the socket stays and listens on. */
  void hangUp() throws IOException {
    if (socket != null) {
      socket.close();
      socket = null;
    }
    if (selector != null) {
      selector.close();
      selector = null;
    }
  }

  /** Ends as a VM does: the connection and the socket file go. */
  @Override
  public void close() throws IOException {
    hangUp();
    if (server != null) {
      server.close();
      server = null;
    }
    Files.deleteIfExists(path);
  }
}
