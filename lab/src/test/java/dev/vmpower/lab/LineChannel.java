package dev.vmpower.lab;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The host's end of the port through which a machine is led: a line out, a line in. */
final class LineChannel implements AutoCloseable {
  private final SocketChannel socket;
  private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();

  private LineChannel(SocketChannel socket) {
    this.socket = socket;
    // A blocking read has no timeout, a queue has.
    Thread.ofPlatform().daemon().name("lab-lines").start(this::readLines);
  }

  /** Connects, or returns null while nobody listens at {@code path}. */
  static @Nullable LineChannel connect(Path path) {
    try {
      SocketChannel socket = SocketChannel.open(StandardProtocolFamily.UNIX);
      try {
        socket.connect(UnixDomainSocketAddress.of(path));
      } catch (IOException notYet) {
        socket.close();
        return null;
      }
      return new LineChannel(socket);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void send(String line) {
    try {
      ByteBuffer bytes = ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8));
      while (bytes.hasRemaining()) {
        socket.write(bytes);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("the machine is gone", e);
    }
  }

  /** The next line, or null if none came within {@code patience}. */
  @Nullable String take(Duration patience) {
    try {
      return lines.poll(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private void readLines() {
    try (var reader = new BufferedReader(Channels.newReader(socket, StandardCharsets.UTF_8))) {
      String line = reader.readLine();
      while (line != null) {
        lines.add(line);
        line = reader.readLine();
      }
    } catch (IOException closed) {
      // The machine ended, or close() was called; whoever waits for a line gets none.
    }
  }

  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
