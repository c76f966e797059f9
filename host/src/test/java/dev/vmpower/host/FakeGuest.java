package dev.vmpower.host;

import static org.assertj.core.api.Assertions.assertThat;

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

/** The guest's end of one channel: it listens as QEMU does, and speaks DPDK's packets. */
public final class FakeGuest implements AutoCloseable {
  private static final long WAIT_MS = 20_000;

  private final Path path;
  private final ServerSocketChannel server;
  private @Nullable SocketChannel socket;

  private FakeGuest(Path path, ServerSocketChannel server) {
    this.path = path;
    this.server = server;
  }

  /** Makes the socket {@code path} and listens. */
  public static FakeGuest listen(Path path) throws IOException {
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(path));
    server.configureBlocking(false);
    return new FakeGuest(path, server);
  }

  /** Waits until the daemon has connected. */
  public FakeGuest awaitConnection() throws IOException {
    try (Selector selector = Selector.open()) {
      server.register(selector, SelectionKey.OP_ACCEPT);
      assertThat(selector.select(WAIT_MS)).as("the daemon connects to " + path).isEqualTo(1);
    }
    SocketChannel accepted = server.accept();
    accepted.configureBlocking(false);
    socket = accepted;
    return this;
  }

  /** Whether the daemon has connected once more than it should. */
  public boolean isWaitedFor() throws IOException {
    try (SocketChannel another = server.accept()) {
      return another != null;
    }
  }

  private SocketChannel socket() {
    if (socket == null) {
      throw new IllegalStateException("not connected");
    }
    return socket;
  }

  /** Asks for a frequency and returns the answer. */
  public ReplyKind ask(Unit unit, long vcpu) throws IOException {
    send(Command.CPU_POWER, unit, vcpu);
    ByteBuffer reply = read(RequestPacket.SIZE_BYTES);
    assertThat(reply.getLong(0)).isEqualTo(vcpu);
    assertThat(reply.getInt(8)).isEqualTo(unit.code());
    return Replies.kind(reply, 0);
  }

  /** Sends a policy and returns the answer. */
  public ReplyKind ask(PolicyPacket policy) throws IOException {
    write(policy.bytes());
    return Replies.kind(read(RequestPacket.SIZE_BYTES), 0);
  }

  /** Asks a query and returns the whole reply. */
  public ByteBuffer query(Command command, long vcpu) throws IOException {
    send(command, Unit.UNKNOWN, vcpu);
    return read(Replies.sizeBytes(command));
  }

  /** Sends CONNECT, all junk but for its command, as DPDK's library does. */
  public void connect() throws IOException {
    ByteBuffer packet = packet();
    for (int i = 0; i < packet.capacity(); i++) {
      packet.put(i, (byte) (i * 7));
    }
    new RequestPacket().wrap(packet, 0).command(Command.CONNECT);
    write(packet);
  }

  public void send(Command command, Unit unit, long vcpu) throws IOException {
    ByteBuffer packet = packet();
    new RequestPacket().wrap(packet, 0).command(command).resourceId(vcpu);
    packet.putInt(8, Math.max(unit.code(), 0));
    write(packet);
  }

  /** An empty packet. */
  public static ByteBuffer packet() {
    return ByteBuffer.allocate(RequestPacket.SIZE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Writes all of {@code bytes}. */
  public void write(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      if (socket().write(bytes) == 0) {
        await(SelectionKey.OP_WRITE);
      }
    }
  }

  /** Writes what the socket takes, and forgets the rest. */
  public void tryWrite(ByteBuffer bytes) throws IOException {
    socket().write(bytes);
  }

  /** Reads exactly {@code size} bytes. */
  public ByteBuffer read(int size) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    while (bytes.hasRemaining()) {
      int count = socket().read(bytes);
      if (count < 0) {
        throw new EOFException("the daemon hung up");
      }
      if (count == 0) {
        await(SelectionKey.OP_READ);
      }
    }
    return bytes.flip();
  }

  /** How many bytes there are to read now. */
  public int available() throws IOException {
    return Math.max(socket().read(ByteBuffer.allocate(1 << 16)), 0);
  }

  private void await(int operation) throws IOException {
    try (Selector selector = Selector.open()) {
      SelectionKey key = socket().register(selector, operation);
      assertThat(selector.select(WAIT_MS)).as("the daemon answers on " + path).isEqualTo(1);
      key.cancel();
      selector.selectNow();
    }
  }

  /** Hangs up; the socket stays and listens on. */
  public void hangUp() throws IOException {
    if (socket != null) {
      socket.close();
    }
  }

  /** Ends as a VM does: the connection and the socket file go. */
  @Override
  public void close() throws IOException {
    hangUp();
    server.close();
    Files.deleteIfExists(path);
  }
}
