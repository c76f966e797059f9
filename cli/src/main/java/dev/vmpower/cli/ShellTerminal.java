package dev.vmpower.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.jline.reader.Candidate;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReader.Option;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.ParsedLine;
import org.jline.reader.UserInterruptException;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jspecify.annotations.Nullable;

/** The shell on a terminal: line editing, history and completion, which JLine does. */
final class ShellTerminal {
  static final int HISTORY_LINES_MAX = 1000;

  private static final String PROMPT = "vmpowerctl> ";

  private final Shell shell;
  private final Completion completion;

  ShellTerminal(Shell shell, Completion completion) {
    this.shell = shell;
    this.completion = completion;
  }

  /**
   * Reads and does lines until the end.
   *
   * @throws FailureException if there is no terminal to read from
   */
  void run(Map<String, String> environment, PrintStream err) throws FailureException {
    try (Terminal terminal = terminal(environment)) {
      LineReader reader = reader(terminal, history(environment, err));
      while (shell.converse(read(reader))) {
        // Until it says that it ends.
      }
    } catch (EndOfFileException end) {
      // Ctrl-D.
    } catch (IOException broken) {
      throw new FailureException(
          FailureException.FAILED, "cannot use the terminal: " + broken.getMessage());
    }
  }

  /**
   * The terminal that this program has. JLine would ask it what it can do, wait for the answer, and
   * lose what is typed meanwhile; of an Apple_Terminal it knows that it cannot do any of that. And
   * its own native library would be unpacked to the folder for temporary files, where a program
   * that is killed leaves it: so the C library is called without.
   */
  static Terminal terminal(Map<String, String> environment) throws IOException {
    return TerminalBuilder.builder()
        .name(Ctl.PROGRAM)
        .system(true)
        .provider(TerminalBuilder.PROP_PROVIDER_FFM)
        .graphemeCluster(false)
        .env(name -> name.equals("TERM_PROGRAM") ? "Apple_Terminal" : environment.get(name))
        .build();
  }

  private static String read(LineReader reader) {
    try {
      return reader.readLine(PROMPT);
    } catch (UserInterruptException givenUp) {
      return "";
    }
  }

  private LineReader reader(Terminal terminal, @Nullable Path history) {
    LineReaderBuilder builder =
        LineReaderBuilder.builder()
            .appName(Ctl.PROGRAM)
            .terminal(terminal)
            .completer((reader, line, candidates) -> complete(line, candidates))
            .option(Option.DISABLE_EVENT_EXPANSION, true)
            .option(Option.AUTO_MENU, false) // a list, as in a shell
            .variable(LineReader.HISTORY_SIZE, HISTORY_LINES_MAX)
            .variable(LineReader.HISTORY_FILE_SIZE, HISTORY_LINES_MAX);
    if (history != null) {
      builder.variable(LineReader.HISTORY_FILE, history);
    }
    return builder.build();
  }

  private void complete(ParsedLine line, List<Candidate> candidates) {
    String typed = line.word().substring(0, line.wordCursor());
    for (String word : completion.of(line.words().subList(0, line.wordIndex()), typed)) {
      boolean whole = !word.endsWith("/");
      candidates.add(new Candidate(word, word, null, null, null, null, whole));
    }
  }

  /** The file with the lines of before, for its owner alone; null where there can be none. */
  private static @Nullable Path history(Map<String, String> environment, PrintStream err) {
    String state = environment.getOrDefault("XDG_STATE_HOME", "");
    String home = environment.getOrDefault("HOME", "");
    if (state.isEmpty() && home.isEmpty()) {
      return null;
    }
    Path directory =
        (state.isEmpty() ? Path.of(home, ".local", "state") : Path.of(state)).resolve("vmpower");
    Path file = directory.resolve("history");
    try {
      Files.createDirectories(directory, mode("rwx------"));
      if (Files.exists(file)) {
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
      } else {
        Files.createFile(file, mode("rw-------"));
      }
      return file;
    } catch (IOException notKept) {
      err.println("note: the history is not kept: " + notKept.getMessage());
      return null;
    }
  }

  private static FileAttribute<?> mode(String permissions) {
    return PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions));
  }
}
