package dev.vmpower.host.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vmpower.host.control.RawClient.Answer;
import dev.vmpower.host.feed.Feed;
import dev.vmpower.host.monitor.Verb;
import dev.vmpower.machine.cpu.CpuSet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Real HTTP over a real socket; only the monitor is canned. */
@Timeout(60)
class ControlServerTest {
  @TempDir Path directory;

  private final CannedAsker monitor = new CannedAsker();
  private final List<String> pinned = new ArrayList<>();
  private volatile ControlServer.Reloader reloader = () -> {};
  private Path socket;
  private ControlServer server;

  @BeforeEach
  void start() throws IOException {
    socket = directory.resolve("made/on/start/control.sock");
    server = serve(socket);
  }

  private ControlServer serve(Path path) throws IOException {
    ControlServer made = make(path);
    made.start();
    return made;
  }

  private ControlServer make(Path path) {
    return new ControlServer(
        path,
        null,
        monitor,
        (vm, vcpu, cpus) -> {
          if (vm.equals("gone")) {
            throw new Verb.RefusedException("there is no VM gone");
          }
          pinned.add(vm + "/" + vcpu + "=" + cpus);
          return "pinned";
        },
        () -> reloader.reload(),
        after -> new ControlServer.Farewell("", () -> {}),
        new CannedMeter(),
        new Feed());
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void aListIsOneJsonArrayInSnakeCaseWithItsNulls() throws IOException {
    Answer answer = RawClient.get(socket, "/v1/cpus");

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.head()).contains("Content-Type: application/json\r\n");
    assertThat(answer.body())
        .startsWith("[{\"cpu\":3,\"online\":true,\"reserved\":false,\"package_id\":0,")
        .contains("\"target_khz\":2400000", "\"problem\":null", "\"since\":null")
        .contains("\"hold\":{\"level\":\"max\",\"who\":\"root (pid 7)\"")
        .endsWith("}]\n");
    assertThat(monitor.asked).containsExactly(new Verb.ListCpus());
  }

  @Test
  void theHttpServerIsLoadedWhenSomebodyAsks() throws IOException {
    assertThat(server.isLoaded()).isFalse();
    assertThat(RawClient.get(socket, "/v1/status").status()).isEqualTo(200);
    assertThat(server.isLoaded()).isTrue();
  }

  @Test
  void everyListAndTheStatusAreAskedFor() throws IOException {
    for (String path : List.of("/v1/vms", "/v1/channels", "/v1/status")) {
      assertThat(RawClient.get(socket, path).status()).isEqualTo(200);
    }

    assertThat(monitor.asked)
        .containsExactly(new Verb.ListVms(), new Verb.ListChannels(), new Verb.Status());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'0-3,8'|'\"max\"'|0-3,8|max",
        "'0xff'|'\"down\"'|0-7|down",
        "'5'|'\"2400000\"'|5|2400000",
        "'5'|'2400000'|5|2400000"
      })
  void aHoldIsSetInTheNameOfWhoeverIsAtTheSocket(
      String cpus, String level, String expectedCpus, String expectedLevel) throws IOException {
    Answer answer =
        RawClient.post(
            socket, "/v1/cpus/set", "{\"cpus\":\"" + cpus + "\",\"level\":" + level + "}");

    assertThat(answer.status()).as(answer.body()).isEqualTo(200);
    assertThat(monitor.asked)
        .containsExactly(
            new Verb.SetCpus(
                CpuSet.parse(expectedCpus),
                expectedLevel,
                System.getProperty("user.name") + " (pid " + ProcessHandle.current().pid() + ")"));
  }

  @Test
  void theOtherVerbsReachTheMonitor() throws IOException {
    CpuSet cpus = CpuSet.of(0, 1);
    post("/v1/cpus/release", "{\"cpus\":\"0-1\"}");
    post("/v1/cpus/reclaim", "{\"cpus\":\"0-1\"}");
    post("/v1/channels/enable", "{\"vm\":\"vm0\",\"channels\":\"0-1\"}");
    post("/v1/channels/disable", "{\"vm\":\"vm0\",\"channels\":\"all\"}");
    post("/v1/pause", "");
    post("/v1/resume", "{}");

    assertThat(monitor.asked)
        .containsExactly(
            new Verb.ReleaseCpus(cpus),
            new Verb.ReclaimCpus(cpus),
            new Verb.EnableChannels("vm0", cpus, true),
            new Verb.EnableChannels("vm0", null, false),
            new Verb.Pause(true),
            new Verb.Pause(false));
  }

  private void post(String path, String body) throws IOException {
    assertThat(RawClient.post(socket, path, body).status()).as(path).isEqualTo(200);
  }

  @Test
  void pinAndReloadAnswerOnceDone() throws IOException {
    post("/v1/pin", "{\"vm\":\"vm0\",\"vcpu\":1,\"cpus\":\"2-3\"}");
    post("/v1/reload", "");
    reloader =
        () -> {
          throw new Verb.RefusedException("vmpower.toml:3: unknown key");
        };
    Answer badFile = RawClient.post(socket, "/v1/reload", "");
    Answer noVm = RawClient.post(socket, "/v1/pin", "{\"vm\":\"gone\",\"vcpu\":0,\"cpus\":\"2\"}");

    assertThat(pinned).containsExactly("vm0/1=2-3");
    assertThat(badFile.status()).isEqualTo(409);
    assertThat(badFile.body()).isEqualTo("{\"error\":\"vmpower.toml:3: unknown key\"}\n");
    assertThat(noVm.status()).isEqualTo(409);
  }

  @Test
  void refusalsBusyAndBugsHaveTheirStatusAndOneLine() throws IOException {
    monitor.failure = new Verb.RefusedException("CPU 3 is held by ann: release it first");
    Answer refused = RawClient.get(socket, "/v1/cpus");
    monitor.failure = new IllegalStateException("the daemon is ending");
    Answer busy = RawClient.get(socket, "/v1/cpus");
    monitor.failure = new ArithmeticException("a bug");
    Answer bug = RawClient.get(socket, "/v1/cpus");

    assertThat(refused.status()).isEqualTo(409);
    assertThat(refused.body())
        .isEqualTo("{\"error\":\"CPU 3 is held by ann: release it first\"}\n");
    assertThat(busy.status()).isEqualTo(503);
    assertThat(busy.body()).isEqualTo("{\"error\":\"the daemon is ending\"}\n");
    assertThat(bug.status()).isEqualTo(500);
    assertThat(bug.body()).doesNotContain("Arithmetic").contains("log");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "nonsense",
        "{\"cpus\":\"0\",\"level\":\"max\"",
        "{\"cpus\":\"0\",\"level\":\"max\"} {}",
        "[]",
        "7",
        "{}",
        "{\"cpus\":\"0\"}",
        "{\"cpus\":\"0\",\"level\":\"max\",\"extra\":1}",
        "{\"cpus\":\"0\",\"level\":\"max\",\"level\":\"min\"}",
        "{\"cpus\":0,\"level\":\"max\"}",
        "{\"cpus\":null,\"level\":\"max\"}",
        "{\"cpus\":\"\",\"level\":\"max\"}",
        "{\"cpus\":\" \",\"level\":\"max\"}",
        "{\"cpus\":\"3-1\",\"level\":\"max\"}",
        "{\"cpus\":\"0x\",\"level\":\"max\"}",
        "{\"cpus\":\"0x0\",\"level\":\"max\"}",
        "{\"cpus\":\"0-4096\",\"level\":\"max\"}",
        "{\"cpus\":\"9000\",\"level\":\"max\"}",
        "{\"cpus\":\"0\",\"level\":\"fast\"}",
        "{\"cpus\":\"0\",\"level\":\"\"}",
        "{\"cpus\":\"0\",\"level\":\"+5\"}",
        "{\"cpus\":\"0\",\"level\":0}",
        "{\"cpus\":\"0\",\"level\":-1}",
        "{\"cpus\":\"0\",\"level\":2.5}",
        "{\"cpus\":\"0\",\"level\":99999999999}",
        "{\"cpus\":\"0\",\"level\":\"1000000000\"}",
        "{\"cpus\":\"0\",\"level\":true}",
        "{\"cpus\":\"0\",\"level\":[\"max\"]}"
      })
  void aBadBodyIsOneLineAndAsksNothing(String body) throws IOException {
    Answer answer = RawClient.post(socket, "/v1/cpus/set", body);

    assertThat(answer.status()).as(answer.body()).isEqualTo(400);
    assertThat(answer.body()).matches("\\{\"error\":\".{10,600}\"}\n");
    assertThat(monitor.asked).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"vm\":\"a\",\"vcpu\":-1,\"cpus\":\"0\"}",
        "{\"vm\":\"a\",\"vcpu\":8192,\"cpus\":\"0\"}",
        "{\"vm\":\"a\",\"vcpu\":\"0\",\"cpus\":\"0\"}",
        "{\"vm\":7,\"vcpu\":0,\"cpus\":\"0\"}"
      })
  void aBadPinIsRefusedBeforeAnybodyPins(String body) throws IOException {
    assertThat(RawClient.post(socket, "/v1/pin", body).status()).isEqualTo(400);
    assertThat(pinned).isEmpty();
  }

  @Test
  void unknownPathsWrongMethodsAndQueriesSayWhatThereIs() throws IOException {
    Answer unknown = RawClient.get(socket, "/v1/nothing");
    Answer wrong = RawClient.get(socket, "/v1/pause");
    Answer deleted =
        RawClient.once(
            socket, "DELETE /v1/cpus HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    Answer query = RawClient.get(socket, "/v1/cpus?vm=a");

    assertThat(unknown.status()).isEqualTo(404);
    assertThat(unknown.body()).contains("/v1/cpus/set");
    assertThat(wrong.status()).isEqualTo(405);
    assertThat(wrong.body()).contains("POST");
    assertThat(deleted.status()).isEqualTo(405);
    assertThat(query.status()).isEqualTo(400);
    assertThat(monitor.asked).isEmpty();
  }

  @Test
  void tooMuchIsRefusedWhetherItSaysSoOrNot() throws IOException {
    String body = " ".repeat(ControlHandler.BODY_BYTES_MAX);
    Answer fits = RawClient.post(socket, "/v1/pause", body.substring(2) + "{}");
    Answer said = RawClient.post(socket, "/v1/pause", body + "{}");
    Answer unsaid =
        RawClient.once(
            socket,
            "POST /v1/pause HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                + (Integer.toHexString(body.length()) + "\r\n" + body + "\r\n").repeat(2)
                + "0\r\n\r\n");
    Answer header =
        RawClient.once(
            socket,
            "GET /v1/cpus HTTP/1.1\r\nHost: localhost\r\nX: "
                + "x".repeat(HttpService.HEADER_BYTES_MAX)
                + "\r\n\r\n");

    assertThat(fits.status()).isEqualTo(200);
    assertThat(said.status()).isEqualTo(413);
    assertThat(unsaid.status()).isEqualTo(413);
    assertThat(header.status()).isEqualTo(431);
    assertThat(List.of(said, unsaid, header))
        .allSatisfy(answer -> assertThat(answer.body()).matches("\\{\"error\":\".+\"}\n"));
    assertThat(monitor.asked).hasSize(1);
  }

  @Test
  void whatIsNoHttpIsAnsweredInJsonToo() throws IOException {
    Answer answer = RawClient.once(socket, "nonsense\r\n\r\n");

    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.body()).matches("\\{\"error\":\".+\"}\n");
  }

  @Test
  void oneConnectionCarriesManyRequests() throws IOException {
    try (RawClient client = new RawClient(socket)) {
      for (int i = 0; i < 3; i++) {
        client.send("GET /v1/cpus HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assertThat(client.answer().status()).isEqualTo(200);
      }
      client.send("GET /v1/no HTTP/1.1\r\nHost: localhost\r\n\r\n");
      assertThat(client.answer().status()).isEqualTo(404);
      client.send(RawClient.postText("/v1/pause", "{}", ""));
      assertThat(client.answer().status()).isEqualTo(200);
    }
  }

  @Test
  void clientsThatNeverFinishDoNotHoldUpOthers() throws IOException {
    List<RawClient> slow = new ArrayList<>();
    try {
      for (int i = 0; i < 20; i++) {
        RawClient client = new RawClient(socket);
        slow.add(client);
        client.send("POST /v1/pause HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{");
      }
      CountDownLatch reloading = new CountDownLatch(1);
      CountDownLatch go = new CountDownLatch(1);
      reloader =
          () -> {
            reloading.countDown();
            awaitQuietly(go);
          };
      for (int i = 0; i < 10; i++) {
        RawClient client = new RawClient(socket);
        slow.add(client);
        client.send(RawClient.postText("/v1/reload", "", ""));
      }
      awaitQuietly(reloading);

      assertThat(RawClient.get(socket, "/v1/cpus").status()).isEqualTo(200);
      go.countDown();
      assertThat(slow.getLast().answer().status()).isEqualTo(200);
    } finally {
      for (RawClient client : slow) {
        client.close();
      }
    }
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void aMonitorThatDoesNotAnswerIsA503AndABodyThatDoesNotComeA408() throws IOException {
    monitor.silent = true;
    Path other = directory.resolve("impatient.sock");
    try (ControlServer impatient = make(other)) {
      impatient.setWait(1);
      impatient.start();
      isImpatient(other);
    }
  }

  private static void isImpatient(Path other) throws IOException {
    try (RawClient late = new RawClient(other);
        RawClient unfinished = new RawClient(other)) {
      unfinished.send("POST /v1/pause HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{");
      late.send("GET /v1/cpus HTTP/1.1\r\nHost: localhost\r\n\r\n");

      Answer noAnswer = late.answer();
      Answer noBody = unfinished.answer();

      assertThat(noAnswer.status()).isEqualTo(503);
      assertThat(noAnswer.body()).contains("within 1 s");
      assertThat(noBody.status()).isEqualTo(408);
      assertThat(unfinished.ended()).isTrue();
    }
  }

  @Test
  void oneConnectionTooManyTakesTheSeatOfTheOneThatIsIdleLongest() throws IOException {
    String get = "GET /v1/cpus HTTP/1.1\r\nHost: localhost\r\n\r\n";
    List<RawClient> clients = new ArrayList<>();
    try {
      for (int i = 0; i < HttpService.CONNECTIONS_MAX; i++) {
        RawClient client = new RawClient(socket);
        clients.add(client);
        client.send(get);
        assertThat(client.answer().status()).isEqualTo(200);
      }
      RawClient first = clients.getFirst();
      first.send(get);
      assertThat(first.answer().status()).isEqualTo(200);
      RawClient oneMore = new RawClient(socket);
      clients.add(oneMore);
      oneMore.send(get);
      assertThat(oneMore.answer().status()).isEqualTo(200);
      assertThat(clients.stream().filter(RawClient::hasEnded)).hasSize(1);
      first.send(get);
      assertThat(first.answer().status()).as("it asked a moment ago").isEqualTo(200);
    } finally {
      for (RawClient client : clients) {
        client.close();
      }
    }
  }

  @Test
  void aThousandIdleConnectionsKeepNobodyOut() throws IOException {
    int threads = Thread.activeCount();
    List<RawClient> idle = new ArrayList<>();
    try {
      for (int i = 0; i < 1_000; i++) {
        RawClient client = new RawClient(socket);
        idle.add(client);
        client.trySend(i % 2 == 0 ? "" : "GET /v1/cpus HTTP/1.1\r\nX: ");
      }
      assertThat(RawClient.get(socket, "/v1/cpus").status()).isEqualTo(200);
      assertThat(Thread.activeCount()).isLessThan(threads + 12);
      long open = idle.stream().filter(client -> !client.hasEnded()).count();
      assertThat(open).isLessThan(HttpService.CONNECTIONS_MAX);
    } finally {
      for (RawClient client : idle) {
        client.close();
      }
    }
  }

  @Test
  void theSocketIsItsOwnersOrAlsoItsGroups() throws IOException {
    PosixFileAttributes attributes = Files.readAttributes(socket, PosixFileAttributes.class);
    boolean given = attributes.group().getName().equals("vmpower");

    assertThat(PosixFilePermissions.toString(attributes.permissions()))
        .isEqualTo(given ? "rw-rw----" : "rw-------");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket.getParent())))
        .startsWith("rwxr-x");
    try (var files = Files.list(socket.getParent())) {
      assertThat(files).containsExactly(socket);
    }
  }

  @Test
  void aStaleSocketIsReplacedAndAnythingElseIsLeft() throws IOException {
    Path stale = directory.resolve("stale.sock");
    ControlServer dead = serve(stale);
    Path kept = directory.resolve("kept");
    Files.createLink(kept, stale);
    dead.close();
    Files.move(kept, stale);
    Path file = Files.writeString(directory.resolve("file"), "precious");

    serveAndClose(stale);
    assertThatThrownBy(() -> serve(file))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("no socket");

    assertThat(stale).doesNotExist();
    assertThat(file).hasContent("precious");
  }

  @Test
  void aPathThatIsTooLongSaysSoAndOneThatJustFitsServes() throws IOException {
    int room = 106 - directory.toString().length() - 1;
    Path fits = directory.resolve("x".repeat(room));
    Path tooLong = directory.resolve("x".repeat(room + 1));

    serveAndClose(fits);
    assertThatThrownBy(() -> serve(tooLong))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("106");
  }

  private void serveAndClose(Path path) throws IOException {
    ControlServer made = serve(path);
    assertThat(RawClient.get(path, "/v1/cpus").status()).isEqualTo(200);
    made.close();
  }

  @Test
  void closingEndsConnectionsAndRemovesTheSocket() throws IOException {
    try (RawClient client = new RawClient(socket)) {
      client.send("GET /v1/cpus HTTP/1.1\r\nHost: localhost\r\n\r\n");
      assertThat(client.answer().status()).isEqualTo(200);
      server.close();

      assertThat(client.ended()).isTrue();
      assertThat(socket).doesNotExist();
    }
  }
}
