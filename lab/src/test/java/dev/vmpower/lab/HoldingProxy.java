package dev.vmpower.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Stands before a libvirtd, and can hold back all that it answers but the keepalive: to its client
 * it is then a libvirtd whose event loop lives while its workers hang.
 *
 * <p>A message of libvirt is its length, the length included, and the number of its program, both
 * as 32 bits in network order, and more (virnetprotocol.x, virkeepaliveprotocol.x).
 */
final class HoldingProxy implements AutoCloseable {
  private static final int KEEPALIVE_PROGRAM = 0x6b656570;
  private static final int MESSAGE_BYTES_MAX = 32 << 20;

  private final Path socket;
  private final Path libvirtd;
  private final ServerSocketChannel server;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition released = lock.newCondition();
  private boolean holding;

  HoldingProxy(Path socket, Path libvirtd) {
    this.socket = socket;
    this.libvirtd = libvirtd;
    try {
      Files.deleteIfExists(socket);
      server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
      server.bind(UnixDomainSocketAddress.of(socket));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Thread.ofPlatform().daemon().start(() -> untilBroken(this::acceptAll));
  }

  String uri() {
    return "qemu+unix:///system?socket=" + socket;
  }

  /** From now on answers wait. */
  void hold() {
    set(true);
  }

  /** All answers go on. */
  void release() {
    set(false);
  }

  private void set(boolean hold) {
    lock.lock();
    try {
      holding = hold;
      released.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void acceptAll() throws IOException, InterruptedException {
    while (true) {
      SocketChannel client = server.accept();
      SocketChannel there = SocketChannel.open(UnixDomainSocketAddress.of(libvirtd));
      Pipe pipe = new Pipe(client, there);
      Thread.ofPlatform().daemon().start(() -> untilBroken(pipe::asks));
      Thread.ofPlatform().daemon().start(() -> untilBroken(pipe::answers));
    }
  }

  private interface Work {
    void run() throws IOException, InterruptedException;
  }

  private static void untilBroken(Work work) {
    try {
      work.run();
    } catch (IOException | InterruptedException ended) {
      // Both ends see it: the channels are closed.
    }
  }

  /** One client's connection. Where one end closes, so does the other. */
  private final class Pipe {
    private final SocketChannel client;
    private final SocketChannel there;

    Pipe(SocketChannel client, SocketChannel there) {
      this.client = client;
      this.there = there;
    }

    void asks() throws IOException {
      try (client;
          there) {
        ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
        while (client.read(buffer) >= 0) {
          write(there, buffer.flip());
          buffer.clear();
        }
      }
    }

    // Answers that are held pile up in a thread of their own, so that keepalives pass them.
    void answers() throws IOException, InterruptedException {
      try (client;
          there) {
        ByteBuffer head = ByteBuffer.allocate(Integer.BYTES);
        while (true) {
          read(there, head.clear());
          int bytes = head.flip().getInt();
          if (bytes < 2 * Integer.BYTES || bytes > MESSAGE_BYTES_MAX) {
            throw new IOException("no message of libvirt");
          }
          ByteBuffer message = ByteBuffer.allocate(bytes).putInt(bytes);
          read(there, message);
          message.flip();
          if (message.getInt(Integer.BYTES) == KEEPALIVE_PROGRAM) {
            write(client, message);
          } else {
            pass(message);
          }
        }
      }
    }

    private void pass(ByteBuffer message) throws IOException {
      lock.lock();
      try {
        if (!holding) {
          write(client, message);
          return;
        }
      } finally {
        lock.unlock();
      }
      Thread.ofPlatform()
          .daemon()
          .start(
              () ->
                  untilBroken(
                      () -> {
                        awaitRelease();
                        write(client, message);
                      }));
    }

    private void write(SocketChannel to, ByteBuffer bytes) throws IOException {
      synchronized (to) {
        while (bytes.hasRemaining()) {
          to.write(bytes);
        }
      }
    }
  }

  private void awaitRelease() throws InterruptedException {
    lock.lock();
    try {
      while (holding) {
        released.await();
      }
    } finally {
      lock.unlock();
    }
  }

  private static void read(ReadableByteChannel from, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      if (from.read(bytes) < 0) {
        throw new IOException("closed");
      }
    }
  }

  @Override
  public void close() {
    release();
    try {
      server.close();
      Files.deleteIfExists(socket);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
