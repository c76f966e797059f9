package dev.vmpower.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The demo as a program, and what a run of it comes to. */
class DemoTest {
  private static final int TIMEOUT_S = 60;
  private static final Pattern ESCAPE = Pattern.compile("\\033\\[[?0-9;]*[A-Za-z]");

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);

  @TempDir private Path temporary;

  private String printed() {
    return bytes.toString(StandardCharsets.UTF_8);
  }

  @Test
  void aDayHasRequestsRefusalsAndSharedCpusAndLeavesNothing() throws Exception {
    Summary summary = new DemoRun(3, out, false, new CountDownLatch(1)).run();

    assertThat(summary.last().status().requests()).isGreaterThan(20);
    assertThat(summary.last().status().writes()).isGreaterThan(10);
    assertThat(summary.last().status().refusedWrites()).isZero();
    assertThat(summary.last().status().refusals()).containsOnlyKeys("others_vcpu");
    assertThat(summary.refused()).isPositive();
    assertThat(summary.last().p50Us()).isPositive().isLessThanOrEqualTo(summary.last().p99Us());
    assertThat(summary.tally().sharedCpus()).containsExactly(4);
    assertThat(summary.tally().wonByHigher())
        .as("the higher of two votes wins in every look")
        .isEqualTo(summary.tally().disagreements())
        .isPositive();
    assertThat(summary.tally().averageKhz()).isBetween(1_200_001L, 2_600_999L);
    assertThat(summary.changed()).isEmpty();
    assertThat(summary.files()).isGreaterThan(100);
    assertThat(summary.directory()).doesNotExist();
    List<String> lines = new ArrayList<>(printed().lines().toList());
    lines.addAll(summary.lines());
    assertThat(lines).hasSizeGreaterThan(20).allMatch(line -> line.length() <= Table.COLUMNS);
  }

  @Test
  void aTerminalIsWrittenWithinItsBoundsAndRestored() throws Exception {
    var unused = new DemoRun(1, out, true, new CountDownLatch(1)).run();

    String[] frames = printed().split(Pattern.quote("\033[1;1H"), -1);
    assertThat(frames).hasSizeGreaterThan(2);
    assertThat(frames[0]).isEqualTo("\033[?1049h\033[?25l\033[?7l");
    assertThat(frames[frames.length - 1]).endsWith("\033[?7h\033[?25h\033[?1049l");
    for (String frame : Arrays.asList(frames).subList(1, frames.length)) {
      assertThat(frame).doesNotContain("\n");
      String[] lines = frame.split("\\033\\[[0-9]+;1H");
      assertThat(lines.length).isLessThanOrEqualTo(Table.LINES);
      assertThat(lines)
          .allMatch(line -> ESCAPE.matcher(line).replaceAll("").length() <= Table.COLUMNS);
    }
  }

  @Test
  void aStopEndsItEarly() throws Exception {
    CountDownLatch stop = new CountDownLatch(1);
    stop.countDown();

    Summary summary = new DemoRun(DemoRun.ENDLESS, out, false, stop).run();

    assertThat(summary.isAsFound()).isTrue();
    assertThat(summary.directory()).doesNotExist();
  }

  @Test
  void aFileThatIsNotAsFoundIsNamed() throws IOException {
    SimulatedHost host = SimulatedHost.create(temporary.resolve("cpu"));
    Map<String, String> before = host.snapshot();
    assertThat(DemoRun.differences(before, new HashMap<>(before))).isEmpty();

    Files.writeString(host.root().resolve("cpufreq/policy4/scaling_governor"), "userspace\n");
    Files.delete(host.root().resolve("cpu7/cpufreq"));
    Files.writeString(host.root().resolve("stray"), "");

    assertThat(DemoRun.differences(before, host.snapshot()))
        .containsExactly("cpu7/cpufreq", "cpufreq/policy4/scaling_governor", "stray");
  }

  @Test
  void theProgramEndsByItself() throws Exception {
    Process demo = start("--seconds", "1");

    assertThat(demo.waitFor(TIMEOUT_S, TimeUnit.SECONDS)).isTrue();

    assertThat(errors()).isEmpty();
    assertThat(demo.exitValue()).isZero();
    assertThat(removed()).isNotNull().doesNotExist();
  }

  @Test
  void theProgramEndsWellOnASignal() throws Exception {
    Process demo = start();
    Path directory = DemoRun.parentDirectory().resolve("vmpower-demo-" + demo.pid());
    Path governor = directory.resolve("cpu/cpufreq/policy4/scaling_governor");
    await()
        .atMost(Duration.ofSeconds(TIMEOUT_S))
        .until(() -> Files.exists(governor) && Files.readString(governor).startsWith("userspace"));

    demo.destroy();

    assertThat(demo.waitFor(TIMEOUT_S, TimeUnit.SECONDS)).isTrue();
    assertThat(demo.exitValue()).isZero();
    assertThat(removed()).isEqualTo(directory).doesNotExist();
  }

  @Test
  void malformedArgumentsAreOneLine() throws Exception {
    for (String arguments : List.of("--seconds", "--seconds=x", "--seconds 0", "now", "a b c")) {
      Process demo = start(arguments.split(" "));

      assertThat(demo.waitFor(TIMEOUT_S, TimeUnit.SECONDS)).isTrue();

      assertThat(demo.exitValue()).as(arguments).isEqualTo(2);
      assertThat(errors().lines()).as(arguments).hasSize(1);
      assertThat(Files.readString(temporary.resolve("out"))).as(arguments).isEmpty();
    }
  }

  private Process start(String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("--add-exports=java.base/sun.nio.ch=ALL-UNNAMED");
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Demo.class.getName()));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command)
        .redirectOutput(temporary.resolve("out").toFile())
        .redirectError(temporary.resolve("err").toFile())
        .start();
  }

  private String errors() throws IOException {
    return Files.readString(temporary.resolve("err"));
  }

  /** The directory that the summary names as removed. */
  private Path removed() throws IOException {
    String last = Files.readAllLines(temporary.resolve("out")).getLast();
    assertThat(last).startsWith("  removed ");
    return Path.of(last.substring("  removed ".length()).strip());
  }
}
