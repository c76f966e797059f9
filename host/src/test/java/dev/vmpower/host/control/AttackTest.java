package dev.vmpower.host.control;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.vmpower.host.control.RawClient.Answer;
import dev.vmpower.host.feed.Feed;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/**
 * Requests that are meant to do harm: each is refused in one line and asks nothing; and what is
 * logged is who asked for a change, in one plain line.
 */
@Timeout(60)
class AttackTest {
  private static final String HEAD = " HTTP/1.1\r\nHost: localhost\r\n";

  @TempDir Path directory;

  private final CannedAsker monitor = new CannedAsker();
  private final ListAppender<ILoggingEvent> log = new ListAppender<>();
  private final Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
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
            new Feed());
    server.start();
    assertThat(RawClient.get(socket, "/v1/status").status()).isEqualTo(200);
    monitor.asked.clear();
    log.start();
    root.addAppender(log);
  }

  @AfterEach
  void stop() {
    root.detachAppender(log);
    server.close();
  }

  @Test
  void whoChangedWhatIsInTheFieldsOfTheLog() throws IOException {
    RawClient.get(socket, "/v1/cpus");
    RawClient.post(socket, "/v1/cpus/set", "{\"cpus\":\"5\",\"level\":\"max\"}");

    List<String> fields =
        log.list.stream()
            .filter(line -> line.getLoggerName().equals("vmpower.control"))
            .map(line -> String.valueOf(line.getKeyValuePairs()))
            .toList();
    assertThat(fields).singleElement().asString().contains("user=", "outcome=\"done\"");
    assertThat(fields.getFirst())
        .contains("pid=\"" + ProcessHandle.current().pid() + "\"", "asked=\"/v1/cpus/set {");
  }

  private void isRefused(Answer answer, int... statuses) {
    assertThat(statuses).contains(answer.status());
    assertThat(answer.body()).matches("\\{\"error\":\"[^\\p{Cc}\\p{Cf}]{10,900}\"}\n");
    assertThat(answer.head()).doesNotContain("X-Evil");
    assertThat(monitor.asked).isEmpty();
    assertThat(log.list)
        .allSatisfy(
            line ->
                assertThat(line.getFormattedMessage())
                    .matches("[^\\p{Cc}\\p{Cf}]+ \\(pid [0-9]+\\): /v1/[^\\p{Cc}\\p{Cf}]+"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/v1/../../etc/passwd",
        "/v1/../v1/status/../../../etc/shadow",
        "/v1/%2e%2e/%2e%2e/etc/passwd",
        "/v1/%252e%252e/etc/passwd",
        "/v1/vms/..%2f..%2fetc%2fpasswd/x",
        "/v1/..\\..\\etc\\passwd",
        "/v1/%5c..%5cetc",
        "/v1/status%00.html",
        "/v1/vms/%00",
        "/v1/vms/a%0d%0aX-Evil:%201",
        "/v1/nothing%0d%0aX-Evil:%201",
        "/v1/vms/%c0%ae%c0%ae",
        "/v1/vms/%ff",
        "/v1/vms/%1b%5b2J",
        "/v1/vms/%c2%9b2J",
        "//etc/passwd",
        "/v1//status",
        "/v1/status;x=y",
        "/v1/./status/",
        "http://[::1",
        "*"
      })
  void aPathThatLeadsElsewhereIsRefused(String path) throws IOException {
    isRefused(RawClient.get(socket, path), 400, 404);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
        "Content-Length: -1\r\n\r\n",
        "Content-Length: +2\r\n\r\n{}",
        "Content-Length: 99999999999999999999\r\n\r\n",
        "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: gzip\r\n\r\n{}",
        "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        "Content-Length : 2\r\n\r\n{}",
        " folded: 1\r\nContent-Length: 2\r\n\r\n{}",
        "Bad\u0000Name: 1\r\n\r\n",
        "X: a\u0001b\u0000c\r\nContent-Length: 2\r\n\r\n{",
        "Host: two\r\nContent-Length: 2\r\n\r\n{}"
      })
  void aRequestWithTwoMeaningsIsRefusedAndEndsTheConnection(String rest) throws IOException {
    try (RawClient client = new RawClient(socket)) {
      client.send("POST /v1/pause" + HEAD + rest);
      client.halfClose();
      Answer answer = client.answer();
      isRefused(answer, 400, 413, 501);
      assertThat(client.ended()).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"vm\":\"a\\r\\nX-Evil: 1\"}",
        "{\"vm\":\"a\\u001b[2J\"}",
        "{\"vm\":\"a\\u009b2J\"}",
        "{\"vm\":\"a\",\"vm\":\"b\"}",
        "{\"vm\":1e99999}",
        "{\"\\u202e\\u2028\\u001b\":1}",
        "{\"vm\":\u001b\u009b\u202e}",
        "{\"vm\":\"a\",}",
        "{\"vm\":NaN}",
        "\ufeff{}"
      })
  void aBodyThatMeansHarmIsRefusedWithoutItsBytes(String body) throws IOException {
    isRefused(RawClient.post(socket, "/v1/vms/remove", body), 400);
  }

  /**
   * Not even plain characters of what cannot be read are repeated, to whoever asks or reads logs.
   */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "XYZZY",
        "{XYZZY}",
        "{\"vm\":XYZZY}",
        "{\"vm\":\"XYZZY",
        "{\"vm\":\"a\" XYZZY}",
        "{\"XYZZY\":1,\"XYZZY\":2}",
        "[\"XYZZY\"]",
        "{\"vm\":\"\\uXYZZY\"}",
        "{\"vm\":'XYZZY'}",
        "/*XYZZY*/{}"
      })
  void whatCannotBeReadIsNotRepeated(String body) throws IOException {
    isNotRepeated("/v1/vms/remove", body);
  }

  @Test
  void whatIsTooDeepOrLongIsNotRepeated() throws IOException {
    isNotRepeated("/v1/vms/remove", "{\"vm\":" + "[\"XYZZY\",".repeat(6_000));
    isNotRepeated("/v1/vms/remove", "{\"" + "XYZZY".repeat(11_000) + "\":1}");
  }

  private void isNotRepeated(String path, String body) throws IOException {
    Answer answer = RawClient.post(socket, path, body);
    isRefused(answer, 400);
    assertThat(answer.body()).doesNotContain("XYZZY");
    assertThat(log.list)
        .allSatisfy(line -> assertThat(line.getFormattedMessage()).doesNotContain("XYZZY"))
        .allSatisfy(
            line -> assertThat(String.valueOf(line.getKeyValuePairs())).doesNotContain("XYZZY"));
  }

  @Test
  void aBodyOfAnySizeOrDepthIsRefused() throws IOException {
    for (String deep : List.of("[", "{\"a\":", "{\"vm\":[", "[{\"a\":")) {
      isRefused(RawClient.post(socket, "/v1/vms/remove", deep.repeat(5_000)), 400);
    }
    String digits = "{\"vm\":" + "9".repeat(60_000) + "}";
    isRefused(RawClient.post(socket, "/v1/vms/remove", digits), 400);
    String toml = "a = " + "[".repeat(40_000);
    isRefused(RawClient.post(socket, "/v1/policies/apply", "{\"toml\":\"" + toml + "\"}"), 400);
    String escape = "a = {\\\"\\\\U]\\\" = 1}";
    isRefused(RawClient.post(socket, "/v1/policies/apply", "{\"toml\":\"" + escape + "\"}"), 400);
  }

  @Test
  void headersWithoutAnEndAreRefused() throws IOException {
    try (RawClient client = new RawClient(socket)) {
      client.send("GET /v1/status" + HEAD);
      for (int i = 0; i < HttpService.HEADER_BYTES_MAX / 8; i++) {
        client.trySend("X" + i % 10 + ": abc\r\n");
      }
      isRefused(client.answer(), 431);
      assertThat(client.ended()).isTrue();
    }
  }

  @Test
  void pipelinedRequestsAreAnsweredInTheirOrder() throws IOException {
    try (RawClient client = new RawClient(socket)) {
      client.send(("GET /v1/status" + HEAD + "\r\n" + "GET /v1/no" + HEAD + "\r\n").repeat(20));
      client.halfClose();
      for (int i = 0; i < 20; i++) {
        assertThat(client.answer().status()).isEqualTo(200);
        assertThat(client.answer().status()).isEqualTo(404);
      }
      assertThat(client.ended()).isTrue();
    }
  }
}
