package dev.vmpower.host.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.vmpower.host.feed.Change;
import dev.vmpower.host.feed.Feed;
import dev.vmpower.host.feed.Reader;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Server-sent events over a real socket; only the monitor is canned. */
@Timeout(60)
class EventsTest {
  private static final String END = "the end";
  private static final Instant AT = Instant.parse("2026-01-01T00:00:00Z");

  @TempDir Path directory;

  private final Feed feed = new Feed();
  private final CannedAsker monitor = new CannedAsker();
  private Path socket;
  private ControlServer server;

  @BeforeEach
  void start() throws IOException {
    socket = directory.resolve("control.sock");
    server =
        new ControlServer(
            socket,
            null,
            monitor,
            (vm, vcpu, cpus) -> "",
            () -> {},
            after -> new ControlServer.Farewell("", () -> {}),
            new CannedMeter(),
            feed);
    server.start();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  /** One that follows the events, and reads a line at a time. */
  private static final class Follower implements AutoCloseable {
    private final SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    private final BufferedReader in;

    Follower(Path socket) throws IOException {
      channel.setOption(StandardSocketOptions.SO_RCVBUF, 4096);
      channel.connect(UnixDomainSocketAddress.of(socket));
      channel.write(
          ByteBuffer.wrap(
              "GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n"
                  .getBytes(StandardCharsets.US_ASCII)));
      in = new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8));
    }

    /** The head; after it, the stream has begun. */
    List<String> head() throws IOException {
      List<String> head = new ArrayList<>();
      for (String line = in.readLine(); line != null && !line.isEmpty(); line = in.readLine()) {
        head.add(line);
      }
      return head;
    }

    Follower begun() throws IOException {
      assertThat(head().getFirst()).isEqualTo("HTTP/1.1 200 OK");
      assertThat(line()).startsWith(": changes");
      return this;
    }

    /** The next line that is neither empty nor the length of a chunk. */
    String line() throws IOException {
      String line = in.readLine();
      while (line != null && line.matches("[0-9A-Fa-f]*")) {
        if (line.equals("0")) {
          assertThat(in.readLine()).as("after the last chunk").isEmpty();
          return END;
        }
        line = in.readLine();
      }
      return line == null ? "cut short" : line;
    }

    /** The next event, as one line. */
    String event() throws IOException {
      String first = line();
      if (first.equals(END)) {
        return END;
      }
      return first + " " + line() + (first.startsWith("id: ") ? " " + line() : "");
    }

    @Override
    public void close() throws IOException {
      channel.close();
    }
  }

  private void publish(Change change) {
    feed.publish(change);
    feed.flush();
  }

  private void publish(int number) {
    publish(new Change.Vm(AT, "vm" + number, "running"));
  }

  /** Another stream's courier may find this one before its thread has sent anything. */
  @Test
  void everyStreamBeginsWithItsWholeHead() throws IOException {
    for (int i = 0; i < 300; i++) {
      try (Follower follower = new Follower(socket)) {
        assertThat(follower.head())
            .as("stream %d", i)
            .contains("Content-Type: text/event-stream", "Transfer-Encoding: chunked");
      }
    }
  }

  @Test
  void anEventHasANumberATypeAndOneLineOfJson() throws IOException {
    try (Follower follower = new Follower(socket)) {
      assertThat(follower.head())
          .startsWith("HTTP/1.1 200 OK")
          .contains("Content-Type: text/event-stream", "Cache-Control: no-store");
      assertThat(follower.line()).startsWith(": changes");
      publish(new Change.Vote(AT, "vm\n0", 2, "min", true, true, "request"));
      publish(new Change.Target(AT, 3, "3-4", null, "nobody asks"));

      assertThat(follower.event())
          .isEqualTo(
              "id: 1 event: vote data: {\"at\":\"2026-01-01T00:00:00Z\",\"vm\":\"vm\\n0\","
                  + "\"vcpu\":2,"
                  + "\"vote\":\"min\",\"turbo\":true,\"claimed\":true,\"source\":\"request\"}");
      assertThat(follower.event())
          .isEqualTo(
              "id: 2 event: target data: {\"at\":\"2026-01-01T00:00:00Z\",\"domain\":3,"
                  + "\"cpus\":\"3-4\",\"target_khz\":null,\"why\":\"nobody asks\"}");
    }
  }

  @Test
  void allFollowersSeeTheSameAndNoneOfThemHoldsAThread() throws IOException {
    List<Follower> followers = new ArrayList<>();
    try {
      for (int i = 0; i < Feed.READERS_MAX; i++) {
        followers.add(new Follower(socket).begun());
      }
      assertThat(RawClient.get(socket, "/v1/cpus").status()).isEqualTo(200);
      RawClient.Answer oneMore = RawClient.get(socket, "/v1/events");
      assertThat(oneMore.status()).isEqualTo(503);
      assertThat(oneMore.body()).contains("16 follow the events already");
      for (int i = 0; i < 1000; i++) {
        publish(i);
      }
      for (Follower follower : followers) {
        for (int i = 0; i < 1000; i++) {
          assertThat(follower.event())
              .startsWith("id: " + (i + 1) + " event: vm data: ")
              .contains("\"vm\":\"vm" + i + "\"");
        }
      }
    } finally {
      for (Follower follower : followers) {
        follower.close();
      }
    }
  }

  @Test
  void followersThatVanishLeaveNothingBehind() throws IOException {
    for (int i = 0; i < 5 * Feed.READERS_MAX; i++) {
      try (Follower follower = new Follower(socket).begun()) {
        publish(i);
        assertThat(follower.event()).startsWith("id: ");
      }
      int left = i;
      await()
          .pollDelay(Duration.ZERO)
          .pollInterval(Duration.ofMillis(2))
          .untilAsserted(() -> assertThat(feed.isWanted()).as("after %d", left).isFalse());
    }
    await().until(() -> !courierRuns());
  }

  private static boolean courierRuns() {
    return Thread.getAllStackTraces().keySet().stream()
        .anyMatch(thread -> thread.getName().equals("control-events"));
  }

  @Test
  void oneThatDoesNotReadIsCutOffWithAMessageAndAnotherMissesNothing() throws IOException {
    try (Follower slow = new Follower(socket).begun();
        Follower fast = new Follower(socket).begun()) {
      int published = 0;
      int cutOffAt = 20 * Reader.CHANGES_MAX; // what fits into buffers on the way comes on top
      while (published < cutOffAt) {
        for (int i = 0; i < 256; i++) {
          publish(published++);
        }
        for (int i = published - 256; i < published; i++) {
          assertThat(fast.event()).contains("\"vm\":\"vm" + i + "\"");
        }
      }

      int seen = 0;
      String event = slow.event();
      while (event.startsWith("id: ")) {
        seen++;
        event = slow.event();
      }
      assertThat(seen).isLessThan(published);
      assertThat(event).startsWith("event: cut_off data: {\"message\":\"you read too slowly");
      assertThat(slow.event()).isEqualTo(END);
      publish(-1);
      assertThat(fast.event()).contains("vm-1");
    }
  }

  @Test
  void theDaemonsEndIsTheEndOfTheStream() throws IOException {
    try (Follower follower = new Follower(socket).begun()) {
      publish(1);
      server.close();

      assertThat(follower.event()).startsWith("id: 1");
      assertThat(follower.event()).isEqualTo(END);
      assertThat(feed.isWanted()).isFalse();
    }
  }

  @Test
  void whereTheMonitorDoesNotKnowOfTheReaderThereIsNone() throws IOException {
    monitor.failure = new IllegalStateException("the daemon is too busy or ends");

    assertThat(RawClient.get(socket, "/v1/events").status()).isEqualTo(503);
    assertThat(feed.isWanted()).isFalse();
  }
}
