package dev.vmpower.bench;

import java.util.List;
import java.util.Locale;

/**
 * A measured figure: the median of its rounds, and the middle half of them as its spread.
 *
 * @param low a quarter of the rounds had less
 * @param high a quarter of the rounds had more
 */
record Figure(double median, double low, double high, int rounds) {
  static Figure of(List<Double> values) {
    List<Double> sorted = values.stream().sorted().toList();
    return new Figure(at(sorted, 0.5), at(sorted, 0.25), at(sorted, 0.75), sorted.size());
  }

  static Figure of(double value) {
    return new Figure(value, value, value, 1);
  }

  private static double at(List<Double> sorted, double part) {
    if (sorted.isEmpty()) {
      return Double.NaN;
    }
    double place = part * (sorted.size() - 1);
    int below = (int) place;
    int above = Math.min(below + 1, sorted.size() - 1);
    return sorted.get(below) + (place - below) * (sorted.get(above) - sorted.get(below));
  }

  /** As "1.07 (1.02-1.13)", with a unit behind it; one value alone as "1.07". */
  String text(String unit) {
    String suffix = unit.isEmpty() ? "" : " " + unit;
    return rounds == 1
        ? number(median) + suffix
        : number(median) + " (" + number(low) + "-" + number(high) + ")" + suffix;
  }

  private static String number(double value) {
    double size = Math.abs(value);
    String format = size >= 100 ? "%.0f" : size >= 10 ? "%.1f" : size >= 0.1 ? "%.2f" : "%.3f";
    return String.format(Locale.ROOT, format, value);
  }
}
