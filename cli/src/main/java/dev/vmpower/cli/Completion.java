package dev.vmpower.cli;

import dev.vmpower.cli.Grammar.Option;
import dev.vmpower.cli.Grammar.Phrase;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a word that is being typed in the shell may become. */
final class Completion {
  static final int FILES_MAX = 1000;

  static final List<String> OF_SHELL = List.of("help", "quit");

  private final List<Phrase> phrases;
  private final List<Option> options;
  private final LiveNames names;

  Completion(List<Phrase> phrases, List<Option> options, LiveNames names) {
    this.phrases = phrases;
    this.options = options;
    this.names = names;
  }

  /**
   * What may stand after {@code before} and begins with {@code typed}.
   *
   * @param before the words before the one that is being typed
   */
  Set<String> of(List<String> before, String typed) {
    Set<String> found = new LinkedHashSet<>();
    for (String candidate : candidates(before, typed)) {
      if (candidate.startsWith(typed)) {
        found.add(candidate);
      }
    }
    return found;
  }

  private List<String> candidates(List<String> before, String typed) {
    if (!before.isEmpty() && before.getFirst().equals("help")) {
      return verbs(before.subList(1, before.size()));
    }
    List<String> words = new ArrayList<>();
    Option awaiting = null;
    for (String word : before) {
      if (awaiting != null) {
        awaiting = null;
      } else if (word.startsWith("-")) {
        awaiting = optionWithValue(word);
      } else {
        words.add(word);
      }
    }
    Phrase phrase = phrase(words);
    if (awaiting != null) {
      return values(awaiting.label(), "", typed);
    }
    if (typed.startsWith("-")) {
      return optionNames(phrase);
    }
    if (phrase == null) {
      return words.isEmpty() ? all() : words.size() == 1 ? second(words, typed) : old(words, typed);
    }
    return parameter(phrase, words, typed);
  }

  private List<String> all() {
    List<String> words = verbs(List.of());
    words.addAll(OF_SHELL);
    for (DpdkCommands.Line line : DpdkCommands.TABLE) {
      words.add(line.name());
    }
    return words;
  }

  private List<String> second(List<String> words, String typed) {
    List<String> candidates = verbs(words);
    candidates.addAll(old(words, typed));
    return candidates;
  }

  /** The next words of verbs that begin with {@code words}. */
  private List<String> verbs(List<String> words) {
    String begin = words.isEmpty() ? "" : String.join(" ", words) + " ";
    List<String> next = new ArrayList<>();
    for (Phrase phrase : phrases) {
      if (phrase.words().startsWith(begin)) {
        next.add(DpdkCommands.words(phrase.words().substring(begin.length())).getFirst());
      }
    }
    return next;
  }

  private List<String> old(List<String> words, String typed) {
    List<String> candidates = new ArrayList<>();
    for (DpdkCommands.Line line : DpdkCommands.TABLE) {
      List<String> pattern = DpdkCommands.words(line.command());
      if (line.name().equals(words.getFirst()) && words.size() < pattern.size()) {
        String vm = words.size() > 1 ? words.get(1) : "";
        candidates.addAll(values(pattern.get(words.size()), vm, typed));
      }
    }
    return candidates;
  }

  private List<String> parameter(Phrase phrase, List<String> words, String typed) {
    int first = DpdkCommands.words(phrase.words()).size();
    int last = phrase.parameters().size() - 1;
    int index = words.size() - first;
    if (index > last && (last < 0 || !phrase.parameters().get(last).contains("..."))) {
      return List.of();
    }
    int vm = phrase.indexOf("VM");
    return values(
        Phrase.plain(phrase.parameters().get(Math.min(index, last))),
        vm >= 0 && first + vm < words.size() ? words.get(first + vm) : "",
        typed);
  }

  private @Nullable Phrase phrase(List<String> words) {
    for (Phrase phrase : phrases) {
      List<String> its = DpdkCommands.words(phrase.words());
      if (words.size() >= its.size() && words.subList(0, its.size()).equals(its)) {
        return phrase;
      }
    }
    return null;
  }

  private @Nullable Option optionWithValue(String word) {
    List<Option> all = new ArrayList<>(options);
    for (Phrase phrase : phrases) {
      all.addAll(phrase.options());
    }
    for (Option option : all) {
      if (option.names().contains(word) && !option.label().isEmpty()) {
        return option;
      }
    }
    return null;
  }

  private List<String> optionNames(@Nullable Phrase phrase) {
    List<String> found = new ArrayList<>();
    for (Option option : options) {
      found.addAll(option.names());
    }
    if (phrase != null) {
      for (Option option : phrase.options()) {
        found.addAll(option.names());
      }
    }
    found.add("--help");
    return found;
  }

  /** What may stand for a label; {@code vm} is the VM that was named before. */
  private List<String> values(String label, String vm, String typed) {
    return switch (label) {
      case "VM" -> names.vms();
      case "VCPU" -> names.vcpus(vm);
      case "CPU" -> names.cpus();
      case "CPUS", "PCPUS", "PCPU" -> listed(names.cpus(), typed);
      case "CHANNEL" -> names.channels(vm);
      case "CHANNELS", "LIST|all" -> {
        List<String> channels = listed(names.channels(vm), typed);
        channels.add("all");
        yield channels;
      }
      case "NAME" -> names.policies();
      case "LEVEL" -> List.of("max", "min", "up", "down");
      case "KHZ" -> List.of("hardware");
      case "TIME" -> List.of("30s", "30m", "8h", "2d");
      case "TYPES" -> EventFilter.TYPES;
      case "FORMAT" -> List.of("json");
      case "FILE", "DIR", "SOCKET", "PATH" -> files(typed);
      default -> DpdkCommands.isAny(label) ? List.of() : DpdkCommands.split(label, '|');
    };
  }

  /** Of a list such as {@code 0-3,8} the last number is being typed. */
  private static List<String> listed(List<String> numbers, String typed) {
    int begun = Math.max(typed.lastIndexOf(','), typed.lastIndexOf('-')) + 1;
    List<String> lists = new ArrayList<>();
    for (String number : numbers) {
      lists.add(typed.substring(0, begun) + number);
    }
    return lists;
  }

  private static List<String> files(String typed) {
    String directory = typed.substring(0, typed.lastIndexOf('/') + 1);
    List<String> files = new ArrayList<>();
    try (DirectoryStream<Path> entries =
        Files.newDirectoryStream(Path.of(directory.isEmpty() ? "." : directory))) {
      for (Path entry : entries) {
        if (files.size() == FILES_MAX) {
          break;
        }
        files.add(directory + entry.getFileName() + (Files.isDirectory(entry) ? "/" : ""));
      }
    } catch (IOException | InvalidPathException none) {
      files.clear();
    }
    return files;
  }
}
