package dev.vmpower.sim;

import java.io.PrintStream;

/**
 * How text can look where it goes to: with emphasis in a terminal, with block characters where the
 * character set has them.
 */
final class Style {
  private static final String SPARKS = " ▁▂▃▄▅▆▇█";
  private static final String PLAIN_SPARKS = " .:-=+*#@";
  private static final String[] HEAT = {"32", "32", "33", "33", "31"};

  private final boolean ansi;
  private final boolean blocks;

  Style(boolean ansi, boolean blocks) {
    this.ansi = ansi;
    this.blocks = blocks;
  }

  /** What {@code out} can show. */
  static Style of(PrintStream out, boolean terminal) {
    return new Style(terminal, out.charset().newEncoder().canEncode("▁█·┐┘"));
  }

  String bold(String text) {
    return with("1", text);
  }

  String dim(String text) {
    return with("2", text);
  }

  String inverse(String text) {
    return with("7", text);
  }

  String warning(String text) {
    return with("31", text);
  }

  private String with(String code, String text) {
    return ansi && !text.isBlank() ? "\033[" + code + "m" + text + "\033[0m" : text;
  }

  /** A bar of {@code width} cells, filled up to {@code part} of 1. */
  String bar(double part, int width) {
    int filled = (int) Math.clamp(Math.round(part * width), 0L, (long) width);
    String full = (blocks ? "█" : "#").repeat(filled);
    String heat = HEAT[Math.clamp((int) (part * HEAT.length), 0, HEAT.length - 1)];
    return with(heat, full) + dim(empty(width - filled));
  }

  /** The empty cells of a bar. */
  String empty(int width) {
    return (blocks ? "·" : ".").repeat(width);
  }

  /** One character that is as high as {@code part} of 1. */
  String spark(double part) {
    String sparks = blocks ? SPARKS : PLAIN_SPARKS;
    int height = Math.clamp(Math.round(part * (sparks.length() - 1)), 1, sparks.length() - 1);
    return sparks.substring(height, height + 1);
  }

  /** The sign behind the first or a later one of the pCPUs that are tied together. */
  String tie(boolean first) {
    return blocks ? first ? "┐" : "┘" : first ? "\\" : "/";
  }
}
