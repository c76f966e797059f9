package dev.vmpower.bench;

/**
 * One promise, and what was measured of it.
 *
 * @param limit what the median may be at most, or at least; NaN where nothing is promised
 * @param isLeast whether the limit is the least that is promised
 * @param note figures beside it, for who reads; may be empty
 */
record Result(
    String scenario,
    String what,
    double limit,
    boolean isLeast,
    Figure figure,
    String unit,
    String note) {

  static Result atMost(String scenario, String what, double limit, Figure figure, String unit) {
    return new Result(scenario, what, limit, false, figure, unit, "");
  }

  static Result atLeast(String scenario, String what, double limit, Figure figure, String unit) {
    return new Result(scenario, what, limit, true, figure, unit, "");
  }

  /** What is of interest, and no promise. */
  static Result told(String scenario, String what, Figure figure, String unit) {
    return new Result(scenario, what, Double.NaN, false, figure, unit, "");
  }

  Result with(String noted) {
    return new Result(scenario, what, limit, isLeast, figure, unit, noted);
  }

  boolean isKept() {
    if (!isPromise()) {
      return true;
    }
    return isLeast ? figure.median() >= limit : figure.median() <= limit;
  }

  boolean isPromise() {
    return !Double.isNaN(limit);
  }

  String promise() {
    if (!isPromise()) {
      return "-";
    }
    String number = limit == Math.rint(limit) ? "" + (long) limit : "" + limit;
    return (isLeast ? ">= " : "<= ") + number + (unit.isEmpty() ? "" : " " + unit);
  }
}
