package dev.vmpower.cli;

import dev.vmpower.cli.Grammar.Option;
import dev.vmpower.cli.Grammar.Phrase;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The manual page of a program, made of what its grammar and its help say. Not for users: packaging
 * runs {@code Handbook man|bash|zsh vmpowerctl|vmpower-guest} and keeps what it prints.
 *
 * @param overview what the page says before the commands
 * @param after what it says behind them, ready-made
 */
record Handbook(
    String program,
    String summary,
    String overview,
    List<Phrase> phrases,
    List<Option> options,
    Map<String, String> glossary,
    String after) {
  private static final String CTL_AFTER =
      """
      .SH EXIT STATUS
      0: done. 1: refused, no daemon, or a file that cannot be used. 2: bad usage.
      The reason is one line on stderr; nothing was then changed, unless it begins with "done".
      .SH SEE ALSO
      .BR vmpowerd (8),
      .BR vmpower.toml (5)
      """;
  private static final String GUEST_AFTER =
      """
      .SH EXIT STATUS
      0: done. 1: refused, or no host. 2: bad usage. The reason is one line on stderr.
      """;

  /** The one of a program. */
  static Handbook of(String program) {
    if (program.equals(Guest.PROGRAM)) {
      return new Handbook(
          program,
          "asks the host for CPU frequency, from inside a VM",
          "Each vCPU asks through its own virtio-serial port; the host needs vmpowerd(8), or"
              + " DPDK's VM power manager.",
          GuestPhrases.ALL,
          GuestPhrases.OPTIONS,
          GuestPhrases.GLOSSARY,
          GUEST_AFTER);
    }
    List<Phrase> phrases = new ArrayList<>();
    for (Call call : Calls.all()) {
      phrases.add(call.phrase());
    }
    return new Handbook(
        program,
        "controls the daemon vmpowerd",
        "A command returns after its effect is written. Members of the group vmpower may change,"
            + " those of vmpower-read look.",
        phrases,
        Calls.OPTIONS,
        Glossary.OF_CTL,
        CTL_AFTER);
  }

  /** Prints what is asked for. */
  public static void main(String[] arguments) {
    Handbook handbook = of(arguments[1]);
    System.out.print(
        switch (arguments[0]) {
          case "man" -> handbook.man();
          case "bash" -> new CompletionScript(handbook, CompletionScript.Dialect.BASH).text();
          default -> new CompletionScript(handbook, CompletionScript.Dialect.ZSH).text();
        });
    System.out.flush();
  }

  /** The page, for man(1). */
  String man() {
    StringBuilder page = new StringBuilder();
    page.append(".TH ").append(program.toUpperCase(Locale.ROOT)).append(" 1\n");
    page.append(".SH NAME\n").append(roff(program + " - " + summary)).append('\n');
    page.append(".SH SYNOPSIS\n.B ").append(roff(program)).append("\n[\\fIOPTION\\fR...]");
    page.append(" \\fICOMMAND\\fR ...\n.SH DESCRIPTION\n").append(roff(overview)).append('\n');
    page.append(".SH OPTIONS\n");
    options.forEach(option -> append(page, option));
    append(page, new Option(List.of("-h", "--help"), "", "Show help of that level, and end."));
    page.append(".SH COMMANDS\n");
    for (Phrase phrase : phrases) {
      append(page, phrase);
    }
    page.append(".SH WORDS\n");
    glossary.entrySet().stream()
        .filter(entry -> entry.getKey().equals(entry.getKey().toUpperCase(Locale.ROOT)))
        .sorted(Map.Entry.comparingByKey())
        .forEach(
            entry ->
                page.append(".TP\n.I ")
                    .append(roff(entry.getKey()))
                    .append('\n')
                    .append(roff(entry.getValue()))
                    .append('\n'));
    return page.append(after).toString();
  }

  private void append(StringBuilder page, Phrase phrase) {
    page.append(".SS ").append(roff(phrase.words()));
    for (String parameter : phrase.parameters()) {
      page.append(" \\fI").append(roff(parameter)).append("\\fR");
    }
    page.append('\n').append(roff(phrase.description())).append('\n');
    phrase.options().forEach(option -> append(page, option));
    page.append(".PP\n.EX\n");
    for (String example : phrase.examples()) {
      page.append("  ").append(roff(program + " " + example)).append('\n');
    }
    page.append(".EE\n");
  }

  private static void append(StringBuilder page, Option option) {
    page.append(".TP\n\\fB").append(roff(String.join("\\fR, \\fB", option.names())));
    page.append("\\fR").append(option.label().isEmpty() ? "" : " \\fI" + roff(option.label()));
    page.append("\\fR\n").append(roff(option.description())).append('\n');
  }

  /** With hyphens that can be copied, and no line that troff would obey. */
  private static String roff(String text) {
    String escaped = text.replace("-", "\\-");
    return escaped.startsWith(".") || escaped.startsWith("'") ? "\\&" + escaped : escaped;
  }
}
