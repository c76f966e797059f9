package dev.vmpower.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vmpower.cli.Grammar.Option;
import dev.vmpower.cli.Grammar.Parsed;
import dev.vmpower.cli.Grammar.Phrase;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Parameters and options of every kind. */
class GrammarTest {
  private static final Phrase PHRASE =
      new Phrase(
          "vm add",
          List.of("NAME", "[DIR]", "[PCPUS...]"),
          "Adds.",
          List.of("vm add a"),
          List.of(
              new Option(List.of("-m", "--max"), "KHZ", "Most."),
              new Option(List.of("--reset"), "", "Again.")));
  private static final Phrase OTHER =
      new Phrase("list", List.of("IT..."), "Lists.", List.of("list a"));
  private static final Grammar GRAMMAR =
      new Grammar(
          "prog",
          "A program.",
          List.of(PHRASE, OTHER),
          Map.of(),
          List.of(new Option(List.of("--socket"), "PATH", "Where.")));

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  private Parsed parse(String words) throws FailureException {
    Parsed parsed =
        GRAMMAR.parse(
            words.isEmpty() ? new String[0] : words.split(" "), new PrintStream(out, true), false);
    return Objects.requireNonNull(parsed);
  }

  @Test
  void parametersCanBeLeftOutAndRepeated() throws FailureException {
    assertThat(parse("vm add a").parameters()).containsExactly("a");
    assertThat(parse("vm add a").parameter(1)).isEmpty();
    assertThat(parse("vm add a /d").parameters()).containsExactly("a", "/d");
    assertThat(parse("vm add a /d 1 2-3 4").parameters())
        .containsExactly("a", "/d", "1", "2-3", "4");
    assertThat(parse("list a b").parameters()).containsExactly("a", "b");
    assertThat(parse("vm add -- --max").parameters()).containsExactly("--max");
  }

  @Test
  void optionsStandAnywhere() throws FailureException {
    Parsed parsed = parse("--socket /s vm --socket=/t add a --max 7 /d --reset 1");

    assertThat(parsed.words()).isEqualTo("vm add");
    assertThat(parsed.option("--socket")).isEqualTo("/t");
    assertThat(parsed.option("--max")).isEqualTo("7");
    assertThat(parsed.option("-m")).isEqualTo("7");
    assertThat(parsed.flag("--reset")).isTrue();
    assertThat(parsed.parameters()).containsExactly("a", "/d", "1");
    assertThat(parse("vm add a").flag("--reset")).isFalse();
    assertThat(parse("vm add a").option("--max")).isNull();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "``|a command is missing: one of vm, list; try 'prog --help'",
        "vm|a command is missing: one of add; try 'prog vm --help'",
        "vm add|NAME is missing; try 'prog vm add --help'",
        "list|IT is missing; try 'prog list --help'",
        "vm add a --max|--max needs a KHZ; try 'prog vm add --help'",
        "vm add a --max 1 -m 2|option '--max' (KHZ) should be specified only once;"
            + " try 'prog vm add --help'",
        "vm add a --reset=1|option '--reset' should be specified without '1' parameter;"
            + " try 'prog vm add --help'",
        "list a --max 3|there is no option --max; try 'prog list --help'",
        "--fast vm add a|there is no option --fast; try 'prog --help'",
        "vm add a --help=x|option '--help' should be specified without 'x' parameter;"
            + " try 'prog vm add --help'"
      })
  void aWrongLineIsOneLine(String words, String line) {
    assertThatThrownBy(() -> parse(words)).isInstanceOf(FailureException.class).hasMessage(line);
  }

  @Test
  void helpOfAPhraseIsTheSameHoweverItIsAskedFor() throws FailureException {
    assertThat(GRAMMAR.parse(new String[] {"vm", "add", "-h"}, new PrintStream(out, true), false))
        .isNull();
    String asked = out.toString(StandardCharsets.UTF_8);
    out.reset();
    GRAMMAR.parse(new String[] {"vm", "add", "a", "--help"}, new PrintStream(out, true), false);

    assertThat(asked)
        .isEqualTo(out.toString(StandardCharsets.UTF_8))
        .contains("[-h]", "[--reset]", "[-m=KHZ]", "NAME [DIR] [PCPUS...]", "prog vm add a");
    out.reset();
    GRAMMAR.parse(new String[] {"-h"}, new PrintStream(out, true), false);
    assertThat(out.toString(StandardCharsets.UTF_8))
        .contains("\n  vm\n", "\n  list  Lists.", "prog list a");
  }
}
