package dev.vmpower.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** The program itself with {@code [compat] fifo}, and a shell that writes. */
@Execution(ExecutionMode.CONCURRENT)
class FifoDaemonTest {
  @TempDir Path directory;
  private ScratchHost host;

  @BeforeEach
  void makeHost() throws IOException {
    host = new ScratchHost(directory);
    Files.writeString(
        directory.resolve("vmpower.toml"),
        "[compat]\nfifo = true\ndir = \"" + fifos() + "\"\n",
        StandardOpenOption.APPEND);
  }

  @AfterEach
  void endWhatWasStarted() {
    host.close();
  }

  @Test
  void whatAShellWritesIntoAFifoMovesItsCpuUntilTheEnd() throws Exception {
    Process daemon = host.start();
    BufferedReader log = ScratchHost.reader(daemon);
    ScratchHost.awaitLine(log, "ready");
    assertThat(fifos().resolve("fifo0")).exists();

    shell("echo '{\"instruction\": {\"command\": \"power\", \"unit\": \"SCALE_MIN\"}}' > fifo1");
    awaitSpeed("1200000");
    shell("echo nonsense > fifo1; echo '{' > fifo1; echo '{\"policy\": {\"' > fifo1");
    assertThat(ScratchHost.awaitLine(log, "fifo1: ").getLast())
        .contains("fifo1: something stands between objects")
        .doesNotContain("nonsense");
    shell(
        "echo '{\"policy\": {\"policy_type\": \"WORKLOAD\",' > fifo1;"
            + " echo '\"workload\": \"HIGH\"}}' > fifo1");
    awaitSpeed("2601000");

    daemon.destroy();
    assertThat(daemon.waitFor(ScratchHost.WAIT_S, TimeUnit.SECONDS)).isTrue();
    assertThat(daemon.exitValue()).isZero();
    host.isAsFound();
    assertThat(fifos()).isEmptyDirectory();
  }

  @Test
  void whereOthersAreInTheWayTheDaemonServesWithoutFifos() throws Exception {
    Files.createDirectory(fifos());
    Files.setPosixFilePermissions(fifos(), PosixFilePermissions.fromString("rwxrwxrwx"));

    assertThat(ScratchHost.awaitReady(host.start()))
        .anyMatch(line -> line.contains("no FIFOs: others may replace FIFOs in " + fifos()));
    assertThat(fifos()).isEmptyDirectory();
  }

  private Path fifos() {
    return directory.resolve("fifos");
  }

  private void awaitSpeed(String khz) {
    Path file = host.policy(1).resolve("scaling_setspeed");
    await()
        .atMost(ScratchHost.WAIT_S, TimeUnit.SECONDS)
        .untilAsserted(() -> assertThat(file).hasContent(khz));
  }

  private void shell(String command) throws IOException, InterruptedException {
    Process shell =
        new ProcessBuilder("sh", "-c", command).directory(fifos().toFile()).inheritIO().start();
    assertThat(shell.waitFor()).isZero();
  }
}
