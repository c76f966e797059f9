package dev.vmpower.bench;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntFunction;

/** An operator who asks the API one thing after the other while guests are being served. */
final class Disturbance implements AutoCloseable {
  private static final long PAUSE_NS = 20_000_000L;

  private final Thread thread;
  private volatile boolean stop;
  private final AtomicInteger done = new AtomicInteger();
  private volatile String failure = "";

  /**
   * Begins to ask.
   *
   * @param request the n-th HTTP request, whole
   */
  Disturbance(Path socket, IntFunction<String> request) {
    thread = Thread.ofPlatform().daemon().start(() -> run(socket, request));
  }

  static String get(String path) {
    return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  }

  static String post(String path, String json) {
    return "POST "
        + path
        + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        + "Content-Type: application/json\r\nContent-Length: "
        + json.length()
        + "\r\n\r\n"
        + json;
  }

  private void run(Path socket, IntFunction<String> request) {
    ByteBuffer buffer = ByteBuffer.allocateDirect(65536);
    while (!stop) {
      try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
        channel.connect(UnixDomainSocketAddress.of(socket));
        byte[] bytes = request.apply(done.get()).getBytes(StandardCharsets.US_ASCII);
        channel.write(ByteBuffer.wrap(bytes));
        String head = "";
        while (channel.read(buffer.clear()) >= 0) {
          if (head.isEmpty()) {
            head = StandardCharsets.US_ASCII.decode(buffer.flip()).toString();
          }
        }
        if (!head.startsWith("HTTP/1.1 200")) {
          failure = head;
        }
        done.incrementAndGet();
        LockSupport.parkNanos(PAUSE_NS);
      } catch (IOException refused) {
        failure = String.valueOf(refused.getMessage());
        LockSupport.parkNanos(PAUSE_NS);
      }
    }
  }

  /** How many requests were answered. */
  int done() throws IOException {
    if (!failure.isEmpty()) {
      throw new IOException("the API answered: " + failure);
    }
    return done.get();
  }

  @Override
  public void close() {
    stop = true;
    try {
      thread.join();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
