package dev.vmpower.cli;

import dev.vmpower.cli.Grammar.Phrase;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Verbs line by line, in the grammar of the command line, and DPDK's host commands.
 *
 * <p>On a terminal the shell goes on after an error. Lines that come from elsewhere are a script:
 * it ends at the first error, with its status. Each line is a call of its own, so a daemon may
 * restart meanwhile.
 */
final class Shell {
  static final int LINE_BYTES_MAX = 64 << 10;

  private static final String SELF = "shell";

  /** Verbs that are none of a shell's. */
  private static final List<String> OUTSIDE = List.of(SELF, "top", "watch");

  private final List<String> options;
  private final PrintStream out;
  private final PrintStream err;
  private final Style style;

  /**
   * Makes a shell.
   *
   * @param options what each line begins with, such as {@code --socket PATH}
   */
  Shell(List<String> options, PrintStream out, PrintStream err, Style style) {
    this.options = options;
    this.out = out;
    this.err = err;
    this.style = style;
  }

  /**
   * Runs the lines of a script.
   *
   * @throws FailureException of the first line that fails
   */
  void script(InputStream in) throws FailureException {
    int number = 0;
    try {
      while (true) {
        number++;
        String line = line(in);
        if (line == null || !obey(line)) {
          return;
        }
      }
    } catch (FailureException failure) {
      throw new FailureException(failure.status(), "line " + number + ": " + failure.line());
    } catch (IOException unreadable) {
      throw new FailureException(
          FailureException.FAILED,
          "line " + number + " cannot be read: " + unreadable.getMessage());
    }
  }

  private static @Nullable String line(InputStream in) throws IOException, FailureException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    int b = in.read();
    if (b < 0) {
      return null;
    }
    while (b >= 0 && b != '\n') {
      line.write(b);
      if (line.size() > LINE_BYTES_MAX) {
        throw new FailureException(
            FailureException.USAGE, "longer than " + LINE_BYTES_MAX + " bytes");
      }
      b = in.read();
    }
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(line.toByteArray()))
          .toString();
    } catch (CharacterCodingException notText) {
      throw new FailureException(FailureException.USAGE, "is no UTF-8 text");
    }
  }

  /** One line of a terminal; false if it ends the shell. */
  boolean converse(String line) {
    try {
      return obey(line);
    } catch (FailureException failure) {
      err.println(Ctl.PROGRAM + ": " + failure.line());
      return true;
    } finally {
      out.flush();
      err.flush();
    }
  }

  /** Does one line; false if it ends the shell. */
  private boolean obey(String line) throws FailureException {
    List<String> words = ShellLine.words(line);
    if (words.isEmpty()) {
      return true;
    }
    DpdkCommands.Line old = DpdkCommands.find(words);
    if (old != null) {
      words = DpdkCommands.verb(old, words);
      if (!old.note().isEmpty()) {
        err.println("note: " + old.note());
      }
    }
    switch (words.getFirst()) {
      case "quit" -> {
        return false;
      }
      case "help" -> help(words.subList(1, words.size()));
      case "top", "watch" ->
          throw new FailureException(
              FailureException.USAGE,
              words.getFirst() + " has no end: run " + Ctl.PROGRAM + " " + words.getFirst());
      case SELF -> throw new FailureException(FailureException.USAGE, "this is the shell already");
      default -> call(words);
    }
    return true;
  }

  private void help(List<String> verb) throws FailureException {
    List<String> words = new ArrayList<>(verb);
    words.add("--help");
    call(words);
    if (verb.isEmpty()) {
      out.println();
      out.println("In this shell, without the program's name. Also: help, help VERB, quit.");
      out.println("DPDK's host commands, and the verbs that they are:");
      for (DpdkCommands.Line line : DpdkCommands.TABLE) {
        String pad = " ".repeat(Math.max(1, 42 - line.command().length()));
        out.println("  " + line.command() + pad + line.verb());
      }
    }
  }

  private void call(List<String> words) throws FailureException {
    List<String> arguments = new ArrayList<>(options);
    arguments.addAll(words);
    Ctl.obey(arguments.toArray(new String[0]), out, style);
  }

  /** What a word may become while it is typed. */
  static Completion completion(String socket) throws FailureException {
    List<Phrase> phrases = new ArrayList<>();
    for (Call call : Calls.all()) {
      if (!OUTSIDE.contains(call.phrase().words())) {
        phrases.add(call.phrase());
      }
    }
    ControlClient client = new ControlClient(Field.path(socket), LiveNames.PATIENCE_MS);
    return new Completion(phrases, Calls.OPTIONS, new LiveNames(client));
  }
}
