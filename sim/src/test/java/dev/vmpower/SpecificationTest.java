package dev.vmpower;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
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
    Matcher named = TEST.matcher(specification());
    int found = 0;
    while (named.find()) {
      found++;
      String source = source(named.group(1));
      assertThat(source).as(named.group(1)).isNotEmpty();
      if (named.group(2) != null) {
        assertThat(source).contains("void " + named.group(2) + "(");
      }
    }
    assertThat(found).isGreaterThan(20);
  }

  @Test
  void everyLimitIsAsInTheCode() throws Exception {
    JavaClasses classes =
        new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("dev.vmpower");
    Matcher limits = LIMIT.matcher(specification());
    int found = 0;
    while (limits.find()) {
      found++;
      String type = limits.group(2);
      String name = limits.group(3);
      Field constant =
          classes.stream()
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

  private static String source(String test) throws IOException {
    try (Stream<Path> files = Files.walk(CHECKOUT)) {
      Path file =
          files
              .filter(path -> path.getFileName().toString().equals(test + ".java"))
              .findFirst()
              .orElse(null);
      return file == null ? "" : Files.readString(file);
    }
  }
}
