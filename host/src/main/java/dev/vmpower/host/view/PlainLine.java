package dev.vmpower.host.view;

import java.util.regex.Pattern;

/**
 * Text that may hold what a stranger wrote, as one line that is safe in a log and on a terminal:
 * without controls (C0, and C1 with its own escape), line separators, and the invisible characters
 * that turn the direction of a line about.
 */
public final class PlainLine {
  private static final Pattern UNSHOWABLE = Pattern.compile("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]");

  private PlainLine() {}

  /** {@code text} with a {@code ?} for each character that cannot be shown. */
  public static String of(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < ' ' || c > '~') { // not plain ASCII, as nearly every line is
        return UNSHOWABLE.matcher(text).replaceAll("?");
      }
    }
    return text;
  }

  /** The same, cut where it is longer than {@code charsMax}. */
  public static String of(String text, int charsMax) {
    String line = of(text);
    return line.length() <= charsMax ? line : line.substring(0, charsMax) + "…";
  }
}
