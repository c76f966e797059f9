package dev.vmpower.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.vmpower.cli.Grammar.Option;
import dev.vmpower.cli.Grammar.Phrase;
import dev.vmpower.host.config.Config;
import dev.vmpower.host.config.ConfigException;
import dev.vmpower.host.config.ConfigFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Manual pages, completion and the default configuration, which packaging makes. */
class HandbookTest {
  private static final Path CHECKOUT = Path.of(System.getProperty("vmpower.checkout"));
  private static final String[] SECTIONS = {"cpu", "state", "control", "libvirt", "compat", "log"};

  @TempDir Path directory;

  private static String run(Path input, String... command) throws Exception {
    Process process =
        new ProcessBuilder(command).redirectInput(input.toFile()).redirectErrorStream(true).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(out).isZero();
    return out;
  }

  private static boolean installed(String program) {
    return Files.isExecutable(Path.of("/usr/bin", program));
  }

  @ParameterizedTest
  @ValueSource(strings = {"vmpowerctl", "vmpower-guest"})
  void thePageHasEveryCommandOptionAndExample(String program) {
    Handbook handbook = Handbook.of(program);
    String page = handbook.man().replace("\\-", "-").replaceAll("\\\\f[BIR]", "");

    for (Phrase phrase : handbook.phrases()) {
      assertThat(page).contains(".SS " + phrase.words(), phrase.description());
      phrase.examples().forEach(example -> assertThat(page).contains(program + " " + example));
      for (Option option : phrase.options()) {
        assertThat(page).contains(String.join(", ", option.names()), option.description());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"vmpowerctl", "vmpower-guest", "vmpowerd", "vmpower.toml"})
  void troffHasNothingToSayOfAPage(String name) throws Exception {
    assumeTrue(installed("groff"), "no groff here");
    Path page = directory.resolve(name);
    Files.writeString(
        page,
        switch (name) {
          case "vmpowerd" -> Files.readString(CHECKOUT.resolve("dist/man/vmpowerd.8"));
          case "vmpower.toml" -> configuration("man");
          default -> Handbook.of(name).man();
        });

    assertThat(run(page, "groff", "-man", "-ww", "-z")).isEmpty();
  }

  /** The words that a shell offers for the last word of a line. */
  private List<String> offers(String shell, String... line) throws Exception {
    boolean bash = shell.equals("bash");
    String program = line[0];
    Handbook handbook = Handbook.of(program);
    var dialect = bash ? CompletionScript.Dialect.BASH : CompletionScript.Dialect.ZSH;
    StringBuilder words = new StringBuilder();
    for (String word : line) {
      words.append(" '").append(word).append('\'');
    }
    String script = new CompletionScript(handbook, dialect).text();
    String function = "_" + program.replace('-', '_');
    String asked =
        bash
            ? "COMP_WORDS=(%s); COMP_CWORD=%d\n%s\n%s; printf '%%s\\n' \"${COMPREPLY[@]}\"\n"
                .formatted(words, line.length - 1, script, function)
            : "words=(%s); CURRENT=%d\ncompadd() { shift; print -l -- \"$@\" }\n"
                .concat("_files() { print a-file }\n%s")
                .formatted(words, line.length, script);
    Path file = directory.resolve("script");
    Files.writeString(file, asked);
    String[] command = bash ? new String[] {"bash"} : new String[] {"zsh", "-f"};
    return run(file, command).lines().filter(word -> !word.isEmpty()).toList();
  }

  @ParameterizedTest
  @CsvSource({
    "vmpowerctl vm |list show add remove query envelope",
    "vmpowerctl vm query vm0 |on off",
    "vmpowerctl --socket /x vm query vm0 |on off",
    "vmpowerctl cpu set 1 |max min up down",
    "vmpowerctl -o |json",
    "vmpowerctl vm envelope vm0 --max |hardware",
    "vmpowerctl vm show |",
    "vmpower-guest policy |send remove",
    "vmpower-guest policy send --workload |HIGH MEDIUM LOW",
    "vmpower-guest turbo 0 |on off"
  })
  void shellsOfferWhatMayFollow(String row) throws Exception {
    String[] cells = row.split("\\|", -1);
    List<String> expected = cells[1].isEmpty() ? List.of() : List.of(cells[1].split(" "));

    assertThat(offers("bash", cells[0].split(" ", -1))).containsExactlyElementsOf(expected);
    if (installed("zsh")) {
      assertThat(offers("zsh", cells[0].split(" ", -1))).containsExactlyElementsOf(expected);
    }
  }

  @Test
  void bashOffersWhatBeginsAsTheWordDoesAndOptions() throws Exception {
    assertThat(offers("bash", "vmpowerctl", "cpu", "re")).containsExactly("release", "reclaim");
    assertThat(offers("bash", "vmpowerctl", "vm", "envelope", "--re")).containsExactly("--reset");
    assertThat(offers("bash", "vmpowerctl", "--so")).containsExactly("--socket");
    assertThat(offers("bash", "vmpowerctl", "policy", "apply", CHECKOUT + "/pom.x"))
        .containsExactly(CHECKOUT + "/pom.xml");
    TreeSet<String> first = new TreeSet<>();
    Calls.all().forEach(call -> first.add(call.phrase().words().split(" ")[0]));
    assertThat(offers("bash", "vmpowerctl", "")).containsExactlyInAnyOrderElementsOf(first);
  }

  private static String configuration(String form) throws Exception {
    Path table = CHECKOUT.resolve("docs/configuration.md");
    return run(table, CHECKOUT.resolve("dist/configuration").toString(), form);
  }

  private Config read(String toml) throws IOException, ConfigException {
    Path file = directory.resolve("vmpower.toml");
    Files.writeString(file, toml);
    return ConfigFile.read(file);
  }

  @Test
  void theDefaultConfigurationIsTheDefaults() throws Exception {
    String toml = configuration("toml");
    Config defaults = read("");
    String said = toml.replaceAll("(?m)^# ([a-z_]+ = (?!\\.\\.\\.))", "$1");

    assertThat(read(toml)).isEqualTo(defaults);
    assertThat(said).isNotEqualTo(toml);
    // The keys of a [[vm]] stand last; without a name they are none.
    assertThat(read(said.substring(0, said.indexOf("# [[vm]]")))).isEqualTo(defaults);
    assertThat(read(said.replace("# [[vm]]", "[[vm]]\nname = \"vm0\"")).vms())
        .isEqualTo(read("[[vm]]\nname = \"vm0\"").vms());
  }

  /** What is wrong about a key that nobody knows: it names those that are known. */
  private List<String> known(String section) throws IOException {
    try {
      throw new AssertionError(read(section + "\nnobody_knows = 1").toString());
    } catch (ConfigException bad) {
      String list = String.valueOf(bad.getMessage()).replaceFirst(".*known are ", "");
      return Arrays.asList(list.split(", "));
    }
  }

  @Test
  void theDocumentHasEveryKeyAndNoOther() throws Exception {
    List<String> written = new ArrayList<>();
    Pattern quoted = Pattern.compile("`(\\[[a-z]+\\] )?([a-z_]+)`");
    for (String line : Files.readAllLines(CHECKOUT.resolve("docs/configuration.md"))) {
      if (line.startsWith("| `")) {
        Matcher at = quoted.matcher(line.split("\\|")[1]);
        while (at.find()) {
          written.add((at.group(1) == null ? "[vm] " : at.group(1)) + at.group(2));
        }
      }
    }
    List<String> meant = new ArrayList<>();
    for (String section : SECTIONS) {
      known("[" + section + "]").forEach(key -> meant.add("[" + section + "] " + key));
    }
    known("[[vm]]").forEach(key -> meant.add("[vm] " + key));

    assertThat(written).containsExactlyInAnyOrderElementsOf(meant);
    assertThat(known(""))
        .containsExactlyInAnyOrder("cpu", "state", "control", "libvirt", "compat", "log", "vm");
  }
}
