package dev.vmpower.host;

import static dev.vmpower.protocol.ReplyKind.ACK;
import static dev.vmpower.protocol.Unit.SCALE_MIN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** The program itself, as a process: what it says, how it ends, and what it leaves behind. */
@Execution(ExecutionMode.CONCURRENT)
class DaemonTest {
  @TempDir Path directory;
  private ScratchHost host;

  @BeforeEach
  void makeHost() throws IOException {
    host = new ScratchHost(directory);
  }

  @AfterEach
  void endWhatWasStarted() {
    host.close();
  }

  @Test
  void sigtermGivesEverythingBackAndExitsWithZero() throws Exception {
    try (FakeGuest guest = host.guest()) {
      Process daemon = host.start();
      List<String> log = ScratchHost.awaitReady(daemon);
      assertThat(log.subList(0, log.size() - 1)).noneMatch(line -> line.contains("ready"));
      assertThat(directory.resolve("lib")).isDirectory();
      assertThat(niceOfCompilers(daemon)).isNotEmpty().containsOnly(10);
      guest.awaitConnection();
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(host.policy(0).resolve("scaling_setspeed")).hasContent("1200000");

      daemon.destroy();

      assertThat(daemon.waitFor(ScratchHost.WAIT_S, TimeUnit.SECONDS)).isTrue();
      assertThat(daemon.exitValue()).isZero();
      host.isAsFound();
      assertThat(directory.resolve("run/originals")).doesNotExist();
      assertThat(directory.resolve("control.sock")).doesNotExist();
    }
  }

  /** The compilers of its JVM give way to whoever waits for an answer. */
  private static List<Integer> niceOfCompilers(Process daemon) throws IOException {
    List<Integer> nice = new ArrayList<>();
    try (Stream<Path> tasks = Files.list(Path.of("/proc/" + daemon.pid() + "/task"))) {
      for (Path task : tasks.toList()) {
        String stat = Files.readString(task.resolve("stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')')).split(" ");
        if (stat.contains("CompilerThre")) {
          nice.add(Integer.parseInt(fields[17])); // field 19 of proc_pid_stat(5)
        }
      }
    }
    return nice;
  }

  @Test
  void sigintIsAnOrderlyEndToo() throws Exception {
    try (FakeGuest guest = host.guest()) {
      Process daemon = host.start();
      ScratchHost.awaitReady(daemon);
      guest.awaitConnection();
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(host.policy(0).resolve("scaling_governor")).hasContent("userspace");

      signal("INT", daemon);

      assertThat(daemon.waitFor(ScratchHost.WAIT_S, TimeUnit.SECONDS)).isTrue();
      assertThat(daemon.exitValue()).isZero();
      host.isAsFound();
      assertThat(directory.resolve("run/originals")).doesNotExist();
    }
  }

  /** The governor's file of one frequency domain becomes one that nobody can write. */
  @Test
  void sigtermWhereSomeCannotBeGivenBackSaysWhatAndExitsWithOne() throws Exception {
    host.writeConfig("0\", \"1");
    try (FakeGuest guest = host.guest()) {
      Process daemon = host.start();
      BufferedReader log = ScratchHost.reader(daemon);
      ScratchHost.awaitLine(log, "ready");
      guest.awaitConnection();
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(guest.ask(SCALE_MIN, 1)).isEqualTo(ACK);
      Path governor = host.policy(0).resolve("scaling_governor");
      Files.delete(governor);
      Files.createDirectory(governor);

      signal("TERM", daemon);

      List<String> said = log.readAllLines();
      assertThat(daemon.waitFor()).isEqualTo(1);
      assertThat(said)
          .filteredOn(line -> line.contains("not given back"))
          .singleElement()
          .asString()
          .startsWith("vmpowerd: not given back: ")
          .contains("policy0")
          .doesNotContain("policy1");
      assertThat(host.policy(1).resolve("scaling_governor")).hasContent("ondemand");
      Files.delete(governor);
      Files.writeString(governor, "userspace\n");
      Process restore = host.start("restore");
      assertThat(restore.waitFor()).isZero();
      host.isAsFound();
    }
  }

  @Test
  void afterSigkillTheNextStartGivesBackWhatNobodyClaims() throws Exception {
    try (FakeGuest guest = host.guest()) {
      Process killed = host.start();
      ScratchHost.awaitReady(killed);
      guest.awaitConnection();
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      killed.destroyForcibly();
      killed.onExit().join();
      assertThat(host.policy(0).resolve("scaling_governor")).hasContent("userspace");
    }
    Process next = host.start();
    ScratchHost.awaitReady(next);

    await().atMost(ScratchHost.WAIT_S, TimeUnit.SECONDS).untilAsserted(host::isAsFound);
  }

  @Test
  void restoreGivesBackWithoutADaemonAndNotBesideOne() throws Exception {
    try (FakeGuest guest = host.guest()) {
      Process killed = host.start();
      ScratchHost.awaitReady(killed);
      guest.awaitConnection();
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);

      Process beside = host.start("restore");
      assertThat(ScratchHost.lines(beside))
          .singleElement()
          .asString()
          .contains("pid " + killed.pid());
      assertThat(beside.waitFor()).isEqualTo(1);
      assertThat(host.policy(0).resolve("scaling_governor")).hasContent("userspace");

      killed.destroyForcibly();
      killed.onExit().join();
      Process restore = host.start("restore");
      assertThat(ScratchHost.lines(restore)).noneMatch(line -> line.contains("WARN"));
      assertThat(restore.waitFor()).isZero();
      host.isAsFound();
      assertThat(directory.resolve("run/originals")).doesNotExist();
    }
  }

  @Test
  void aSecondDaemonEndsAtOnceAndChangesNothing() throws Exception {
    Process first = host.start();
    ScratchHost.awaitReady(first);

    Process second = host.start();

    List<String> said = ScratchHost.lines(second);
    assertThat(second.waitFor(ScratchHost.WAIT_S, TimeUnit.SECONDS)).isTrue();
    assertThat(second.exitValue()).isEqualTo(1);
    assertThat(said).hasSize(1);
    assertThat(said.getFirst()).contains("pid " + first.pid()).doesNotContain("ready");
    assertThat(first.isAlive()).isTrue();
    assertThat(directory.resolve("control.sock")).exists();
  }

  @Test
  void aBadConfigurationIsOneLineAndExitsWithTwo() throws Exception {
    Files.writeString(host.config(), "[cpu]\nreserved = \"x\"\n");

    Process daemon = host.start();

    assertThat(ScratchHost.lines(daemon))
        .containsExactly(
            "vmpowerd: "
                + host.config()
                + ":2: [cpu] reserved: 'x' is no list of CPUs such as 0-3,8");
    assertThat(daemon.waitFor()).isEqualTo(2);
    assertThat(directory.resolve("run")).doesNotExist();
  }

  @Test
  void sighupReadsTheConfigurationAgainAndABadOneChangesNothing() throws Exception {
    try (FakeGuest guest = host.guest()) {
      Process daemon = host.start();
      BufferedReader log = ScratchHost.reader(daemon);
      ScratchHost.awaitLine(log, "ready");
      guest.awaitConnection();
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);

      Files.writeString(host.config(), "[[vm]]\n");
      signal("HUP", daemon);
      ScratchHost.awaitLine(log, "the configuration stays as it was");
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);

      host.writeConfig("1");
      signal("HUP", daemon);
      ScratchHost.awaitLine(log, "read again");
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(host.policy(1).resolve("scaling_setspeed")).hasContent("1200000");
      assertThat(host.policy(0).resolve("scaling_governor")).hasContent("ondemand");
    }
  }

  private static void signal(String name, Process process)
      throws IOException, InterruptedException {
    Process kill = new ProcessBuilder("kill", "-" + name, "" + process.pid()).start();
    assertThat(kill.waitFor()).isZero();
  }
}
