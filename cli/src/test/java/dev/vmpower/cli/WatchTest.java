package dev.vmpower.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vmpower.host.feed.Change;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** vmpowerctl watch, on a real control socket. */
@Timeout(60)
class WatchTest {
  private static final Instant AT = Instant.parse("2026-11-25T12:04:31.211Z");

  @TempDir Path directory;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private CannedDaemon daemon;
  private @Nullable Thread watching;
  private volatile @Nullable FailureException failure;

  @BeforeEach
  void start() throws IOException {
    daemon = new CannedDaemon(directory.resolve("control.sock"));
  }

  @AfterEach
  void stop() throws InterruptedException {
    daemon.close();
    if (watching != null) {
      watching.interrupt();
      watching.join();
    }
  }

  private void watch(
      boolean json, @Nullable String vm, @Nullable String cpus, @Nullable String types)
      throws FailureException {
    Watch watch =
        new Watch(
            new ControlClient(directory.resolve("control.sock")),
            new EventFilter(vm, cpus, types),
            json,
            new PrintStream(out, false, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8));
    watching =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    watch.run();
                  } catch (FailureException ended) {
                    failure = ended;
                  }
                });
    awaitFollowed();
  }

  private void awaitFollowed() {
    until(
        () -> {
          FailureException ended = failure;
          assertThat(ended == null ? "" : ended.line()).isEmpty();
          return daemon.feed.isWanted();
        });
  }

  private static void until(java.util.concurrent.Callable<Boolean> condition) {
    Awaitility.await()
        .pollInterval(Duration.ofMillis(5))
        .atMost(Duration.ofSeconds(30))
        .until(condition);
  }

  private void publish(Change... changes) {
    for (Change change : changes) {
      daemon.feed.publish(change);
    }
    daemon.feed.flush();
  }

  private static Change[] all() {
    return new Change[] {
      new Change.Vote(AT, "a", 1, "1800000", false, true, "request"),
      new Change.Target(AT, 2, "4-5", 1_800_000, "a vCPU 1 asks for 1800000"),
      new Change.Target(AT, 3, "6", null, "nobody asks"),
      new Change.Channel(AT, "b", 0, "hung-up"),
      new Change.Vm(AT, "b", "paused"),
      new Change.Refusal(AT, "a", 1, 1, "hold", 7),
      new Change.Policy(AT, "guest:b", "applied", "max"),
      new Change.Hold(AT, "4", "max", "ann (pid 7)"),
      new Change.Conflict(AT, 2, "4-5", "standing", "governor is performance"),
      new Change.Status(AT, "paused")
    };
  }

  private String shown(int lines) {
    until(() -> out.toString(StandardCharsets.UTF_8).lines().count() >= lines);
    return out.toString(StandardCharsets.UTF_8);
  }

  @Test
  void eachEventIsALine() throws Exception {
    watch(false, null, null, null);
    publish(all());

    assertThat(shown(10).replace(AT.toString(), "AT"))
        .isEqualTo(
            """
            AT vote     a/1 1800 MHz, request, no turbo
            AT target   policy2 (pCPUs 4-5) 1800 MHz: a vCPU 1 asks for 1800000
            AT target   policy3 (pCPUs 6) given back: nobody asks
            AT channel  b channel 0 hung-up
            AT vm       b paused
            AT refusal  a/1 channel 1 hold, 7 times
            AT policy   guest:b applied, max
            AT hold     pCPUs 4 held at max by ann (pid 7)
            AT conflict policy2 (pCPUs 4-5) standing: governor is performance
            AT status   mode paused
            """);
  }

  @Test
  void withJsonEachIsAnObjectOfItsOwn() throws Exception {
    watch(true, null, null, "status,vm");
    publish(all());

    assertThat(shown(2))
        .isEqualTo(
            """
            {"type":"vm","at":"2026-11-25T12:04:31.211Z","vm":"b","state":"paused"}
            {"type":"status","at":"2026-11-25T12:04:31.211Z","mode":"paused"}
            """);
  }

  @ParameterizedTest
  @CsvSource({"a,,,vote refusal", "b,,,channel vm policy", ",5,,target conflict", ",4,hold,hold"})
  void filtersMustAllFit(String vm, String cpus, String types, String expected) throws Exception {
    watch(false, vm, cpus, types);
    publish(all());
    publish(new Change.Vote(AT, vm == null ? "a" : vm, 9, "min", true, true, "request"));
    publish(new Change.Hold(AT, "4-5", null, "ann (pid 7)"));
    int lines = expected.split(" ").length + 1;

    assertThat(shown(lines).lines().limit(lines - 1).map(line -> line.split(" +")[1]).toList())
        .containsExactly(expected.split(" "));
  }

  @Test
  void aDaemonThatComesBackIsFollowedAgainAndTheGapIsTold() throws Exception {
    watch(false, null, null, null);
    daemon.close();
    until(() -> err.toString(StandardCharsets.UTF_8).contains("; trying again"));
    daemon = new CannedDaemon(directory.resolve("control.sock"));
    awaitFollowed();
    publish(new Change.Status(AT, "control"));

    assertThat(shown(2).lines().toList())
        .satisfiesExactly(
            line -> assertThat(line).contains(" missed   what happened since "),
            line -> assertThat(line).endsWith("status   mode control"));
    assertThat(failure).isNull();
  }

  @Test
  void withoutADaemonAndWithAWrongFilterItIsOneLine() {
    daemon.close();
    ControlClient client = new ControlClient(directory.resolve("control.sock"));
    PrintStream nowhere = new PrintStream(out);

    assertThatThrownBy(
            () ->
                new Watch(client, new EventFilter(null, null, null), false, nowhere, nowhere).run())
        .extracting(thrown -> ((FailureException) thrown).line())
        .asString()
        .contains("no daemon at");
    assertThatThrownBy(() -> new EventFilter(null, null, "vote,votes"))
        .extracting(thrown -> ((FailureException) thrown).line())
        .asString()
        .contains("'votes' is no type of event: one of vote, target");
    assertThatThrownBy(() -> new EventFilter(null, "x", null)).isNotNull();
  }
}
