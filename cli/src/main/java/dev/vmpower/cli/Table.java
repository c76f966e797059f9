package dev.vmpower.cli;

import java.util.ArrayList;
import java.util.List;

/** Rows and columns that fit a terminal of 80 columns, whatever is in them. */
final class Table {
  static final int WIDTH_MAX = 80;

  private static final String GAP = "  ";

  /** An elastic column is not made narrower than this. */
  private static final int ELASTIC_WIDTH_MIN = 8;

  /** How a column is set. */
  enum Kind {
    /** To the left. */
    TEXT,
    /** To the right. */
    NUMBER,
    /** To the left, and shortened where the row does not fit. */
    ELASTIC
  }

  private final Style style;
  private final List<String> names = new ArrayList<>();
  private final List<Kind> kinds = new ArrayList<>();
  private final List<String[]> rows = new ArrayList<>();
  private final List<Boolean> alarming = new ArrayList<>();

  Table(Style style) {
    this.style = style;
  }

  Table column(String name, Kind kind) {
    names.add(name);
    kinds.add(kind);
    return this;
  }

  /**
   * Adds a row.
   *
   * @param alarm whether it should catch the eye
   */
  void add(boolean alarm, String... cells) {
    rows.add(cells);
    alarming.add(alarm);
  }

  /** All lines, each with its newline. */
  String format() {
    int[] widths = widths();
    StringBuilder text = new StringBuilder();
    text.append(style.strong(line(names.toArray(new String[0]), widths))).append('\n');
    for (int i = 0; i < rows.size(); i++) {
      String line = line(rows.get(i), widths);
      text.append(alarming.get(i) ? style.alarm(line) : line).append('\n');
    }
    return text.toString();
  }

  private int[] widths() {
    int[] widths = new int[names.size()];
    int total = GAP.length() * (widths.length - 1);
    for (int i = 0; i < widths.length; i++) {
      widths[i] = names.get(i).length();
      for (String[] row : rows) {
        widths[i] = Math.max(widths[i], row[i].length());
      }
      total += widths[i];
    }
    while (total > WIDTH_MAX) {
      int widest = -1;
      for (int i = 0; i < widths.length; i++) {
        if (kinds.get(i) == Kind.ELASTIC
            && widths[i] > ELASTIC_WIDTH_MIN
            && (widest < 0 || widths[i] > widths[widest])) {
          widest = i;
        }
      }
      if (widest < 0) {
        break;
      }
      widths[widest]--;
      total--;
    }
    return widths;
  }

  private String line(String[] cells, int[] widths) {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < cells.length; i++) {
      String cell = style.shorten(cells[i], widths[i]);
      line.append(i == 0 ? "" : GAP);
      if (kinds.get(i) == Kind.NUMBER) {
        line.repeat(' ', widths[i] - cell.length()).append(cell);
      } else {
        line.append(cell).repeat(' ', widths[i] - cell.length());
      }
    }
    return line.toString().stripTrailing();
  }
}
