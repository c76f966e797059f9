package dev.vmpower.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** vmpowerctl top on real terminals. */
@Execution(ExecutionMode.CONCURRENT)
@Timeout(120)
class TopTerminalTest {
  private static final String CTRL_C = "\003";
  private static final String DOWN = "\033[B";
  private static final String END = "\033[F";

  @TempDir Path directory;

  private Path socket;
  private CannedDaemon daemon;

  @BeforeEach
  void start() throws IOException {
    socket = directory.resolve("control.sock");
    daemon = new CannedDaemon(socket);
  }

  @AfterEach
  void stop() {
    daemon.close();
  }

  private PseudoTerminal top(int columns, int rows) throws IOException {
    return new PseudoTerminal(
        columns, rows, Ctl.class, Map.of(), "--socket", socket.toString(), "top");
  }

  private static List<String> await(
      PseudoTerminal terminal, int columns, int rows, Predicate<List<String>> wanted) {
    VtScreen[] screen = new VtScreen[1];
    Awaitility.await()
        .pollInterval(Duration.ofMillis(20))
        .atMost(Duration.ofSeconds(30))
        .until(
            () -> {
              screen[0] = new VtScreen(columns, rows).feed(terminal.everything());
              return wanted.test(screen[0].lines());
            });
    assertThat(screen[0].unknown()).isEmpty();
    return screen[0].lines();
  }

  private static Predicate<List<String>> shows(String... texts) {
    return lines ->
        Stream.of(texts).allMatch(text -> lines.stream().anyMatch(line -> line.contains(text)));
  }

  private static Predicate<List<String>> isFull(int rows) {
    return lines -> lines.getLast().startsWith("q quit") && lines.size() == rows;
  }

  private static void isLeft(PseudoTerminal terminal) {
    VtScreen after = new VtScreen(200, 50).feed(terminal.everything());
    assertThat(after.isAlternate()).isFalse();
    assertThat(after.hasCursor()).isTrue();
  }

  @Test
  void itFillsATerminalOfAnySizeAndFollowsItAndATooSmallOneSaysSo() throws Exception {
    try (PseudoTerminal terminal = top(60, 15)) {
      List<String> lines = await(terminal, 60, 15, shows("requests 1", "busy", "of 31", "of 64"));
      assertThat(isFull(15).test(lines)).isTrue();
      assertThat(lines.getFirst()).startsWith("vmpower control  libvirt connected  VMs 31");
      assertThat(lines).anyMatch(line -> line.matches(" +0 +1800! +900 .*[█·┃].*"));
      assertThat(new VtScreen(60, 15).feed(terminal.everything()).overflowed()).isFalse();

      terminal.resize(80, 24);
      await(terminal, 80, 24, isFull(24));
      terminal.resize(200, 50);
      lines = await(terminal, 200, 50, isFull(50));
      assertThat(lines).anyMatch(line -> line.matches(" +60 .* 63 .*"));
      assertThat(lines).anyMatch(line -> line.startsWith("web0 "));

      terminal.resize(50, 10);
      await(terminal, 50, 10, shown -> shown.getFirst().equals("too small for top:"));
      terminal.resize(80, 24);
      await(terminal, 80, 24, isFull(24));
      terminal.type(CTRL_C);
      assertThat(terminal.end()).isZero();
      isLeft(terminal);
    }
  }

  @Test
  void keysSortAndScroll() throws Exception {
    try (PseudoTerminal terminal = top(80, 24)) {
      await(terminal, 80, 24, shows("VMs 1-", "by number"));
      assertThat(terminal.settings()).contains("-icanon", "-echo ");
      terminal.type("\t");
      await(terminal, 80, 24, shows("VMs by requests/s"));
      terminal.type(DOWN + DOWN);
      await(terminal, 80, 24, shows("VMs 3-"));
      terminal.type("ssss");
      await(terminal, 80, 24, shows("VMs by name", "VMs 1-", "busy "));
      terminal.type("r");
      List<String> lines = await(terminal, 80, 24, shows("by name reversed", "web9 "));
      assertThat(lines).noneMatch(line -> line.startsWith("busy"));
      terminal.type(END);
      await(terminal, 80, 24, shows("-31 of 31", "busy "));
      terminal.type("q");
      assertThat(terminal.end()).isZero();
      isLeft(terminal);
    }
  }

  @Test
  void killedItLeavesNoFileBehind() throws Exception {
    Path temporary = Files.createDirectory(directory.resolve("tmp"));
    try (PseudoTerminal terminal =
        new PseudoTerminal(
            Ctl.class,
            Map.of("JAVA_TOOL_OPTIONS", "-Djava.io.tmpdir=" + temporary),
            "--socket",
            socket.toString(),
            "top")) {
      await(terminal, 80, 24, shows("requests 1", "busy"));
      terminal.signal("KILL");
      terminal.end();
    }
    assertThat(temporary).isEmptyDirectory();
  }

  @Test
  void aDaemonThatGoesAwayIsNamedAndItsReturnIsShown() throws Exception {
    try (PseudoTerminal terminal = top(80, 24)) {
      await(terminal, 80, 24, shows("requests 1", "busy"));
      daemon.close();
      List<String> lines = await(terminal, 80, 24, shows("trying again: no daemon at"));
      assertThat(lines).as("the last figures stay").anyMatch(line -> line.startsWith("busy"));

      daemon = new CannedDaemon(socket);
      await(terminal, 80, 24, shown -> !shows("trying again").test(shown));
      terminal.signal("TERM");
      terminal.end();
      isLeft(terminal);
    }
  }
}
