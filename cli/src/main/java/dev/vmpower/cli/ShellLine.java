package dev.vmpower.cli;

import java.util.ArrayList;
import java.util.List;

/** A line taken apart into words, as a POSIX shell would, but without any expansion. */
final class ShellLine {
  private ShellLine() {}

  /**
   * The words of a line: parted by blanks, which quotes and backslashes keep; from a word that
   * begins with {@code #} on it is a comment.
   *
   * @throws FailureException if a quote is not closed
   */
  static List<String> words(String line) throws FailureException {
    List<String> words = new ArrayList<>();
    StringBuilder word = new StringBuilder();
    boolean begun = false;
    char quote = 0;
    for (int i = 0; i < line.length(); i++) {
      char c = line.charAt(i);
      if (quote != 0 && c == quote) {
        quote = 0;
      } else if (c == '\\' && quote != '\'' && i + 1 < line.length()) {
        word.append(line.charAt(++i));
        begun = true;
      } else if (quote != 0) {
        word.append(c);
      } else if (c == '\'' || c == '"') {
        quote = c;
        begun = true;
      } else if (c == ' ' || c == '\t' || c == '\r') {
        if (begun) {
          words.add(word.toString());
        }
        word.setLength(0);
        begun = false;
      } else if (c == '#' && !begun) {
        return words;
      } else {
        word.append(c);
        begun = true;
      }
    }
    if (quote != 0) {
      throw new FailureException(FailureException.USAGE, "a " + quote + " is not closed");
    }
    if (begun) {
      words.add(word.toString());
    }
    return words;
  }
}
