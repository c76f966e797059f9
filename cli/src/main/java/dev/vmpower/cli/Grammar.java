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
 * call; and where a line begins with a phrase, only for that one. picocli splits the line and
 * writes the help; what is wrong with a line is said in one.
 */
final class Grammar {
  /**
   * One command.
   *
   * @param words such as {@code cpu set}
   * @param parameters the labels of what follows: {@code VM} for one that is needed, then {@code
   *     [VM]} for one that may be left out, then {@code [VM...]} for any number
   * @param examples what may follow the program's name
   * @param options what may stand anywhere behind the words
   */
  record Phrase(
      String words,
      List<String> parameters,
      String description,
      List<String> examples,
      List<Option> options) {
    Phrase(String words, List<String> parameters, String description, List<String> examples) {
      this(words, parameters, description, examples, List.of());
    }

    /** Where the parameter of this label stands, brackets and dots left out; -1 for none. */
    int indexOf(String label) {
      for (int i = 0; i < parameters.size(); i++) {
        if (plain(parameters.get(i)).equals(label)) {
          return i;
        }
      }
      return -1;
    }

    /** A label without the marks for optional and repeated ones. */
    static String plain(String label) {
      int from = label.startsWith("[") ? 1 : 0;
      int to = label.length() - from;
      return label.substring(from, label.startsWith("...", to - 3) ? to - 3 : to);
    }
  }

  /** An option: with a value of this label, or a flag where the label is empty. */
  record Option(List<String> names, String label, String description) {}

  /** A line that was understood. */
  static final class Parsed {
    private final String words;
    private final ParseResult first;
    private final List<String> parameters = new ArrayList<>();

    private Parsed(String words, ParseResult first, ParseResult last) {
      this.words = words;
      this.first = first;
      for (PositionalParamSpec positional : last.matchedPositionals()) {
        parameters.addAll(positional.stringValues());
      }
    }

    String words() {
      return words;
    }

    /** A parameter; empty for one that was left out. */
    String parameter(int index) {
      return index < parameters.size() ? parameters.get(index) : "";
    }

    /** All parameters, those of a repeated one each for itself. */
    List<String> parameters() {
      return parameters;
    }

    /** Whether a flag was given, wherever on the line. */
    boolean flag(String name) {
      return option(name) != null;
    }

    /** The value of an option, wherever on the line it was; the last one counts. */
    @Nullable String option(String name) {
      String found = null;
      ParseResult at = first;
      while (true) {
        OptionSpec option = at.matchedOption(name);
        if (option != null) {
          found = option.stringValues().getLast();
        }
        if (!at.hasSubcommand()) {
          return found;
        }
        at = at.subcommand();
      }
    }
  }

  private static final Option HELP =
      new Option(List.of("-h", "--help"), "", "Show this and do nothing.");

  private final String program;
  private final String description;
  private final List<Phrase> phrases;
  private final Map<String, String> glossary;
  private final List<Option> options;

  /**
   * Makes the grammar of {@code program}.
   *
   * @param glossary what each first word of two and each label stands for
   * @param options those of all phrases
   */
  Grammar(
      String program,
      String description,
      List<Phrase> phrases,
      Map<String, String> glossary,
      List<Option> options) {
    this.program = program;
    this.description = description;
    this.phrases = phrases;
    this.glossary = glossary;
    this.options = options;
  }

  private CommandSpec root(List<Phrase> phrases) {
    CommandSpec root = spec(program, description, List.of());
    List<String> examples = new ArrayList<>();
    for (Phrase phrase : phrases) {
      add(root, phrase);
      examples.add(phrase.examples().getFirst());
    }
    describe(root, examples);
    return root;
  }

  /** The phrase that a line begins with, so that no other need be known to understand it. */
  private @Nullable Phrase beginning(String[] arguments) {
    String words = "";
    for (int i = 0; i < arguments.length; i++) {
      String argument = arguments[i];
      if (HELP.names().contains(argument)) {
        return null;
      }
      if (argument.startsWith("-")) {
        i += takesNext(argument) ? 1 : 0;
        continue;
      }
      boolean second = !words.isEmpty();
      words = second ? words + " " + argument : argument;
      for (Phrase phrase : phrases) {
        if (phrase.words().equals(words)) {
          return phrase;
        }
      }
      if (second) {
        return null;
      }
    }
    return null;
  }

  private boolean takesNext(String argument) {
    for (Option option : options) {
      if (option.names().contains(argument)) {
        return !option.label().isEmpty();
      }
    }
    return false;
  }

  private void add(CommandSpec root, Phrase phrase) {
    int blank = phrase.words().indexOf(' ');
    CommandSpec parent = root;
    if (blank > 0) {
      parent = group(root, phrase.words().substring(0, blank));
    }
    String name = phrase.words().substring(blank + 1);
    CommandSpec leaf = spec(name, phrase.description(), phrase.options());
    for (int i = 0; i < phrase.parameters().size(); i++) {
      leaf.addPositional(positional(i, phrase.parameters().get(i)));
    }
    describe(leaf, phrase.examples());
    parent.addSubcommand(name, leaf);
    if (parent != root) {
      List<String> examples = new ArrayList<>(List.of(parent.usageMessage().footer()));
      examples.add(example(phrase.examples().getFirst()));
      parent.usageMessage().footer(examples.toArray(new String[0]));
    }
  }

  private PositionalParamSpec positional(int index, String label) {
    boolean optional = label.startsWith("[");
    boolean repeated = label.contains("...");
    String plain = Phrase.plain(label);
    PositionalParamSpec.Builder positional =
        PositionalParamSpec.builder()
            .index(repeated ? index + "..*" : Integer.toString(index))
            .arity((optional ? "0" : "1") + (repeated ? "..*" : optional ? "..1" : ""))
            .required(!optional)
            .paramLabel(plain)
            .description(glossary.getOrDefault(plain, ""));
    return repeated
        ? positional.type(List.class).auxiliaryTypes(String.class).build()
        : positional.type(String.class).build();
  }

  private CommandSpec group(CommandSpec root, String name) {
    CommandLine present = root.subcommands().get(name);
    if (present != null) {
      return present.getCommandSpec();
    }
    CommandSpec group = spec(name, glossary.getOrDefault(name, ""), List.of());
    describe(group, List.of());
    root.addSubcommand(name, group);
    return group;
  }

  private CommandSpec spec(String name, String text, List<Option> own) {
    CommandSpec spec = CommandSpec.create().name(name);
    for (Option option : own) {
      spec.addOption(option(option));
    }
    for (Option option : options) {
      spec.addOption(option(option));
    }
    spec.addOption(option(HELP));
    spec.usageMessage().description(text).synopsisSubcommandLabel("COMMAND");
    return spec;
  }

  private static OptionSpec option(Option option) {
    boolean flag = option.label().isEmpty();
    OptionSpec.Builder spec =
        OptionSpec.builder(option.names().toArray(new String[0]))
            .arity(flag ? "0" : "1")
            .type(flag ? boolean.class : String.class)
            .usageHelp(option.equals(HELP))
            .description(option.description());
    return flag ? spec.build() : spec.paramLabel(option.label()).build();
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
    Phrase beginning = beginning(arguments);
    CommandLine line =
        new CommandLine(root(beginning == null ? phrases : List.of(beginning)))
            .setExpandAtFiles(false);
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
      if (!deepest.unmatched().isEmpty() && !spec.subcommands().isEmpty()) {
        throw usage(spec, noneOf(spec, deepest.unmatched().getFirst()));
      }
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
        what = noneOf(spec, first);
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

  private static String noneOf(CommandSpec spec, String word) {
    return "'" + word + "' is none of " + String.join(", ", spec.subcommands().keySet());
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
