package dev.vmpower;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What no compiler looks at: files that grow without end, and what was left for later. */
class TidyTest {
  private static final int MAIN_LINES_MAX = 400;
  private static final int TEST_LINES_MAX = 600;
  private static final int COLUMNS_MAX = 100;

  // In two pieces, as this file is looked at too.
  private static final List<String> NOWHERE = List.of("TO" + "DO", "FIX" + "ME");
  private static final List<String> NOT_IN_TESTS = List.of("Thread." + "sleep", "@" + "Disabled");

  private static final Path CHECKOUT = Path.of(System.getProperty("vmpower.checkout"));

  private static List<Path> sources(String kind) throws IOException {
    List<Path> sources = new ArrayList<>();
    try (Stream<Path> found = Files.list(CHECKOUT)) {
      List<Path> modules = new ArrayList<>(found.toList());
      modules.add(CHECKOUT.resolve("bench/jmh"));
      for (Path module : modules) {
        Path directory = module.resolve("src/" + kind + "/java");
        if (Files.exists(directory)) {
          try (Stream<Path> files = Files.walk(directory)) {
            files.filter(file -> file.toString().endsWith(".java")).forEach(sources::add);
          }
        }
      }
    }
    return sources;
  }

  private static String name(Path file) {
    return CHECKOUT.relativize(file).toString();
  }

  @Test
  void noFileRunsAway() throws IOException {
    List<String> wrong = new ArrayList<>();
    for (Path file : sources("main")) {
      limit(file, MAIN_LINES_MAX, wrong);
    }
    for (Path file : sources("test")) {
      limit(file, TEST_LINES_MAX, wrong);
    }
    assertThat(wrong).isEmpty();
  }

  private static void limit(Path file, int linesMax, List<String> wrong) throws IOException {
    List<String> lines = Files.readAllLines(file);
    if (lines.size() > linesMax) {
      wrong.add(name(file) + " has " + lines.size() + " lines, more than " + linesMax);
    }
    for (int i = 0; i < lines.size(); i++) {
      if (lines.get(i).codePointCount(0, lines.get(i).length()) > COLUMNS_MAX) {
        wrong.add(name(file) + ":" + (i + 1) + " is longer than " + COLUMNS_MAX + " columns");
      }
    }
  }

  @Test
  void nothingIsLeftForLater() throws IOException {
    List<String> wrong = new ArrayList<>();
    for (Path file : sources("main")) {
      refuse(file, NOWHERE, wrong);
    }
    for (Path file : sources("test")) {
      refuse(file, NOWHERE, wrong);
      refuse(file, NOT_IN_TESTS, wrong);
    }
    assertThat(wrong).isEmpty();
  }

  private static void refuse(Path file, List<String> words, List<String> wrong) throws IOException {
    String text = Files.readString(file);
    words.stream()
        .filter(text::contains)
        .forEach(word -> wrong.add(name(file) + " has the word " + word));
  }

  @Test
  void everyPackageIsNullMarkedAndSaysWhatItIs() throws IOException {
    List<Path> sources = sources("main");
    assertThat(sources).hasSizeGreaterThan(80);
    for (Path file : sources) {
      assertThat(file.resolveSibling("package-info.java"))
          .content()
          .as(name(file))
          .startsWith("/**")
          .contains("@NullMarked");
    }
  }
}
