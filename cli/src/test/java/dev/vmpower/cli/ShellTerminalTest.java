package dev.vmpower.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** vmpowerctl shell, driven through a terminal by its keys. */
@Execution(ExecutionMode.CONCURRENT)
@Timeout(120)
class ShellTerminalTest {
  private static final String PROMPT = "vmpowerctl> ";
  private static final String UP = "\033OA";
  private static final String LEFT = "\033OD";
  private static final String CTRL_A = "\001";
  private static final String CTRL_C = "\003";
  private static final String CTRL_D = "\004";
  private static final String CTRL_K = "\013";

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

  private PseudoTerminal shell() throws IOException {
    return new PseudoTerminal(
        Ctl.class,
        Map.of("XDG_STATE_HOME", directory.resolve("state").toString()),
        "--socket",
        socket.toString(),
        "shell");
  }

  private Path history() {
    return directory.resolve("state/vmpower/history");
  }

  @Test
  void aLineCanBeEditedAndIsDone() throws Exception {
    try (PseudoTerminal terminal = shell()) {
      terminal.see(PROMPT).type("vm lisst" + LEFT + LEFT + "\b\r").see("floating").see(PROMPT);
      terminal.type("nonsense" + CTRL_A + CTRL_K + "channel list\r").see("waiting").see(PROMPT);
      terminal.type("half a line" + CTRL_C).see(PROMPT).type("quit\r");

      assertThat(terminal.end()).isZero();
    }
  }

  @Test
  void anErrorIsOneLineAndTheShellGoesOn() throws Exception {
    try (PseudoTerminal terminal = shell()) {
      terminal
          .see(PROMPT)
          .type("cpu set 0\r")
          .see("vmpowerctl: LEVEL is missing; try 'vmpowerctl cpu set --help'\r\n")
          .see(PROMPT)
          .type("vm list 'a\r")
          .see("vmpowerctl: a ' is not closed\r\n")
          .see(PROMPT)
          .type("shell\r")
          .see("vmpowerctl: this is the shell already\r\n")
          .see(PROMPT)
          .type("status\r")
          .see("mode control")
          .see(PROMPT)
          .type(CTRL_D);

      assertThat(terminal.end()).isZero();
    }
  }

  @Test
  void tabCompletesVerbsAndWhatTheDaemonKnows() throws Exception {
    try (PseudoTerminal terminal = shell()) {
      terminal.see(PROMPT).type("chan\tdis\tflo\t").see("channel disable floating ");
      terminal.type("al\t\r").see("all ").see("waiting").see(PROMPT);
      assertThat(daemon.asked.stream().map(Object::toString))
          .last()
          .asString()
          .contains("floating", "enabled=false");
      terminal.type("cpu set 2,12\tm").see("cpu set 2,127 ").type("ax --f\t3").see("--for ");
      terminal.type(CTRL_C).see(PROMPT).type("set_cpu_f\t").see("set_cpu_freq");
      terminal.type(CTRL_C).see(PROMPT).type(CTRL_D);

      assertThat(terminal.end()).isZero();
    }
  }

  @Test
  void tabWithoutADaemonDoesNotWait() throws Exception {
    daemon.close();
    try (PseudoTerminal terminal = shell()) {
      terminal.see(PROMPT).type("vm show \t").type("x\r").see("no daemon at ").see(PROMPT);
      terminal.type("quit\r");

      assertThat(terminal.end()).isZero();
    }
  }

  @Test
  void historyComesBackWithTheUpKeyInTheNextShellTooAndIsForItsOwnerAlone() throws Exception {
    try (PseudoTerminal terminal = shell()) {
      terminal.see(PROMPT).type("vm list\r").see("floating").see(PROMPT).type("status\r");
      terminal.see("mode control").see(PROMPT).type(UP + UP + "\r").see("floating").see(PROMPT);
      terminal.type("quit\r");
      assertThat(terminal.end()).isZero();
    }
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(history())))
        .isEqualTo("rw-------");
    assertThat(Files.readString(history())).contains("vm list", "status");
    try (PseudoTerminal terminal = shell()) {
      terminal.see(PROMPT).type(UP + UP + UP + "\r").see("mode control").see(PROMPT);
      terminal.type("quit\r");
      assertThat(terminal.end()).isZero();
    }
  }

  @Test
  void theHistoryIsBounded() throws Exception {
    Files.createDirectories(history().getParent());
    int many = 3 * ShellTerminal.HISTORY_LINES_MAX;
    Files.write(history(), IntStream.range(0, many).mapToObj(i -> "l" + i).toList());
    try (PseudoTerminal terminal = shell()) {
      terminal.see(PROMPT).type("status\r").see("mode control").see(PROMPT).type("quit\r");
      assertThat(terminal.end()).isZero();
    }

    List<String> lines = Files.readAllLines(history());
    assertThat(lines.size()).isLessThanOrEqualTo(ShellTerminal.HISTORY_LINES_MAX * 5 / 4);
    assertThat(lines.getLast()).endsWith("quit");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(history())))
        .isEqualTo("rw-------");
  }

  @Test
  void aDaemonThatRestartsIsFoundAgain() throws Exception {
    try (PseudoTerminal terminal = shell()) {
      terminal.see(PROMPT).type("status\r").see("mode control").see(PROMPT);
      daemon.close();
      terminal.type("status\r").see("vmpowerctl: no daemon at ").see(PROMPT);
      daemon = new CannedDaemon(socket);
      terminal.type("status\r").see("mode control").see(PROMPT).type("quit\r");

      assertThat(terminal.end()).isZero();
    }
  }

  @Test
  void tablesHaveColourOnATerminal() throws Exception {
    try (PseudoTerminal terminal = shell()) {
      terminal.see(PROMPT).type("vm list\r").see("\033[1mVM").see("\033[31mfloating");
      terminal.see(PROMPT).type("quit\r");

      assertThat(terminal.end()).isZero();
    }
  }
}
