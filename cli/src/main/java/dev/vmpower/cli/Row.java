package dev.vmpower.cli;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One JSON object of an answer, read leniently: a newer daemon may say more, an older one less. */
final class Row {
  private static final int KHZ_PER_MHZ = 1000;

  private final Map<?, ?> object;

  private Row(Map<?, ?> object) {
    this.object = object;
  }

  /**
   * Takes a JSON object.
   *
   * @throws FailureException if it is none
   */
  static Row of(@Nullable Object json) throws FailureException {
    if (json instanceof Map<?, ?> object) {
      return new Row(object);
    }
    throw new FailureException(FailureException.FAILED, "the answer is not what was asked for");
  }

  /**
   * Takes a JSON array.
   *
   * @throws FailureException if it is none
   */
  static List<?> list(@Nullable Object json) throws FailureException {
    if (json instanceof List<?> list) {
      return list;
    }
    throw new FailureException(FailureException.FAILED, "the answer is not what was asked for");
  }

  /** Whether a field is this text. */
  boolean is(String name, String text) {
    return text.equals(object.get(name));
  }

  /** The text of a field, with what would disturb a terminal replaced; empty for none. */
  String text(String name) {
    Object value = object.get(name);
    return value == null ? "" : printable(value.toString());
  }

  /** The text of a field that has lines of its own, each with its newline. */
  String lines(String name) {
    String rest = String.valueOf(object.get(name)).stripTrailing();
    StringBuilder lines = new StringBuilder();
    for (int end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
      lines.append(printable(rest.substring(0, end))).append('\n');
      rest = rest.substring(end + 1);
    }
    return lines.append(printable(rest)).append('\n').toString();
  }

  long number(String name) {
    return object.get(name) instanceof Number number ? number.longValue() : 0;
  }

  /** kHz as MHz. */
  String megahertz(String name) {
    return megahertz(number(name));
  }

  /** kHz as MHz. */
  static String megahertz(long khz) {
    return Long.toString((khz + KHZ_PER_MHZ / 2) / KHZ_PER_MHZ);
  }

  double real(String name) {
    return object.get(name) instanceof Number number ? number.doubleValue() : 0;
  }

  boolean is(String name) {
    return Boolean.TRUE.equals(object.get(name));
  }

  boolean has(String name) {
    return object.get(name) != null;
  }

  List<?> list(String name) {
    return object.get(name) instanceof List<?> list ? list : List.of();
  }

  /** The texts of an array, with commas. */
  String texts(String name) {
    StringBuilder texts = new StringBuilder();
    for (Object item : list(name)) {
      texts.append(texts.isEmpty() ? "" : ", ").append(printable(String.valueOf(item)));
    }
    return texts.toString();
  }

  /** The object in a field; an empty one for none. */
  Row row(String name) {
    return new Row(object.get(name) instanceof Map<?, ?> inner ? inner : Map.of());
  }

  Iterable<?> names() {
    return object.keySet();
  }

  /** The sum of all numbers in this object. */
  long sum() {
    long sum = 0;
    for (Object value : object.values()) {
      sum += value instanceof Number number ? number.longValue() : 0;
    }
    return sum;
  }

  @Override
  public String toString() {
    return printable(Json.write(object));
  }

  private static String printable(String text) {
    StringBuilder clean = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      clean.append(Character.isISOControl(c) ? '?' : c);
    }
    return clean.toString();
  }
}
