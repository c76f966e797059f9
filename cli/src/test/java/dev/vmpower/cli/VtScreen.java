package dev.vmpower.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a terminal of one size shows after what it was sent: the sequences that top uses. */
final class VtScreen {
  private static final Pattern SEQUENCE = Pattern.compile("\033\\[([?0-9;]*)([A-Za-z])|\033[=>]");

  private final char[][] cells;
  private final List<String> unknown = new ArrayList<>();
  private int row;
  private int column;
  private boolean alternate;
  private boolean cursor = true;
  private boolean overflowed;

  VtScreen(int width, int height) {
    cells = new char[height][width];
    clear();
  }

  private void clear() {
    for (char[] line : cells) {
      Arrays.fill(line, ' ');
    }
  }

  /** Shows what comes next; a sequence that is not whole yet is to come again with its rest. */
  VtScreen feed(String text) {
    Matcher sequence = SEQUENCE.matcher(text);
    int at = 0;
    while (at < text.length()) {
      if (text.charAt(at) == '\033' && sequence.region(at, text.length()).lookingAt()) {
        String numbers = sequence.group(1) == null ? "" : sequence.group(1);
        obey(numbers, sequence.group(2) == null ? "" : sequence.group(2));
        at = sequence.end();
      } else {
        put(text.charAt(at++));
      }
    }
    return this;
  }

  private void obey(String numbers, String what) {
    switch (numbers + what) {
      case "K" ->
          Arrays.fill(cells[row], Math.min(column, cells[row].length), cells[row].length, ' ');
      case "2J" -> clear();
      case "?25l" -> cursor = false;
      case "?25h" -> cursor = true;
      case "?1049h" -> alternate = true;
      case "?1049l" -> alternate = false;
      default -> {
        if (what.equals("H")) {
          String[] place = numbers.split(";");
          row = Math.min(Integer.parseInt(place[0]) - 1, cells.length - 1);
          column = Integer.parseInt(place[1]) - 1;
        } else if (!what.equals("m")) {
          unknown.add(numbers + what);
        }
      }
    }
  }

  private void put(char c) {
    if (c == '\r' || c == '\n') {
      return;
    }
    if (column >= cells[row].length) {
      overflowed = true;
      return;
    }
    cells[row][column++] = c;
  }

  List<String> lines() {
    return Arrays.stream(cells).map(line -> new String(line).stripTrailing()).toList();
  }

  /** Whether something was written beyond the last column. */
  boolean overflowed() {
    return overflowed;
  }

  boolean isAlternate() {
    return alternate;
  }

  boolean hasCursor() {
    return cursor;
  }

  List<String> unknown() {
    return unknown;
  }
}
