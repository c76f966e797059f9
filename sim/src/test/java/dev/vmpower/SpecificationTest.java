package dev.vmpower;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** SPECIFICATION.md names tests that exist, and limits as they are in the code. */
class SpecificationTest {
  private static final Path CHECKOUT = Path.of(System.getProperty("vmpower.checkout"));
  private static final Pattern TEST = Pattern.compile("`([A-Z]\\w*Test)(?:\\.(\\w+))?`");
  private static final Pattern LIMIT =
      Pattern.compile("\\| [^|]+ \\| ([0-9,]+) \\| `(\\w+)\\.(\\w+)` \\|");

  @Test
  void everyTestThatIsNamedExists() throws IOException {
    Map<String, Path> tests = tests();
    Matcher named = TEST.matcher(specification());
    int found = 0;
    while (named.find()) {
      found++;
      Path file = tests.get(named.group(1) + ".java");
      assertThat(file).as(named.group(1)).isNotNull();
      if (named.group(2) != null) {
        assertThat(file).content().contains("void " + named.group(2) + "(");
      }
    }
    assertThat(found).isGreaterThan(20);
  }

  @Test
  void everyLimitIsAsInTheCode() throws Exception {
    Matcher limits = LIMIT.matcher(specification());
    int found = 0;
    while (limits.find()) {
      found++;
      String type = limits.group(2);
      String name = limits.group(3);
      Field constant =
          ArchitectureTest.MAIN.stream()
              .filter(owner -> owner.getSimpleName().equals(type))
              .filter(owner -> owner.tryGetField(name).isPresent())
              .findFirst()
              .orElseThrow(() -> new AssertionError("no " + type + "." + name))
              .getField(name)
              .reflect();
      constant.setAccessible(true);
      assertThat(constant.get(null)).hasToString(limits.group(1).replace(",", ""));
    }
    assertThat(found).isGreaterThan(7);
  }

  private static String specification() throws IOException {
    return Files.readString(CHECKOUT.resolve("SPECIFICATION.md"));
  }

  private static Map<String, Path> tests() throws IOException {
    Map<String, Path> tests = new HashMap<>();
    try (Stream<Path> modules = Files.list(CHECKOUT)) {
      for (Path module : modules.toList()) {
        Path sources = module.resolve("src/test/java");
        if (Files.exists(sources)) {
          try (Stream<Path> files = Files.walk(sources)) {
            files.forEach(file -> tests.put(file.getFileName().toString(), file));
          }
        }
      }
    }
    return tests;
  }
}
