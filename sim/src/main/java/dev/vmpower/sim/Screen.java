package dev.vmpower.sim;

import java.io.PrintStream;
import java.util.List;

/**
 * Where tables are shown: over one another in a terminal, one below the other now and then
 * elsewhere.
 *
 * <p>In a terminal it uses the second screen, so that nothing of what the user had is overwritten,
 * and writes each table over the one before, so that nothing flickers.
 */
final class Screen implements AutoCloseable {
  private static final String SECOND_SCREEN = "\033[?1049h";
  private static final String FIRST_SCREEN = "\033[?1049l";
  private static final String HIDE_CURSOR = "\033[?25l";
  private static final String SHOW_CURSOR = "\033[?25h";
  private static final String NO_WRAP = "\033[?7l";
  private static final String WRAP = "\033[?7h";
  private static final String TO_END_OF_LINE = "\033[K";
  private static final String TO_END_OF_SCREEN = "\033[J";

  private final PrintStream out;
  private final boolean terminal;

  Screen(PrintStream out, boolean terminal) {
    this.out = out;
    this.terminal = terminal;
    if (terminal) {
      write(SECOND_SCREEN + HIDE_CURSOR + NO_WRAP);
    }
  }

  /** Shows a table. */
  void show(List<String> lines) {
    StringBuilder text = new StringBuilder();
    if (terminal) {
      for (int i = 0; i < lines.size(); i++) {
        text.append("\033[").append(i + 1).append(";1H");
        text.append(lines.get(i)).append(TO_END_OF_LINE);
      }
      text.append(TO_END_OF_SCREEN);
    } else {
      lines.forEach(line -> text.append(line.stripTrailing()).append('\n'));
      text.append('\n');
    }
    write(text.toString());
  }

  /** Whether nobody reads any more. */
  boolean isBroken() {
    return out.checkError();
  }

  private void write(String text) {
    out.print(text);
    out.flush();
  }

  @Override
  public void close() {
    if (terminal) {
      write(WRAP + SHOW_CURSOR + FIRST_SCREEN);
    }
  }
}
