package dev.vmpower.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** vmpowerctl watch, and a daemon that hangs: it is played by this test, byte for byte. */
@Timeout(60)
class WatchSilenceTest {
  private static final int SILENCE_MS = 1_000;

  @TempDir Path directory;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private ServerSocketChannel server;
  private Thread watching;

  @BeforeEach
  void start() throws IOException, FailureException {
    Path socket = directory.resolve("control.sock");
    server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket));
    Watch watch =
        new Watch(
            new ControlClient(socket, SILENCE_MS, SILENCE_MS),
            new EventFilter(null, null, null),
            false,
            new PrintStream(out, false, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8));
    watching =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    watch.run();
                  } catch (FailureException ended) {
                    err.writeBytes(ended.line().getBytes(StandardCharsets.UTF_8));
                  }
                });
  }

  @AfterEach
  void stop() throws Exception {
    watching.interrupt();
    server.close();
    watching.join();
  }

  private static void send(SocketChannel client, String text) throws IOException {
    client.write(StandardCharsets.UTF_8.encode(text));
  }

  private static void chunk(SocketChannel client, String text) throws IOException {
    send(client, Integer.toHexString(text.length()) + "\r\n" + text + "\r\n");
  }

  private SocketChannel follower() throws IOException {
    SocketChannel client = server.accept();
    client.read(ByteBuffer.allocate(4096));
    send(client, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    return client;
  }

  @Test
  void aDaemonThatSendsNothingIsGivenUpInOneLineAndLookedForAgain() throws Exception {
    try (SocketChannel hung = follower()) {
      chunk(hung, ": begin\n\n");
      await().until(() -> err.size() > 0);
      assertThat(err.toString(StandardCharsets.UTF_8).lines())
          .containsExactly(
              "vmpowerctl: nothing from the daemon at "
                  + directory.resolve("control.sock")
                  + " for 1 s; trying again");
    }
    try (SocketChannel again = follower()) {
      chunk(again, ": begin\n\nevent: status\ndata: {\"at\":\"t\",\"mode\":\"control\"}\n\n");
      await().until(() -> out.toString(StandardCharsets.UTF_8).contains("mode control"));
      assertThat(out.toString(StandardCharsets.UTF_8)).contains(" missed   what happened since ");
    }
  }

  @Test
  void aDaemonThatNeverSaysAnythingIsAFailure() throws Exception {
    try (SocketChannel silent = server.accept()) {
      watching.join();
      assertThat(silent.isOpen()).isTrue();
      assertThat(err.toString(StandardCharsets.UTF_8))
          .isEqualTo(
              "nothing from the daemon at " + directory.resolve("control.sock") + " for 1 s");
    }
  }

  @Test
  void commentsKeepItGoing() throws Exception {
    try (SocketChannel calm = follower()) {
      long endNs = System.nanoTime() + 4_000_000L * SILENCE_MS;
      await()
          .until(
              () -> {
                chunk(calm, ": nothing new\n\n");
                return System.nanoTime() - endNs > 0;
              });
      assertThat(err.size()).isZero();
      assertThat(watching.isAlive()).isTrue();
    }
  }
}
