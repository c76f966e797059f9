package dev.vmpower.cli;

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
import java.util.concurrent.atomic.AtomicInteger;

/** A host on a socket that stands in for a port, one thread for each guest that connects. */
final class PortHost implements AutoCloseable {
  /** What a request is answered with; an exception hangs up. */
  interface Rule {
    ByteBuffer answer(RequestPacket request, ByteBuffer bytes) throws IOException;
  }

  private final Path port;
  private final ServerSocketChannel listener;
  private final List<byte[]> requests = new CopyOnWriteArrayList<>();
  private final List<SocketChannel> guests = new CopyOnWriteArrayList<>();
  private final AtomicInteger open = new AtomicInteger();
  private volatile Rule rule;

  PortHost(Path port, Rule rule) throws IOException {
    this.port = port;
    this.rule = rule;
    listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    listener.bind(UnixDomainSocketAddress.of(port));
    Thread.ofPlatform().daemon().start(this::accept);
  }

  void rule(Rule next) {
    rule = next;
  }

  List<byte[]> requests() {
    return requests;
  }

  /** Request number {@code index}. */
  RequestPacket request(int index) {
    return new RequestPacket()
        .wrap(ByteBuffer.wrap(requests.get(index)).order(ByteOrder.LITTLE_ENDIAN), 0);
  }

  /** The vCPU of each request. */
  List<Long> vcpus() {
    List<Long> vcpus = new CopyOnWriteArrayList<>();
    for (int i = 0; i < requests.size(); i++) {
      vcpus.add(request(i).resourceId());
    }
    return vcpus;
  }

  /** Whether a guest has this port open. */
  boolean isOpen() {
    return open.get() > 0;
  }

  private void accept() {
    try {
      while (true) {
        SocketChannel guest = listener.accept();
        guests.add(guest);
        open.incrementAndGet();
        Thread.ofPlatform().daemon().start(() -> serve(guest));
      }
    } catch (IOException closed) {
      // The test is over.
    }
  }

  private void serve(SocketChannel guest) {
    try (guest) {
      while (true) {
        ByteBuffer bytes =
            ByteBuffer.allocate(RequestPacket.SIZE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining()) {
          if (guest.read(bytes) < 0) {
            return;
          }
        }
        requests.add(bytes.array().clone());
        guest.write(rule.answer(new RequestPacket().wrap(bytes.flip(), 0), bytes));
      }
    } catch (IOException gone) {
      // The rule said so, or the guest or the test is gone.
    } finally {
      open.decrementAndGet();
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
    for (SocketChannel guest : guests) {
      guest.close();
    }
    Files.deleteIfExists(port);
  }
}
