package dev.vmpower.host;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/**
 * A process with QEMU's {@code -name guest=NAME} in its command line, as the daemon looks for. It
 * listens at one path and hands every byte on to a socket where a {@link FakeGuest} listens.
 */
public final class FakeQemu implements AutoCloseable {
  private final Process process;

  private FakeQemu(Process process) {
    this.process = process;
  }

  /** Starts the process and waits until it listens at {@code path}. */
  public static FakeQemu start(String name, Path path, Path guest) throws IOException {
    Process process =
        new ProcessBuilder(
                List.of(
                    ProcessHandle.current().info().command().orElseThrow(),
                    "-XX:TieredStopAtLevel=1",
                    "-XX:+UseSerialGC",
                    "-cp",
                    System.getProperty("java.class.path"),
                    FakeQemu.class.getName(),
                    "-name",
                    "guest=" + name + ",debug-threads=on",
                    path.toString(),
                    guest.toString()))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    BufferedReader out =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII));
    if (!"listening".equals(out.readLine())) {
      throw new IOException("the fake QEMU did not start");
    }
    return new FakeQemu(process);
  }

  /** As kill -9. */
  public void kill() {
    process.destroyForcibly();
    process.onExit().join();
  }

  @Override
  public void close() {
    kill();
  }

  /** The process's own main: one connection at a time, as QEMU's. */
  public static void main(String[] args) throws IOException {
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(args[2]));
      System.out.println("listening");
      while (true) {
        try (SocketChannel host = server.accept();
            SocketChannel guest = SocketChannel.open(UnixDomainSocketAddress.of(args[3]))) {
          Thread back = Thread.ofVirtual().start(() -> pump(guest, host));
          pump(host, guest);
          back.interrupt();
        }
      }
    }
  }

  private static void pump(SocketChannel from, SocketChannel to) {
    ByteBuffer bytes = ByteBuffer.allocate(4096);
    try {
      while (from.read(bytes) >= 0) {
        bytes.flip();
        while (bytes.hasRemaining()) {
          to.write(bytes);
        }
        bytes.clear();
      }
    } catch (IOException hungUp) {
      // The other pump sees it too.
    }
  }
}
