package dev.vmpower.cli;

import dev.vmpower.cli.TopPage.Line;
import java.util.List;

/**
 * Turns one screenful after another into what a terminal must be sent: of each only the lines that
 * differ from what is there, in one text.
 */
final class Frames {
  /** To a screen of its own, with no cursor. */
  static final String ENTER = "\033[?1049h\033[?25l";

  /** Back to what was there before. */
  static final String LEAVE = "\033[0m\033[?25h\033[?1049l";

  private static final String CLEAR = "\033[0m\033[2J";
  private static final String CLEAR_LINE_END = "\033[K";

  private final Style style;
  private List<Line> shown = List.of();
  private int width;
  private int height;

  Frames(Style style) {
    this.style = style;
  }

  /** What to send so that a terminal of this size shows {@code lines}; empty where it does. */
  String next(List<Line> lines, int width, int height) {
    StringBuilder text = new StringBuilder();
    if (width != this.width || height != this.height) {
      text.append(CLEAR);
      shown = List.of();
      this.width = width;
      this.height = height;
    }
    for (int i = 0; i < Math.max(lines.size(), shown.size()); i++) {
      Line line = i < lines.size() ? lines.get(i) : new Line("", false, false);
      if (i < shown.size() && shown.get(i).equals(line)) {
        continue;
      }
      text.append("\033[").append(i + 1).append(";1H");
      text.append(
          line.alarm()
              ? style.alarm(line.text())
              : line.strong() ? style.strong(line.text()) : line.text());
      if (line.text().length() < width) { // beyond the last column it would erase that
        text.append(CLEAR_LINE_END);
      }
    }
    shown = List.copyOf(lines);
    return text.toString();
  }
}
