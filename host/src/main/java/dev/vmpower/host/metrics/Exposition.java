package dev.vmpower.host.metrics;

import java.util.Locale;

/**
 * Samples as text, in the format of Prometheus (0.0.4) or of OpenMetrics (1.0.0), which differ in
 * the names of families, in units, and in the last line.
 */
final class Exposition {
  private static final double EXACT_MAX = 1L << 53;
  private static final int EXPONENT_MIN = 5; // of a number below 1 that has one

  private final boolean openMetrics;
  private final StringBuilder text = new StringBuilder(8 << 10);
  private Metric metric = Metric.BUILD;

  Exposition(boolean openMetrics) {
    this.openMetrics = openMetrics;
  }

  /** Begins a metric; its samples follow. */
  Exposition begin(Metric metric) {
    this.metric = metric;
    String name = openMetrics ? metric.family : metric.sample();
    if (openMetrics && !metric.unit.isEmpty()) {
      line("# UNIT ", name, metric.unit);
    }
    line("# HELP ", name, metric.help);
    boolean info = metric.type == Metric.Type.INFO && !openMetrics;
    line("# TYPE ", name, info ? "gauge" : metric.type.name().toLowerCase(Locale.ROOT));
    return this;
  }

  private void line(String mark, String name, String rest) {
    text.append(mark).append(name).append(' ').append(rest).append('\n');
  }

  /**
   * Adds a sample.
   *
   * @param labels names and values in turn
   */
  Exposition sample(long value, String... labels) {
    return add("", Long.toString(value), labels);
  }

  /** As {@link #sample(long, String...)}. */
  Exposition sample(double value, String... labels) {
    return add("", number(value), labels);
  }

  /** Adds a sample of a histogram, whose name goes on with {@code suffix}. */
  Exposition suffixed(String suffix, long value, String... labels) {
    return add(suffix, Long.toString(value), labels);
  }

  /** As {@link #suffixed(String, long, String...)}. */
  Exposition suffixed(String suffix, double value, String... labels) {
    return add(suffix, number(value), labels);
  }

  private Exposition add(String suffix, String value, String... labels) {
    text.append(metric.sample()).append(suffix);
    for (int i = 0; i < labels.length; i += 2) {
      text.append(i == 0 ? '{' : ',').append(labels[i]).append("=\"");
      escape(labels[i + 1]);
      text.append('"');
    }
    text.append(labels.length == 0 ? " " : "} ").append(value).append('\n');
    return this;
  }

  private void escape(String label) {
    for (int i = 0; i < label.length(); i++) {
      char c = label.charAt(i);
      switch (c) {
        case '\\' -> text.append("\\\\");
        case '"' -> text.append("\\\"");
        case '\n' -> text.append("\\n");
        default -> text.append(c);
      }
    }
  }

  /** A number, without a fraction where it is whole. */
  static String number(double value) {
    boolean whole = value == Math.rint(value) && Math.abs(value) < EXACT_MAX;
    return whole ? Long.toString((long) value) : Double.toString(value);
  }

  /** The bound of a bucket as OpenMetrics would have it everywhere: 0.001, 1.0, 1e-05. */
  static String bound(double value) {
    String[] parts = Double.toString(value).split("E-", 2);
    if (parts.length == 1) {
      return parts[0];
    }
    int exponent = Integer.parseInt(parts[1]);
    String digits = parts[0].replaceFirst("\\.0$", "");
    return exponent < EXPONENT_MIN
        ? "0." + "0".repeat(exponent - 1) + digits.replace(".", "")
        : digits + (exponent < 10 ? "e-0" : "e-") + exponent;
  }

  /** All of it. */
  String end() {
    return text.append(openMetrics ? "# EOF\n" : "").toString();
  }
}
