package dev.vmpower.host.control;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vmpower.host.feed.Change;
import dev.vmpower.host.feed.Feed;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is served at the page's address, over real TCP. */
@Timeout(60)
class PageHandlerTest {
  private static final int ANSWER_MS = 10_000;

  @TempDir Path directory;

  private final CannedAsker monitor = new CannedAsker();
  private final Feed feed = new Feed();
  private InetSocketAddress address;
  private ControlServer server;

  @BeforeEach
  void start() throws IOException {
    address = free();
    server = serve("control.sock");
    Awaitility.await()
        .pollInterval(Duration.ofMillis(2))
        .ignoreExceptionsInstanceOf(IOException.class)
        .until(() -> get("/v1/status").startsWith("HTTP/1.1 200"));
  }

  private ControlServer serve(String name) throws IOException {
    ControlServer made =
        new ControlServer(
            directory.resolve(name),
            address,
            monitor,
            (vm, vcpu, cpus) -> "",
            () -> {},
            after -> new ControlServer.Farewell("", () -> {}),
            new CannedMeter(),
            feed);
    made.start();
    return made;
  }

  private static InetSocketAddress free() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return new InetSocketAddress(socket.getInetAddress(), socket.getLocalPort());
    }
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private String get(String target) throws IOException {
    return send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  }

  private String send(String request) throws IOException {
    try (Socket socket = new Socket()) {
      socket.connect(address, ANSWER_MS);
      socket.setSoTimeout(ANSWER_MS);
      socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
      ByteArrayOutputStream answer = new ByteArrayOutputStream();
      socket.getInputStream().transferTo(answer);
      return answer.toString(StandardCharsets.UTF_8);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/",
        "/index.html",
        "/page.css",
        "/page.js",
        "/model.js",
        "/grid.js",
        "/charts.js",
        "/panels.js",
        "/colours.js",
        "/icon.svg"
      })
  void thePageIsThereWithAPolicyThatLetsNothingElseIn(String target) throws IOException {
    String answer = get(target);

    assertThat(answer)
        .startsWith("HTTP/1.1 200 ")
        .contains("Content-Security-Policy: default-src 'none'; script-src 'self';")
        .contains("X-Content-Type-Options: nosniff");
    assertThat(answer.substring(answer.indexOf("\r\n\r\n")))
        .doesNotContain("<script>")
        .doesNotContain("style=")
        .doesNotContain("https://");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/../Routes.class",
        "/page/page.js",
        "/..%2fRoutes.class",
        "/page.js/",
        "//page.js",
        "/package-info.class",
        "/etc/passwd",
        "/%00"
      })
  void nothingElseIsLookedFor(String target) throws IOException {
    assertThat(get(target)).startsWith("HTTP/1.1 40");
  }

  @ParameterizedTest
  @ValueSource(strings = {"POST", "PUT", "DELETE", "OPTIONS", "HEAD"})
  void nothingCanBeChangedThere(String method) throws IOException {
    String answer =
        send(
            method
                + " /v1/pause HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n"
                + "Connection: close\r\n\r\n");

    assertThat(answer).startsWith("HTTP/1.1 405 ");
    assertThat(monitor.asked).noneMatch(verb -> verb.toString().startsWith("Pause"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"evil.example", "127.0.0.1.evil.example", "localhost.evil.example", ""})
  void anotherSitesNameForThisAddressIsRefused(String host) throws IOException {
    String answer =
        send("GET /v1/status HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");

    assertThat(answer).startsWith("HTTP/1.1 40");
    assertThat(answer).doesNotContain("answer_times");
  }

  @Test
  void itsOwnNamesAreTaken() throws IOException {
    String port = ":" + address.getPort();
    for (String host : new String[] {"localhost", "LOCALHOST", "127.0.0.1", "[::1]"}) {
      assertThat(
              send(
                  "GET /v1/status HTTP/1.1\r\nHost: "
                      + host
                      + port
                      + "\r\nConnection: close\r\n\r\n"))
          .as(host)
          .startsWith("HTTP/1.1 200 ");
    }
  }

  @Test
  void aHistoryIsKeptForThePage() {
    feed.publish(new Change.Target(Instant.ofEpochMilli(5_000), 7, "7", 1_200_000, "a test"));
    feed.flush();

    Awaitility.await()
        .pollInterval(Duration.ofMillis(2))
        .until(
            () ->
                get("/v1/history")
                    .contains("{\"domain\":7,\"at_ms\":[5000],\"target_khz\":[1200000]}"));
  }

  @Test
  void whereThePortIsTakenTheControlSocketServesOn() throws IOException {
    ControlServer second = serve("second.sock");
    try {
      assertThat(RawClient.get(directory.resolve("second.sock"), "/v1/status").status())
          .isEqualTo(200);
    } finally {
      second.close();
    }
  }
}
