package dev.vmpower.guest;

import dev.vmpower.protocol.Replies;
import dev.vmpower.protocol.ReplyKind;
import dev.vmpower.protocol.RequestPacket;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A host on a socket that stands in for a port: it answers each request as a rule says. */
final class SocketHost implements AutoCloseable {
  /** What becomes of a request: it may write to the guest, or not. */
  interface Rule {
    void take(RequestPacket request, ByteBuffer bytes, SocketChannel guest) throws IOException;
  }

  /** Each request gets this answer. */
  static Rule always(ReplyKind kind) {
    return (request, bytes, guest) -> answer(kind, bytes, guest);
  }

  static void answer(ReplyKind kind, ByteBuffer bytes, SocketChannel guest) throws IOException {
    Replies.answerInPlace(bytes, 0, kind);
    guest.write(bytes.rewind());
  }

  private final Path socket;
  private final ServerSocketChannel listener;
  private final List<byte[]> requests = new CopyOnWriteArrayList<>();
  private final List<SocketChannel> guests = new CopyOnWriteArrayList<>();
  private volatile Rule rule;

  SocketHost(Path socket, Rule rule) throws IOException {
    this.socket = socket;
    this.rule = rule;
    listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    listener.bind(UnixDomainSocketAddress.of(socket));
    Thread.ofPlatform().daemon().start(this::accept);
  }

  void rule(Rule next) {
    rule = next;
  }

  /** All requests that came whole, in their order. */
  List<byte[]> requests() {
    return requests;
  }

  /** How many guests have connected so far. */
  int guests() {
    return guests.size();
  }

  private void accept() {
    try {
      while (true) {
        SocketChannel guest = listener.accept();
        guests.add(guest);
        Thread.ofPlatform().daemon().start(() -> serve(guest));
      }
    } catch (IOException closed) {
      // The test is over.
    }
  }

  private void serve(SocketChannel guest) {
    try {
      while (true) {
        ByteBuffer bytes =
            ByteBuffer.allocate(RequestPacket.SIZE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining()) {
          if (guest.read(bytes) < 0) {
            return;
          }
        }
        requests.add(bytes.array().clone());
        rule.take(new RequestPacket().wrap(bytes.flip(), 0), bytes, guest);
      }
    } catch (IOException closed) {
      // The guest or the test is gone.
    }
  }

  /** Hangs up on all guests, and listens no more. */
  @Override
  public void close() throws IOException {
    listener.close();
    for (SocketChannel guest : guests) {
      guest.close();
    }
    Files.deleteIfExists(socket);
  }
}
