package dev.vmpower.cli;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * What a program's command line can be: phrases such as {@code cpu set CPUS LEVEL}.
 *
 * <p>Built by hand and not from annotations: reflection would cost more than all the rest of a
 * call. picocli splits the line and writes the help; what is wrong with a line is said in one.
 */
final class Grammar {
  /**
   * One command.
   *
   * @param words such as {@code cpu set}
   * @param parameters the labels of what follows, all of it needed
   * @param examples what may follow the program's name
   */
  record Phrase(String words, List<String> parameters, String description, List<String> examples) {}

  /** An option of all commands, with a value. */
  record Option(List<String> names, String label, String description) {}

  /** A line that was understood. */
  static final class Parsed {
    private final String words;
    private final ParseResult first;
    private final ParseResult last;

    private Parsed(String words, ParseResult first, ParseResult last) {
      this.words = words;
      this.first = first;
      this.last = last;
    }

    String words() {
      return words;
    }

    String parameter(int index) {
      return last.matchedPositionalValue(index, "");
    }

    /** The value of an option, wherever on the line it was; the last one counts. */
    @Nullable String option(String name) {
      String found = null;
      ParseResult at = first;
      while (true) {
        if (at.hasMatchedOption(name)) {
          found = at.matchedOptionValue(name, "");
        }
        if (!at.hasSubcommand()) {
          return found;
        }
        at = at.subcommand();
      }
    }
  }

  private final String program;
  private final String description;
  private final Map<String, String> glossary;
  private final List<Option> options;
  private final CommandSpec root;

  /**
   * Makes the grammar of {@code program}.
   *
   * @param glossary what each first word of two and each label stands for
   */
  Grammar(
      String program,
      String description,
      List<Phrase> phrases,
      Map<String, String> glossary,
      List<Option> options) {
    this.program = program;
    this.description = description;
    this.glossary = glossary;
    this.options = options;
    root = spec(program, description);
    List<String> examples = new ArrayList<>();
    for (Phrase phrase : phrases) {
      add(phrase);
      examples.addAll(phrase.examples());
    }
    describe(root, examples);
  }

  private void add(Phrase phrase) {
    int blank = phrase.words().indexOf(' ');
    CommandSpec parent = root;
    if (blank > 0) {
      parent = group(phrase.words().substring(0, blank));
    }
    String name = phrase.words().substring(blank + 1);
    CommandSpec leaf = spec(name, phrase.description());
    for (int i = 0; i < phrase.parameters().size(); i++) {
      String label = phrase.parameters().get(i);
      leaf.addPositional(
          PositionalParamSpec.builder()
              .index(Integer.toString(i))
              .arity("1")
              .required(true)
              .type(String.class)
              .paramLabel(label)
              .description(glossary.getOrDefault(label, ""))
              .build());
    }
    describe(leaf, phrase.examples());
    parent.addSubcommand(name, leaf);
    if (parent != root) {
      List<String> examples = new ArrayList<>(List.of(parent.usageMessage().footer()));
      examples.add(example(phrase.examples().get(0)));
      parent.usageMessage().footer(examples.toArray(new String[0]));
    }
  }

  private CommandSpec group(String name) {
    CommandLine present = root.subcommands().get(name);
    if (present != null) {
      return present.getCommandSpec();
    }
    CommandSpec group = spec(name, glossary.getOrDefault(name, ""));
    describe(group, List.of());
    root.addSubcommand(name, group);
    return group;
  }

  private CommandSpec spec(String name, String text) {
    CommandSpec spec = CommandSpec.create().name(name);
    for (Option option : options) {
      spec.addOption(
          OptionSpec.builder(option.names().toArray(new String[0]))
              .arity("1")
              .type(String.class)
              .paramLabel(option.label())
              .description(option.description())
              .build());
    }
    spec.addOption(
        OptionSpec.builder("-h", "--help")
            .usageHelp(true)
            .description("Show this and do nothing.")
            .build());
    spec.usageMessage().description(text).synopsisSubcommandLabel("COMMAND");
    return spec;
  }

  private void describe(CommandSpec spec, List<String> examples) {
    String[] lines = new String[examples.size()];
    for (int i = 0; i < lines.length; i++) {
      lines[i] = example(examples.get(i));
    }
    spec.usageMessage().footerHeading("%nExamples:%n").footer(lines);
  }

  private String example(String rest) {
    return "  " + program + " " + rest;
  }

  /**
   * Understands a command line; null if it asked for help, which was then written.
   *
   * @throws FailureException if it is wrong
   */
  @Nullable Parsed parse(String[] arguments, PrintStream out, boolean colour)
      throws FailureException {
    CommandLine line = new CommandLine(root).setExpandAtFiles(false);
    line.setPosixClusteredShortOptionsAllowed(false);
    ParseResult result;
    try {
      result = line.parseArgs(arguments);
    } catch (ParameterException wrong) {
      throw wrong(wrong);
    }
    StringBuilder words = new StringBuilder();
    ParseResult deepest = result;
    while (!deepest.isUsageHelpRequested() && deepest.hasSubcommand()) {
      deepest = deepest.subcommand();
      words.append(words.isEmpty() ? "" : " ").append(deepest.commandSpec().name());
    }
    CommandSpec spec = deepest.commandSpec();
    if (deepest.isUsageHelpRequested()) {
      spec.commandLine().usage(out, Help.defaultColorScheme(colour ? Help.Ansi.ON : Help.Ansi.OFF));
      return null;
    }
    if (!spec.subcommands().isEmpty()) {
      throw usage(
          spec, "a command is missing: one of " + String.join(", ", spec.subcommands().keySet()));
    }
    return new Parsed(words.toString(), result, deepest);
  }

  private FailureException wrong(ParameterException wrong) {
    CommandSpec spec = wrong.getCommandLine().getCommandSpec();
    String what;
    if (wrong instanceof UnmatchedArgumentException unmatched) {
      String first = unmatched.getUnmatched().get(0);
      if (first.startsWith("-")) {
        what = "there is no option " + first;
      } else if (spec.subcommands().isEmpty()) {
        what = "'" + first + "' is too much";
      } else {
        what = "'" + first + "' is none of " + String.join(", ", spec.subcommands().keySet());
      }
    } else if (wrong instanceof MissingParameterException missing
        && missing.getMissing().get(0) instanceof PositionalParamSpec parameter) {
      what = parameter.paramLabel() + " is missing";
    } else if (wrong instanceof MissingParameterException missing
        && missing.getMissing().get(0) instanceof OptionSpec option) {
      what = option.longestName() + " needs a " + option.paramLabel();
    } else {
      what = String.valueOf(wrong.getMessage());
    }
    return usage(spec, what);
  }

  private static FailureException usage(CommandSpec spec, String what) {
    int newline = what.indexOf('\n');
    String line = newline < 0 ? what : what.substring(0, newline);
    return new FailureException(
        FailureException.USAGE, line + "; try '" + spec.qualifiedName() + " --help'");
  }

  @Override
  public String toString() {
    return program + ": " + description;
  }
}
