package dev.vmpower.bench;

/**
 * One promise, and what was measured of it.
 *
 * @param limit what the median may be at most, or at least
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

  Result with(String noted) {
    return new Result(scenario, what, limit, isLeast, figure, unit, noted);
  }

  boolean isKept() {
    return isLeast ? figure.median() >= limit : figure.median() <= limit;
  }

  String promise() {
    String number = limit == Math.rint(limit) ? "" + (long) limit : "" + limit;
    return (isLeast ? ">= " : "<= ") + number + (unit.isEmpty() ? "" : " " + unit);
  }
}
