package dev.vmpower.host;

import static dev.vmpower.protocol.ReplyKind.ACK;
import static dev.vmpower.protocol.Unit.SCALE_MIN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The program itself, as a process: what it says, how it ends, and what it leaves behind. */
class DaemonTest {
  private static final long WAIT_S = 30;

  @TempDir Path directory;
  private final List<Process> started = new ArrayList<>();

  @BeforeEach
  void makeHost() throws IOException {
    Files.createDirectories(directory.resolve("channels"));
    for (int cpu = 0; cpu < 2; cpu++) {
      Path policy = Files.createDirectories(policy(cpu));
      Files.createDirectories(directory.resolve("cpu/cpu" + cpu));
      Files.writeString(policy.resolve("related_cpus"), cpu + "\n");
      Files.writeString(policy.resolve("scaling_driver"), "acpi-cpufreq\n");
      Files.writeString(policy.resolve("scaling_governor"), "ondemand\n");
      Files.writeString(policy.resolve("scaling_setspeed"), "<unsupported>\n");
      Files.writeString(policy.resolve("scaling_available_frequencies"), Rig.TABLE + " \n");
      Files.writeString(policy.resolve("scaling_min_freq"), "1200000\n");
      Files.writeString(policy.resolve("scaling_max_freq"), "2601000\n");
    }
    Files.writeString(directory.resolve("cpu/online"), "0-1\n");
    writeConfig("0");
  }

  private void writeConfig(String pinning) throws IOException {
    Files.writeString(
        config(),
        """
        [cpu]
        root = "%1$s/cpu"
        [state]
        dir = "%1$s/run"
        lib = "%1$s/lib"
        [control]
        socket = "%1$s/control.sock"
        [libvirt]
        uri = ""
        [[vm]]
        name = "vm0"
        channels = "%1$s/channels"
        vcpus = ["%2$s"]
        """
            .formatted(directory, pinning));
  }

  private Path config() {
    return directory.resolve("vmpower.toml");
  }

  private Path policy(int number) {
    return directory.resolve("cpu/cpufreq/policy" + number);
  }

  @AfterEach
  void endWhatWasStarted() {
    for (Process process : started) {
      process.destroyForcibly();
      process.onExit().join();
    }
  }

  @Test
  void sigtermGivesEverythingBackAndExitsWithZero() throws Exception {
    try (FakeGuest guest = FakeGuest.listen(directory.resolve("channels/vm0.0"))) {
      Process daemon = start();
      List<String> log = awaitReady(daemon);
      assertThat(log.subList(0, log.size() - 1)).noneMatch(line -> line.contains("ready"));
      assertThat(directory.resolve("lib")).isDirectory();
      guest.awaitConnection();
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(policy(0).resolve("scaling_setspeed")).hasContent("1200000");

      daemon.destroy();

      assertThat(daemon.waitFor(WAIT_S, TimeUnit.SECONDS)).isTrue();
      assertThat(daemon.exitValue()).isZero();
      isAsFound();
      assertThat(directory.resolve("run/originals")).doesNotExist();
      assertThat(directory.resolve("control.sock")).doesNotExist();
    }
  }

  @Test
  void afterSigkillTheNextStartGivesBackWhatNobodyClaims() throws Exception {
    try (FakeGuest guest = FakeGuest.listen(directory.resolve("channels/vm0.0"))) {
      Process killed = start();
      awaitReady(killed);
      guest.awaitConnection();
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      killed.destroyForcibly();
      killed.onExit().join();
      assertThat(policy(0).resolve("scaling_governor")).hasContent("userspace");
    }
    Process next = start();
    awaitReady(next);

    await().atMost(WAIT_S, TimeUnit.SECONDS).untilAsserted(this::isAsFound);
  }

  @Test
  void restoreGivesBackWithoutADaemonAndNotBesideOne() throws Exception {
    try (FakeGuest guest = FakeGuest.listen(directory.resolve("channels/vm0.0"))) {
      Process killed = start();
      awaitReady(killed);
      guest.awaitConnection();
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);

      Process beside = start("restore");
      assertThat(lines(beside)).singleElement().asString().contains("pid " + killed.pid());
      assertThat(beside.waitFor()).isEqualTo(1);
      assertThat(policy(0).resolve("scaling_governor")).hasContent("userspace");

      killed.destroyForcibly();
      killed.onExit().join();
      Process restore = start("restore");
      assertThat(lines(restore)).noneMatch(line -> line.contains("WARN"));
      assertThat(restore.waitFor()).isZero();
      isAsFound();
      assertThat(directory.resolve("run/originals")).doesNotExist();
    }
  }

  @Test
  void aSecondDaemonEndsAtOnceAndChangesNothing() throws Exception {
    Process first = start();
    awaitReady(first);

    Process second = start();

    List<String> said = lines(second);
    assertThat(second.waitFor(WAIT_S, TimeUnit.SECONDS)).isTrue();
    assertThat(second.exitValue()).isEqualTo(1);
    assertThat(said).hasSize(1);
    assertThat(said.getFirst()).contains("pid " + first.pid()).doesNotContain("ready");
    assertThat(first.isAlive()).isTrue();
    assertThat(directory.resolve("control.sock")).exists();
  }

  @Test
  void aBadConfigurationIsOneLineAndExitsWithTwo() throws Exception {
    Files.writeString(config(), "[cpu]\nreserved = \"x\"\n");

    Process daemon = start();

    assertThat(lines(daemon))
        .containsExactly(
            "vmpowerd: " + config() + ":2: [cpu] reserved: 'x' is no list of CPUs such as 0-3,8");
    assertThat(daemon.waitFor()).isEqualTo(2);
    assertThat(directory.resolve("run")).doesNotExist();
  }

  @Test
  void sighupReadsTheConfigurationAgainAndABadOneChangesNothing() throws Exception {
    try (FakeGuest guest = FakeGuest.listen(directory.resolve("channels/vm0.0"))) {
      Process daemon = start();
      BufferedReader log = reader(daemon);
      awaitLine(log, "ready");
      guest.awaitConnection();
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);

      Files.writeString(config(), "[[vm]]\n");
      hangUp(daemon);
      awaitLine(log, "the configuration stays as it was");
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);

      writeConfig("1");
      hangUp(daemon);
      awaitLine(log, "read again");
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(policy(1).resolve("scaling_setspeed")).hasContent("1200000");
      assertThat(policy(0).resolve("scaling_governor")).hasContent("ondemand");
    }
  }

  private static void hangUp(Process process) throws IOException, InterruptedException {
    assertThat(new ProcessBuilder("kill", "-HUP", "" + process.pid()).start().waitFor()).isZero();
  }

  private void isAsFound() {
    for (int cpu = 0; cpu < 2; cpu++) {
      assertThat(policy(cpu).resolve("scaling_governor")).hasContent("ondemand\n");
      assertThat(policy(cpu).resolve("scaling_setspeed")).hasContent("<unsupported>\n");
    }
  }

  private Process start(String... verb) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                ProcessHandle.current().info().command().orElseThrow(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "--add-exports=java.base/sun.nio.ch=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Daemon.class.getName()));
    command.addAll(List.of(verb));
    command.addAll(List.of("--config", config().toString()));
    Process process = new ProcessBuilder(command).start();
    started.add(process);
    return process;
  }

  private static List<String> awaitReady(Process daemon) throws IOException {
    return awaitLine(reader(daemon), "ready");
  }

  private static List<String> awaitLine(BufferedReader log, String word) throws IOException {
    List<String> lines = new ArrayList<>();
    for (String line = log.readLine(); line != null; line = log.readLine()) {
      lines.add(line);
      if (line.contains(word)) {
        return lines;
      }
    }
    throw new AssertionError("the daemon ended without '" + word + "': " + lines);
  }

  private static List<String> lines(Process process) throws IOException {
    return reader(process).readAllLines();
  }

  private static BufferedReader reader(Process process) {
    return new BufferedReader(
        new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8));
  }
}
