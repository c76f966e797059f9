package dev.vmpower.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vmpower.cli.Grammar.Phrase;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Lines of the shell: as a script, DPDK's commands, and what a word may become. */
@Timeout(60)
class ShellTest {
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

  private Ran script(byte[] lines) {
    return Ran.of(
        (out, err) -> {
          try {
            new Shell(List.of("--socket", socket.toString()), out, err, Ran.PLAIN)
                .script(new ByteArrayInputStream(lines));
            return 0;
          } catch (FailureException failure) {
            err.println(failure.line());
            return failure.status();
          }
        });
  }

  private Ran script(String lines) {
    return script(lines.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void aScriptIsDoneLineByLine() {
    Ran ran = script("# a comment\n\nversion # another\n  \tchannel enable 'a b' all\npause");

    assertThat(ran.status()).as(ran.err()).isZero();
    assertThat(ran.out()).startsWith("vmpowerctl ").contains("vm0").endsWith("mode paused\n");
    assertThat(daemon.asked.toString()).contains("vm=a b");
  }

  @Test
  void aScriptEndsAtItsFirstErrorWithItsLineAndStatus() {
    Ran usage = script("pause\ncpu set 0\nresume\n");
    daemon.refusal = "CPU 3 is held at max by ann: release it first";
    Ran refused = script("\ncpu set 3 min\nresume\n");

    assertThat(usage.status()).isEqualTo(2);
    assertThat(usage.out()).isEqualTo("mode paused\n");
    assertThat(usage.err())
        .isEqualTo("line 2: LEVEL is missing; try 'vmpowerctl cpu set --help'\n");
    assertThat(refused)
        .isEqualTo(new Ran(1, "", "line 2: CPU 3 is held at max by ann: release it first\n"));
  }

  @Test
  void quitEndsAScript() {
    assertThat(script("quit\nnonsense\n")).isEqualTo(new Ran(0, "", ""));
    assertThat(script("quit now\n")).isEqualTo(new Ran(2, "", "line 1: write quit\n"));
  }

  @Test
  void helpNamesVerbsAndDpdksCommands() {
    Ran all = script("help\n");
    Ran one = script("help cpu set\n");

    assertThat(all.out()).contains("policy", "  set_pcpu_mask VM VCPU MASK", "help VERB");
    assertThat(all.out().lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(80));
    assertThat(one.out()).startsWith("Usage: vmpowerctl cpu set ");
    assertThat(script("help fly\n").status()).isEqualTo(2);
  }

  @Test
  void aLineThatIsTooLongOrNoTextIsOneLine() {
    byte[] long1 = new byte[Shell.LINE_BYTES_MAX + 1];
    Arrays.fill(long1, (byte) 'a');

    assertThat(script(long1)).isEqualTo(new Ran(2, "", "line 1: longer than 65536 bytes\n"));
    assertThat(script(new byte[] {'\n', 'a', (byte) 0xff}))
        .isEqualTo(new Ran(2, "", "line 2: is no UTF-8 text\n"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "a b|[a, b]",
        "` a\tb \r`|[a, b]",
        "a'b c'd|[ab cd]",
        "`\"a \\\" b\"`|[a \" b]",
        "'a\\b'|[a\\b]",
        "a\\ b|[a b]",
        "a #b|[a]",
        "a#b|[a#b]",
        "`''`|[]",
        "``|[]"
      })
  void wordsArePartedAsAPosixShellDoes(String line, String words) throws FailureException {
    assertThat(ShellLine.words(line)).hasToString(words);
    assertThat(ShellLine.words(line)).hasSize(line.isEmpty() ? 0 : words.equals("[a, b]") ? 2 : 1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "add_vm vm0|vm add vm0",
        "rm_vm vm0|vm remove vm0",
        "add_channels vm0 0,2|channel list vm0",
        "add_channels vm0 all|channel list vm0",
        "set_channel_status vm0 all enabled|channel enable vm0 all",
        "set_channel_status vm0 0-2 disabled|channel disable vm0 0-2",
        "show_vm vm0|vm show vm0",
        "set_pcpu_mask vm0 1 0x30|pinning set vm0 1 0x30",
        "set_pcpu_mask vm0 1 48|pinning set vm0 1 0x30",
        "set_pcpu_mask vm0 1 060|pinning set vm0 1 0x30",
        "set_pcpu vm0 1 4|pinning set vm0 1 4",
        "set_query vm0 enable|vm query vm0 on",
        "set_query vm0 disable|vm query vm0 off",
        "show_cpu_freq 4|cpu list 4",
        "show_cpu_freq_mask 0xf0|cpu list 0xf0",
        "set_cpu_freq 4 up|cpu set 4 up",
        "set_cpu_freq 4 max|cpu set 4 max",
        "set_cpu_freq 4 enable_turbo|cpu turbo 4 on",
        "set_cpu_freq 4 disable_turbo|cpu turbo 4 off",
        "set_cpu_freq_mask 18446744073709551615 min|cpu set 0xffffffffffffffff min",
        "quit|quit"
      })
  void dpdksCommandsAreVerbs(String command, String verb) throws FailureException {
    List<String> words = List.of(command.split(" "));
    DpdkCommands.Line line = Objects.requireNonNull(DpdkCommands.find(words));

    assertThat(String.join(" ", DpdkCommands.verb(line, words))).isEqualTo(verb);
    if (!verb.equals("quit")) {
      assertThat(Calls.all().stream().map(call -> call.phrase().words()))
          .anyMatch(verb::startsWith);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "set_cpu_freq 4 sideways|line 1: write set_cpu_freq PCPU up|",
        "add_vm|line 1: write add_vm VM",
        "set_pcpu_mask vm0 1 x|line 1: 'x' is no mask of CPUs such as 0xff",
        "set_query vm0 on|line 1: write set_query VM enable, or set_query VM disable"
      })
  void aWrongDpdkCommandSaysHowItIsWritten(String command, String line) {
    Ran ran = script(command);

    assertThat(ran.status()).isEqualTo(2);
    assertThat(ran.err()).startsWith(line);
    assertThat(daemon.asked).isEmpty();
  }

  @Test
  void addChannelsSaysThatTheyAreTakenUpByThemselves() {
    Ran ran = script("add_channels vm0 all\n");

    assertThat(ran.status()).isZero();
    assertThat(ran.out()).contains("vm0       11  waiting");
    assertThat(ran.err())
        .isEqualTo("note: channels are taken up by themselves, and need not be added\n");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "``|chan|[channel]",
        "``|set_p|[set_pcpu_mask, set_pcpu]",
        "cpu|s|[show, set]",
        "vm show||[vm0, floating]",
        "vm show vm0||[]",
        "-o json vm show|v|[vm0]",
        "pin|f|[floating]",
        "pin vm0||[0, 1]",
        "pin floating||[0]",
        "pin vm0 1|0-|[0-2, 0-3, 0-127]",
        "channel enable vm0||[0, 11, all]",
        "channel enable vm0|0,1|[0,11]",
        "cpu set|2,1|[2,127]",
        "cpu set 2|m|[max, min]",
        "cpu set 2 max|--f|[--for]",
        "cpu set --for|3|[30s, 30m]",
        "cpu set --for 30s 2|u|[up]",
        "cpu turbo 2||[on, off]",
        "vm envelope vm0|--m|[--min, --max]",
        "vm envelope --max|h|[hardware]",
        "vm add vm0 /x 1|12|[127]",
        "-o||[json]",
        "help|cp|[cpu]",
        "help cpu|tu|[turbo]",
        "set_channel_status vm0 all||[enabled, disabled]",
        "set_cpu_freq 2|e|[enable_turbo]",
        "set_cpu_freq|12|[127]",
        "fly||[]"
      })
  void whatAWordMayBecome(String before, String typed, String candidates) throws FailureException {
    List<String> words = before.isEmpty() ? List.of() : List.of(before.split(" "));

    assertThat(completion(socket).of(words, typed == null ? "" : typed)).hasToString(candidates);
  }

  private static Completion completion(Path socket) throws FailureException {
    List<Phrase> phrases = new ArrayList<>();
    Calls.all().forEach(call -> phrases.add(call.phrase()));
    ControlClient patient = new ControlClient(socket);
    return new Completion(phrases, Calls.OPTIONS, new LiveNames(patient));
  }

  @Test
  void filesAreCompleted() throws Exception {
    Files.createFile(directory.resolve("nights.toml"));
    Files.createDirectory(directory.resolve("night"));

    assertThat(completion(socket).of(List.of("policy", "apply"), directory + "/nig"))
        .containsExactlyInAnyOrder(directory + "/nights.toml", directory + "/night/");
    assertThat(completion(socket).of(List.of("policy", "apply"), "/none/x")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"vm show", "pin x", "policy show", "cpu set"})
  void withoutADaemonNothingIsKnown(String before) throws FailureException {
    daemon.close();

    assertThat(completion(socket).of(List.of(before.split(" ")), "")).isEmpty();
  }

  @Test
  void aQuoteThatIsNotClosedIsOneLine() {
    assertThatThrownBy(() -> ShellLine.words("a 'b")).hasMessage("a ' is not closed");
  }
}
