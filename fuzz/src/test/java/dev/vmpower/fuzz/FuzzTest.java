package dev.vmpower.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Coverage-guided fuzzing, each target in a process of its own, for a share of {@code
 * vmpower.fuzz.seconds}. It begins with the corpus and with what earlier runs found; what it finds
 * goes to {@code fuzz/target/corpus}, and an input that breaks something to {@code fuzz/target}.
 */
@Tag("fuzz")
class FuzzTest {
  private static final Path FUZZ = Path.of(System.getProperty("vmpower.checkout"), "fuzz");
  private static final long SECONDS = Long.getLong("vmpower.fuzz.seconds", 60);
  private static final Duration GRACE = Duration.ofSeconds(60);
  private static final int INPUT_TAKES_S_MAX = 10;
  private static final int HEAP_MB_MAX = 512;
  private static final Pattern STATUS =
      Pattern.compile("#(\\d+)\\s+\\w+\\s+cov: (\\d+) ft: (\\d+).*");

  @ParameterizedTest
  @EnumSource(Target.class)
  void nothingBreaks(Target target) throws IOException, InterruptedException {
    Path made = Files.createDirectories(FUZZ.resolve("target/corpus").resolve(target.directory()));
    Path log = FUZZ.resolve("target/" + target.directory() + ".log");
    Process fuzzer =
        new ProcessBuilder(command(target, made))
            .directory(FUZZ.resolve("target").toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    try {
      long limitS = SECONDS / Target.values().length + GRACE.toSeconds();
      assertThat(fuzzer.waitFor(limitS, TimeUnit.SECONDS)).as("it ends by itself").isTrue();
      System.out.println("fuzz: " + target.directory() + ": " + summary(log));
      assertThat(fuzzer.exitValue()).as("its log is %s", log).isZero();
    } finally {
      fuzzer.destroyForcibly().waitFor();
    }
  }

  private static List<String> command(Target target, Path made) {
    long seconds = Math.max(1, SECONDS / Target.values().length);
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx" + HEAP_MB_MAX + "m", "-XX:+UseSerialGC"));
    command.addAll(List.of("-XX:+EnableDynamicAgentLoading", "--enable-native-access=ALL-UNNAMED"));
    command.addAll(List.of("-cp", classPath(), "com.code_intelligence.jazzer.Jazzer"));
    command.add("--target_class=" + target.type.getName());
    command.add("--instrumentation_includes=dev.vmpower.**" + File.pathSeparator + "org.tomlj.**");
    command.add("--reproducer_path=.");
    command.addAll(List.of("-artifact_prefix=" + target.directory() + "-", "-print_final_stats=1"));
    command.addAll(List.of("-max_total_time=" + seconds, "-timeout=" + INPUT_TAKES_S_MAX));
    command.addAll(List.of("-max_len=" + target.bytesMax, "-rss_limit_mb=2048"));
    command.add(made.toString());
    command.add(FUZZ.resolve("corpus").resolve(target.directory()).toString());
    return command;
  }

  private static String classPath() {
    String ours = System.getProperty("surefire.test.class.path");
    return ours == null ? System.getProperty("java.class.path") : ours;
  }

  private static String summary(Path log) throws IOException {
    String last = "no executions";
    try (Stream<String> lines = Files.lines(log)) {
      for (String line : lines.toList()) {
        Matcher status = STATUS.matcher(line);
        if (status.matches()) {
          last = status.group(1) + " executions, " + status.group(2) + " edges";
        }
      }
    }
    return last;
  }
}
