package dev.vmpower.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vmpower.cli.Grammar.Parsed;
import dev.vmpower.cli.Grammar.Phrase;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The table of verbs: what each is asked for with, and that its examples and help are good. */
class CallsTest {
  private static final List<Call> CALLS = Calls.all();

  @TempDir Path directory;

  private static Parsed parse(String... words) throws FailureException {
    List<Phrase> phrases = CALLS.stream().map(Call::phrase).toList();
    Parsed parsed =
        new Grammar("vmpowerctl", "", phrases, Glossary.OF_CTL, Calls.OPTIONS)
            .parse(words, new PrintStream(OutputStream.nullOutputStream()), false);
    return Objects.requireNonNull(parsed);
  }

  private static Call call(Parsed parsed) {
    return CALLS.stream()
        .filter(call -> call.phrase().words().equals(parsed.words()))
        .findFirst()
        .orElseThrow();
  }

  static String request(String... words) throws FailureException {
    Parsed parsed = parse(words);
    Call call = call(parsed);
    String body = call.body(parsed);
    return call.target(parsed) + (body == null ? "" : " " + body);
  }

  static Stream<Call> calls() {
    return CALLS.stream();
  }

  @ParameterizedTest
  @MethodSource("calls")
  void everyVerbHasExamplesThatMeanWhatTheySay(Call call) throws FailureException {
    assertThat(call.phrase().examples()).isNotEmpty();
    for (String example : call.phrase().examples()) {
      Parsed parsed = parse(example.split(" "));
      assertThat(parsed.words()).isEqualTo(call.phrase().words());
      if (!example.contains(".toml")) {
        request(example.split(" "));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("calls")
  void everyVerbHasHelpThatFitsAndExplainsEachWord(Call call) {
    Ran ran = Ran.ctl(Ran.PLAIN, (call.phrase().words() + " --help").split(" "));

    assertThat(ran.status()).isZero();
    assertThat(ran.out())
        .startsWith("Usage: vmpowerctl " + call.phrase().words() + " ")
        .contains("\nExamples:\n");
    for (String example : call.phrase().examples()) {
      assertThat(ran.out()).contains("\n  vmpowerctl " + example + "\n");
    }
    for (String label : call.phrase().parameters()) {
      String plain = Phrase.plain(label);
      assertThat(Glossary.OF_CTL).containsKey(plain);
      assertThat(ran.out()).contains(plain);
    }
    assertThat(ran.out().lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(80));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "vm list|/v1/vms",
        "vm show vm0|/v1/vms/vm0",
        "vm show ä..%|/v1/vms/%C3%A4..%25",
        "vm add vm0|/v1/vms/add {\"name\":\"vm0\"}",
        "vm add vm7 /run/x 2 3-4 --peer-uid 7 --query on --min 5 --max hardware --turbo off"
            + " --enforce on|/v1/vms/add {\"name\":\"vm7\",\"channels\":\"/run/x\","
            + "\"vcpus\":[\"2\",\"3-4\"],\"peer_uid\":7,\"query\":true,\"min_khz\":5,"
            + "\"max_khz\":null,\"turbo\":false,\"enforce\":true}",
        "vm remove vm0|/v1/vms/remove {\"vm\":\"vm0\"}",
        "vm query vm0 off|/v1/vms/query {\"vm\":\"vm0\",\"allowed\":false}",
        "vm envelope vm0 --max 7|/v1/vms/envelope {\"vm\":\"vm0\",\"max_khz\":7}",
        "vm envelope --reset vm0|/v1/vms/envelope {\"vm\":\"vm0\",\"reset\":true}",
        "channel list|/v1/channels",
        "channel list vm0|/v1/channels",
        "channel add vm0 2 /a/b|/v1/channels/add {\"vm\":\"vm0\",\"channel\":2,\"path\":\"/a/b\"}",
        "channel enable vm0 all|/v1/channels/enable {\"vm\":\"vm0\",\"channels\":\"all\"}",
        "channel disable vm0 0-1|/v1/channels/disable {\"vm\":\"vm0\",\"channels\":\"0-1\"}",
        "cpu list|/v1/cpus",
        "cpu list 0-3,8|/v1/cpus/0-3,8",
        "cpu show 0xff|/v1/cpus/0xff",
        "cpu set 4-7 max|/v1/cpus/set {\"cpus\":\"4-7\",\"level\":\"max\"}",
        "cpu set --for 30m 4 max|/v1/cpus/set {\"cpus\":\"4\",\"level\":\"max\",\"for_s\":1800}",
        "cpu release 4|/v1/cpus/release {\"cpus\":\"4\"}",
        "cpu reclaim 4|/v1/cpus/reclaim {\"cpus\":\"4\"}",
        "cpu turbo 4 off|/v1/cpus/turbo {\"cpus\":\"4\",\"on\":false}",
        "pinning show|/v1/pinning",
        "pinning set vm0 1 4|/v1/pin {\"vm\":\"vm0\",\"vcpu\":1,\"cpus\":\"4\"}",
        "pin vm0 1 0x10|/v1/pin {\"vm\":\"vm0\",\"vcpu\":1,\"cpus\":\"0x10\"}",
        "policy list|/v1/policies",
        "policy show guest:vm0|/v1/policies/guest%3Avm0",
        "policy remove nights|/v1/policies/remove {\"name\":\"nights\"}",
        "status|/v1/status",
        "pause|/v1/pause {}",
        "resume|/v1/resume {}",
        "reload|/v1/reload {}",
        "handover|/v1/handover {}",
        "handover --restore-after 2h|/v1/handover {\"restore_after_s\":7200}"
      })
  void wordsBecomeTheRequestOfTheApi(String words, String request) throws FailureException {
    assertThat(request(words.split(" "))).isEqualTo(request);
  }

  @ParameterizedTest
  @CsvSource({"1s,1", "30m,1800", "8h,28800", "2d,172800", "2147483647d,185542587100800"})
  void timesHaveAUnit(String time, long seconds) throws FailureException {
    assertThat(request("cpu", "set", "0", "max", "--for", time)).endsWith(":" + seconds + "}");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "cpu set 0 max --for 30|--for: '30' is no time such as 30s, 30m, 8h or 2d",
        "cpu set 0 max --for m|--for: 'm' is no time such as 30s, 30m, 8h or 2d",
        "cpu set 0 max --for=-3m|--for: '-3m' is no time such as 30s, 30m, 8h or 2d",
        "cpu set 0 max --for 1.5h|--for: '1.5h' is no time such as 30s, 30m, 8h or 2d",
        "cpu set 0 max --for 2147483648s|--for: '2147483648s' is no time such as 30s, 30m, 8h or"
            + " 2d",
        "vm show a/b|VM cannot be 'a/b'",
        "cpu turbo 0 maybe|'maybe' is not on or off",
        "vm query vm0 true|'true' is not on or off",
        "vm envelope vm0 --turbo 1|--turbo: '1' is not on or off",
        "vm envelope vm0 --max 2.4GHz|--max is a number of kHz such as 1800000, or hardware,"
            + " not '2.4GHz'",
        "vm add vm0 /x 0 --peer-uid root|--peer-uid is a number such as 0, not 'root'",
        "channel add vm0 -1 /x|CHANNEL is a number such as 0, not '-1'",
        "channel add vm0 +1 /x|CHANNEL is a number such as 0, not '+1'"
      })
  void aWrongWordIsOneLine(String words, String line) {
    assertThatThrownBy(() -> request(words.split(" ")))
        .isInstanceOfSatisfying(
            FailureException.class,
            wrong -> {
              assertThat(wrong.status()).isEqualTo(FailureException.USAGE);
              assertThat(wrong.line()).isEqualTo(line);
            });
  }

  @Test
  void pathsAreMadeAbsoluteForADaemonInAnotherDirectory() throws FailureException {
    assertThat(request("channel", "add", "vm0", "0", "here.sock"))
        .contains("\"path\":\"" + Path.of("").toAbsolutePath() + "/here.sock\"");
  }

  @Test
  void aFileIsSentAsItsText() throws Exception {
    Path file = Files.writeString(directory.resolve("a.toml"), "name = \"ä\"\n");

    assertThat(request("policy", "apply", file.toString()))
        .isEqualTo("/v1/policies/apply {\"toml\":\"name = \\\"ä\\\"\\u000a\"}");
  }

  @Test
  void aFileThatCannotBeSentIsOneLine() throws IOException {
    Path binary = Files.write(directory.resolve("binary"), new byte[] {'a', (byte) 0xff});
    Path large = Files.write(directory.resolve("large"), new byte[Field.FILE_BYTES_MAX + 1]);
    Path none = directory.resolve("none");

    refusesFile(binary, binary + ": is no UTF-8 text");
    refusesFile(large, large + ": larger than 49152 bytes");
    refusesFile(none, none + ": no such file");
    refusesFile(directory, directory + ": is a directory");
  }

  private static void refusesFile(Path file, String line) {
    assertThatThrownBy(() -> request("policy", "apply", file.toString()))
        .isInstanceOfSatisfying(
            FailureException.class,
            refused -> {
              assertThat(refused.status()).isEqualTo(FailureException.FAILED);
              assertThat(refused.line()).isEqualTo(line);
            });
  }

  @Test
  void textInJsonIsEscaped() {
    assertThat(Json.quote("a\"\\\n\t\u0001é")).isEqualTo("\"a\\\"\\\\\\u000a\\u0009\\u0001é\"");
    assertThat(Json.quote("")).isEqualTo("\"\"");
  }

  @Test
  void whatWasReadIsWrittenTheSame() throws FailureException {
    String json = "[{\"a\":null,\"b\":[1,true,\"\\\"é\"],\"c\":{}},-2.5,[]]";

    assertThat(Json.write(Json.read(json.getBytes(StandardCharsets.UTF_8)))).isEqualTo(json);
  }
}
