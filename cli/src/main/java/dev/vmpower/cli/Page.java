package dev.vmpower.cli;

/** Names and what there is to say of each, in full: a text that is too long goes on below. */
final class Page {
  private static final int NAME_WIDTH = 10;
  private static final int TEXT_WIDTH = Table.WIDTH_MAX - NAME_WIDTH;

  private final Style style;
  private final StringBuilder text = new StringBuilder();

  Page(Style style) {
    this.style = style;
  }

  /** Adds a line, or as many as the value needs. */
  Page line(String name, String value) {
    return add(name, value, false);
  }

  /** Adds a line that should catch the eye. */
  Page alarm(String name, String value) {
    return add(name, value, true);
  }

  /** Adds a line where there is something to say. */
  Page lineIfAny(String name, String value) {
    return value.isEmpty() ? this : line(name, value);
  }

  private Page add(String name, String value, boolean alarm) {
    String padded = name + " ".repeat(Math.max(1, NAME_WIDTH - name.length()));
    String rest = value;
    do {
      String part = rest.substring(0, breakAt(rest));
      text.append(padded.isBlank() ? padded : style.strong(padded));
      text.append(alarm ? style.alarm(part) : part).append('\n');
      rest = rest.substring(part.length()).strip();
      padded = " ".repeat(NAME_WIDTH);
    } while (!rest.isEmpty());
    return this;
  }

  private static int breakAt(String rest) {
    if (rest.length() <= TEXT_WIDTH) {
      return rest.length();
    }
    int blank = rest.lastIndexOf(' ', TEXT_WIDTH);
    return blank > 0 ? blank : TEXT_WIDTH;
  }

  /** Adds an empty line, and what follows it. */
  Page block(String lines) {
    text.append('\n').append(lines);
    return this;
  }

  String format() {
    return text.toString();
  }
}
