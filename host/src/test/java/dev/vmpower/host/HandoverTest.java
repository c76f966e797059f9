package dev.vmpower.host;

import static dev.vmpower.protocol.ReplyKind.ACK;
import static dev.vmpower.protocol.Unit.SCALE_MAX;
import static dev.vmpower.protocol.Unit.SCALE_MIN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** A daemon that ends for another to go on from, as real processes. */
@Execution(ExecutionMode.CONCURRENT)
class HandoverTest {
  @TempDir Path directory;
  private ScratchHost host;

  @BeforeEach
  void makeHost() throws IOException {
    host = new ScratchHost(directory);
  }

  @AfterEach
  void endWhatWasStarted() throws IOException {
    host.close();
    Files.deleteIfExists(mark()); // whoever still waits ends
  }

  private Path mark() {
    return directory.resolve("run/handover");
  }

  private Process handOver(FakeGuest guest, String body, String... setBefore) throws Exception {
    Process daemon = host.start();
    ScratchHost.awaitReady(daemon);
    guest.awaitConnection();
    assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
    for (String set : setBefore) {
      assertThat(host.post("/v1/cpus/set", set)).startsWith("HTTP/1.1 200");
    }
    assertThat(host.post("/v1/handover", body)).startsWith("HTTP/1.1 200").contains("handed over");
    assertThat(daemon.waitFor(ScratchHost.WAIT_S, TimeUnit.SECONDS)).isTrue();
    assertThat(daemon.exitValue()).isZero();
    assertThat(host.policy(0).resolve("scaling_governor")).hasContent("userspace");
    assertThat(host.policy(0).resolve("scaling_setspeed")).hasContent("1200000");
    assertThat(mark()).exists();
    return daemon;
  }

  @Test
  void ifNobodyComesAllIsGivenBackAfterItsTime() throws Exception {
    try (FakeGuest guest = host.guest()) {
      handOver(guest, "{\"restore_after_s\":6}");
      await()
          .atMost(ScratchHost.WAIT_S, TimeUnit.SECONDS)
          .until(() -> !Files.exists(mark()) && !Files.exists(directory.resolve("run/originals")));
      host.isAsFound();
    }
  }

  @Test
  void theNextDaemonGoesOnWithVotesAndHoldsWithoutABounceAndNobodyRestores() throws Exception {
    try (FakeGuest guest = host.guest()) {
      handOver(guest, "", "{\"cpus\":\"1\",\"level\":\"1700000\"}");
      isHeld();
      Path governor = host.policy(0).resolve("scaling_governor");
      Process restore = host.start("restore");
      assertThat(ScratchHost.lines(restore)).singleElement().asString().contains("handed over");
      assertThat(restore.waitFor()).isZero();
      assertThat(governor).hasContent("userspace");
      assertThat(directory.resolve("run/originals")).exists();
      Path setspeed = host.policy(0).resolve("scaling_setspeed");
      FileTime written = Files.getLastModifiedTime(setspeed);

      Process next = host.start();
      List<String> log = ScratchHost.awaitReady(next);
      guest.awaitConnection();
      assertThat(log).noneMatch(line -> line.contains("given back"));
      assertThat(mark()).doesNotExist();
      assertThat(governor).hasContent("userspace");
      assertThat(Files.getLastModifiedTime(setspeed)).isGreaterThanOrEqualTo(written);
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(ACK);
      assertThat(setspeed).hasContent("2601000");
      isHeld();
      await().until(() -> waiting().isEmpty());

      next.destroy();
      assertThat(next.waitFor(ScratchHost.WAIT_S, TimeUnit.SECONDS)).isTrue();
      host.isAsFound();
    }
  }

  private void isHeld() {
    assertThat(host.policy(1).resolve("scaling_setspeed")).hasContent("1700000");
    assertThat(host.policy(1).resolve("scaling_governor")).hasContent("userspace");
  }

  /** The processes of this test that wait behind a handover. */
  private List<ProcessHandle> waiting() {
    return ProcessHandle.allProcesses()
        .filter(process -> commandLine(process).contains(TimedRestore.OPTION))
        .filter(process -> commandLine(process).contains(directory.toString()))
        .toList();
  }

  private static String commandLine(ProcessHandle process) {
    try {
      return Files.readString(Path.of("/proc/" + process.pid() + "/cmdline"));
    } catch (IOException ended) {
      return "";
    }
  }

  @Test
  void whoWaitsHasNothingOfTheDaemonsAndIfKilledAPlainRestoreGivesBack() throws Exception {
    try (FakeGuest guest = host.guest()) {
      handOver(guest, "");

      ProcessHandle waits = waiting().getFirst();
      String[] stat =
          Files.readString(Path.of("/proc/" + waits.pid() + "/stat")).split("\\) ")[1].split(" ");
      assertThat(stat[3]).as("its session").isEqualTo("" + waits.pid());
      for (String link : List.of("control.sock", "lock", "channels")) {
        assertThat(descriptors(waits)).noneMatch(target -> target.contains(link));
      }
      assertThat(Path.of("/proc/" + waits.pid() + "/fd/0").toRealPath()).hasToString("/dev/null");

      waits.destroyForcibly();
      waits.onExit().join();

      Process restore = host.start("restore");
      assertThat(ScratchHost.lines(restore)).noneMatch(line -> line.contains("handed over"));
      assertThat(restore.waitFor()).isZero();

      host.isAsFound();
      assertThat(mark()).doesNotExist();
    }
  }

  @Test
  void aWrongTimeIsBadUsage() throws Exception {
    List<Process> all = new ArrayList<>();
    for (String time : List.of("", "0", "-1", "x", "99999999999")) {
      all.add(host.start("restore", TimedRestore.OPTION + time));
    }
    for (Process restore : all) {
      assertThat(ScratchHost.lines(restore)).singleElement().asString().contains("usage");
      assertThat(restore.waitFor()).isEqualTo(2);
    }
  }

  private static List<String> descriptors(ProcessHandle process) throws IOException {
    try (var links = Files.list(Path.of("/proc/" + process.pid() + "/fd"))) {
      return links.map(HandoverTest::target).toList();
    }
  }

  private static String target(Path link) {
    try {
      return Files.readSymbolicLink(link).toString();
    } catch (IOException closed) {
      return "";
    }
  }
}
