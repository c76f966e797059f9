package dev.vmpower.cli;

import dev.vmpower.cli.Grammar.Option;
import dev.vmpower.cli.Grammar.Phrase;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Completion of a program's words in bash or zsh, made from its grammar: one {@code case} by what
 * was said so far. It asks no daemon, so it knows no names of VMs; {@code vmpowerctl shell} does.
 */
final class CompletionScript {
  /** What the two shells call the same. */
  enum Dialect {
    BASH,
    ZSH
  }

  private static final String FILES = "FILES";

  private final Handbook handbook;
  private final Dialect dialect;
  private final Set<String> cases = new LinkedHashSet<>();

  CompletionScript(Handbook handbook, Dialect dialect) {
    this.handbook = handbook;
    this.dialect = dialect;
  }

  /** The script. */
  String text() {
    boolean bash = dialect == Dialect.BASH;
    StringBuilder script = new StringBuilder();
    script.append(bash ? "# bash completion\n" : "#compdef " + handbook.program() + "\n");
    script.append("# Made from the grammar of ").append(handbook.program()).append(".\n");
    script.append(function()).append("() {\n");
    script.append("  local typed before said= found= i word\n");
    script.append(
        bash
            ? "  typed=${COMP_WORDS[COMP_CWORD]}\n  before=${COMP_WORDS[COMP_CWORD - 1]}\n"
            : "  typed=${words[CURRENT]}\n  before=${words[CURRENT - 1]}\n");
    script.append(
        bash
            ? "  for ((i = 1; i < COMP_CWORD; i++)); do\n    word=${COMP_WORDS[i]}\n"
            : "  for ((i = 2; i < CURRENT; i++)); do\n    word=${words[i]}\n");
    script.append("    case $word in\n      ").append(String.join(" | ", withValue()));
    script.append(") i=$((i + 1)) ;;\n      -*) ;;\n");
    script.append("      *) said=\"${said:+$said }$word\" ;;\n    esac\n  done\n");
    script.append("  case $before in\n");
    for (Option option : options()) {
      if (!option.label().isEmpty()) {
        script.append("    ").append(String.join(" | ", option.names())).append(") found=");
        script.append(quote(values(option.label()))).append(" ;;\n");
      }
    }
    script.append("    *)\n      case $typed in\n        -*)\n          case $said in\n");
    appendOptions(script);
    script.append("          esac ;;\n        *)\n          case $said in\n");
    appendWords(script);
    script.append("          esac ;;\n      esac ;;\n  esac\n");
    script.append(bash ? bashTail() : zshTail());
    return script.toString();
  }

  private String function() {
    return "_" + handbook.program().replace('-', '_');
  }

  private String bashTail() {
    return """
          if [ "$found" = FILES ]; then
            mapfile -t COMPREPLY < <(compgen -f -- "$typed")
          else
            mapfile -t COMPREPLY < <(compgen -W "$found" -- "$typed")
          fi
        }
        """
        + "complete -o filenames -F "
        + function()
        + " "
        + handbook.program()
        + "\n";
  }

  private String zshTail() {
    return """
          if [ "$found" = FILES ]; then
            _files
          elif [ -n "$found" ]; then
            compadd -- ${=found}
          fi
        }
        """
        + function()
        + " \"$@\"\n";
  }

  private void appendOptions(StringBuilder script) {
    for (Phrase phrase : handbook.phrases()) {
      if (!phrase.options().isEmpty()) {
        List<Option> all = new ArrayList<>(phrase.options());
        all.addAll(handbook.options());
        append(script, quote(phrase.words()) + "*", names(all));
      }
    }
    append(script, "*", names(handbook.options()));
  }

  private void appendWords(StringBuilder script) {
    append(script, "\"\"", next(""));
    for (Phrase phrase : handbook.phrases()) {
      int blank = phrase.words().indexOf(' ');
      if (blank > 0) {
        String first = phrase.words().substring(0, blank);
        append(script, quote(first), next(first + " "));
      }
      // The most words first: a star stands for any number of them.
      for (int i = phrase.parameters().size() - 1; i >= 0; i--) {
        String values = values(Phrase.plain(phrase.parameters().get(i)));
        append(script, quote(phrase.words()) + "\\ *".repeat(i), values);
      }
    }
  }

  private void append(StringBuilder script, String pattern, String found) {
    if (cases.add(pattern)) {
      script.append("            ").append(pattern).append(") found=");
      script.append(quote(found)).append(" ;;\n");
    }
  }

  /** The next words of the phrases that begin with {@code begin}, each once. */
  private String next(String begin) {
    Set<String> words = new LinkedHashSet<>();
    for (Phrase phrase : handbook.phrases()) {
      if (phrase.words().startsWith(begin)) {
        words.add(phrase.words().substring(begin.length()).split(" ", 2)[0]);
      }
    }
    return String.join(" ", words);
  }

  private static String names(List<Option> options) {
    List<String> names = new ArrayList<>();
    for (Option option : options) {
      names.addAll(option.names());
    }
    return String.join(" ", names) + " --help";
  }

  private List<Option> options() {
    Set<Option> all = new LinkedHashSet<>(handbook.options());
    for (Phrase phrase : handbook.phrases()) {
      all.addAll(phrase.options());
    }
    return List.copyOf(all);
  }

  private Set<String> withValue() {
    Set<String> names = new LinkedHashSet<>();
    for (Option option : options()) {
      if (!option.label().isEmpty()) {
        names.addAll(option.names());
      }
    }
    return names;
  }

  /** What may stand for a label: words, files, or nothing that is known here. */
  private String values(String label) {
    return switch (label) {
      case "FILE", "DIR", "SOCKET", "PATH" -> FILES;
      case "SWITCH" -> "on off";
      case "FORMAT" -> "json";
      case "KHZ" -> "hardware";
      case "KIND" -> "TIME TRAFFIC WORKLOAD BRANCH_RATIO";
      case "LEVEL" ->
          handbook.program().equals(Guest.PROGRAM) ? "HIGH MEDIUM LOW" : "max min up down";
      default -> label.indexOf('|') < 0 ? "" : label.replace('|', ' ');
    };
  }

  private static String quote(String words) {
    return '"' + words + '"';
  }
}
