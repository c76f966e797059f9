package dev.vmpower.fuzz;

/** What a line for an operator must be, whatever bytes it is about. */
public final class Lines {
  private static final int CHARS_MAX = 1_000;

  private Lines() {}

  /** Throws if {@code line} is not one line of plain text, of a length that can be read. */
  public static void check(String line) {
    if (line.isBlank() || line.length() > CHARS_MAX) {
      throw new AssertionError("a line of " + line.length() + " characters");
    }
    for (int i = 0; i < line.length(); i++) {
      int type = Character.getType(line.charAt(i));
      if (type == Character.CONTROL
          || type == Character.FORMAT
          || type == Character.LINE_SEPARATOR
          || type == Character.PARAGRAPH_SEPARATOR) {
        throw new AssertionError("character " + (int) line.charAt(i) + " at " + i + " of: " + line);
      }
    }
  }
}
