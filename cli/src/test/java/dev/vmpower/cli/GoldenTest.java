package dev.vmpower.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vmpower.cli.Grammar.Phrase;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Golden runs of vmpowerctl against a scratch daemon: what each verb prints, says and ends with,
 * for good and for bad input.
 *
 * <p>A file is a conversation with one daemon. A line {@code $ vmpowerctl …} is a run; its output
 * follows, what it said on stderr with {@code 2> } before it, and its exit status if that is not 0.
 * A run with {@code <} is a process of its own that reads that file. To accept what is said now:
 * {@code mvn test -Dtest=GoldenTest -Dvmpower.golden=accept}, and then look at the difference.
 */
@Timeout(120)
class GoldenTest {
  private static final Path GOLDEN =
      Path.of(System.getProperty("vmpower.checkout"), "cli/src/test/resources/golden");
  private static final boolean ACCEPT = System.getProperty("vmpower.golden", "").equals("accept");
  private static final String RUN = "$ vmpowerctl ";

  private static final Pattern INSTANT = Pattern.compile("\\d{4}-\\d\\d-\\d\\dT[0-9:.]+Z");

  /** In the middle of a sentence. */
  private static final Pattern CLOCK =
      Pattern.compile("(since|until) [0-9: -]*\\d\\d:\\d\\d:\\d\\d");

  /** A table may have no room for all of it. */
  private static final Pattern BY = Pattern.compile("(held at \\S+|turbo is off) by [^\",]*");

  private static final Pattern WHO = Pattern.compile("\\S+ \\(pid \\d+\\)");
  private static final Pattern JSON_WHO = Pattern.compile("\"who\":\"[^\" ]+ \\(pid \\d+\\)");
  private static final Pattern MICROS = Pattern.compile("\\d+\\.\\d+ us");
  private static final Pattern JSON_MICROS = Pattern.compile("_us\":[0-9.E]+");
  private static final Pattern PERCENT = Pattern.compile(" *\\d+\\.\\d %");
  private static final Pattern SPAN = Pattern.compile("\\d+ min \\d+ s");
  private static final Pattern JSON_PART =
      Pattern.compile("\"(seconds|saved_part|part)\":[0-9.E-]+");
  private static final Pattern WAKEUPS = Pattern.compile("\"wakeups\":\\d+");
  private static final Pattern VERSION =
      Pattern.compile("(\"version\":\"|^vmpower(?:ctl)?\\s+)(development|0\\.1\\.0)");

  @TempDir Path directory;

  static Stream<String> files() throws IOException {
    try (Stream<Path> files = Files.list(GOLDEN)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList().stream();
    }
  }

  @ParameterizedTest
  @MethodSource("files")
  void conversationsAreAsTheyWere(String name) throws Exception {
    prepareFiles();
    String before = Files.readString(GOLDEN.resolve(name));
    StringBuilder now = new StringBuilder();
    try (ScratchHost host = new ScratchHost(directory, name.startsWith("handover"))) {
      assertThat(host).isNotNull();
      for (String line : before.lines().toList()) {
        if (line.startsWith("# ")) {
          now.append(line).append('\n');
        } else if (line.startsWith(RUN)) {
          now.append(line).append('\n');
          now.append(transcript(run(line.substring(RUN.length()).replace("DIR", directory + ""))));
        }
      }
    }
    if (ACCEPT) {
      Files.writeString(GOLDEN.resolve(name), now);
    }
    assertThat(now.toString()).isEqualTo(ACCEPT ? now.toString() : before);
  }

  private void prepareFiles() throws IOException {
    Files.writeString(directory.resolve("bad.toml"), "[cpu]\nroot = \"/x\"\nspeed = 1\n");
    Files.write(directory.resolve("binary"), new byte[] {'a', (byte) 0xff});
    Files.write(directory.resolve("large"), new byte[Field.FILE_BYTES_MAX + 1]);
    Files.writeString(
        directory.resolve("policies.toml"),
        """
        [[policy]]
        name = "batch"
        vm = "vm1"
        vcpus = "0"
        type = "workload"
        workload = "low"

        [[policy]]
        name = "cold"
        cpus = "4"
        type = "workload"
        workload = "medium"
        """);
    Files.writeString(
        directory.resolve("typo.toml"),
        "[[policy]]\nname = \"a\"\nvm = \"vm0\"\ntype = \"tine\"\n");
    Files.writeString(directory.resolve("script"), "pause\nresume # again\n");
    Files.writeString(
        directory.resolve("dpdk"),
        "set_cpu_freq 4 max\nshow_cpu_freq 4\nset_cpu_freq 4 sideways\nquit\n");
  }

  private Ran run(String line) throws Exception {
    List<String> words = new ArrayList<>(ShellLine.words(line));
    if (!words.contains("--socket")) {
      words.addAll(0, List.of("--socket", directory + "/control.sock"));
    }
    int from = words.indexOf("<");
    return from < 0
        ? Ran.ctl(Ran.PLAIN, words.toArray(new String[0]))
        : process(words.subList(0, from), Path.of(words.get(from + 1)));
  }

  private Ran process(List<String> words, Path stdin) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElseThrow());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp"));
    command.addAll(List.of(System.getProperty("java.class.path"), Ctl.class.getName()));
    command.addAll(words);
    Path err = directory.resolve("stderr");
    Process process =
        new ProcessBuilder(command)
            .redirectInput(stdin.toFile())
            .redirectError(err.toFile())
            .start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    return new Ran(process.exitValue(), out, Files.readString(err));
  }

  private String transcript(Ran ran) {
    StringBuilder text = new StringBuilder();
    ran.out().lines().forEach(line -> text.append(normal(line)).append('\n'));
    ran.err().lines().forEach(line -> text.append("2> ").append(normal(line)).append('\n'));
    return text.append(ran.status() == 0 ? "" : "exit " + ran.status() + "\n")
        .append('\n')
        .toString();
  }

  /** What is another at each run, by a name. */
  private String normal(String line) {
    String text = line.replace(directory.toString(), "DIR");
    text = INSTANT.matcher(text).replaceAll("TIME");
    text = CLOCK.matcher(text).replaceAll("$1 TIME");
    text = BY.matcher(text).replaceAll("$1 by USER (pid PID)");
    text = JSON_WHO.matcher(text).replaceAll("\"who\":\"USER (pid PID)");
    text = WHO.matcher(text).replaceAll("USER (pid PID)");
    text = MICROS.matcher(text).replaceAll("N us");
    text = JSON_MICROS.matcher(text).replaceAll("_us\":N");
    text = PERCENT.matcher(text).replaceAll(" N %");
    text = SPAN.matcher(text).replaceAll("N min");
    text = JSON_PART.matcher(text).replaceAll("\"$1\":N");
    text = WAKEUPS.matcher(text).replaceAll("\"wakeups\":N");
    return VERSION.matcher(text).replaceAll("$1VERSION");
  }

  private static List<String> runs(boolean good) throws IOException {
    List<String> runs = new ArrayList<>();
    for (String name : files().toList()) {
      String text = Files.readString(GOLDEN.resolve(name));
      Matcher run =
          Pattern.compile("(?ms)^\\$ vmpowerctl ([^\n]*)\n(.*?)\n?(?=^\\$ |\\z)").matcher(text);
      while (run.find()) {
        if (!Pattern.compile("(?m)^exit ").matcher(run.group(2)).find() == good) {
          runs.add(run.group(1) + " ");
        }
      }
    }
    return runs;
  }

  @Test
  void everyVerbHasGoldenRunsOfGoodAndBadInput() throws IOException {
    List<String> good = runs(true);
    List<String> bad = runs(false);
    List<String> missing = new ArrayList<>();
    for (Call call : Calls.all()) {
      Phrase phrase = call.phrase();
      if (good.stream().noneMatch(run -> run.startsWith(phrase.words() + " "))) {
        missing.add(phrase.words());
      }
      if (bad.stream().noneMatch(run -> run.startsWith(phrase.words() + " "))) {
        missing.add(phrase.words() + ", badly");
      }
      if (good.stream()
          .noneMatch(run -> run.startsWith(phrase.words() + " ") && run.contains("-o json"))) {
        missing.add(phrase.words() + " -o json");
      }
    }
    missing.remove("shell -o json"); // has no output of its own
    missing.removeAll(List.of("top", "top -o json", "watch", "watch -o json")); // have no end
    assertThat(missing).isEmpty();
  }
}
