package dev.vmpower.sim;

/** The time of a simulated day, which passes in seconds. It begins at 06:00. */
final class DayClock {
  private static final double BEGIN_HOUR = 6;
  private static final double NS_PER_SECOND = 1e9;

  private static final long NOT_YET = Long.MIN_VALUE;

  private final double hoursPerSecond;
  private volatile long beganNs = NOT_YET;

  /** A clock that stands at 06:00. */
  DayClock(int secondsPerDay) {
    hoursPerSecond = (double) VmPlan.HOURS / secondsPerDay;
  }

  /** Begins the day. */
  void start() {
    beganNs = System.nanoTime();
  }

  /** Hours since the midnight before it began; grows beyond 24. */
  double hours() {
    return BEGIN_HOUR + seconds() * hoursPerSecond;
  }

  /** Real seconds since it began. */
  double seconds() {
    long began = beganNs;
    return began == NOT_YET ? 0 : (System.nanoTime() - began) / NS_PER_SECOND;
  }

  /** The hour of the day, 0 to 24. */
  static double hourOfDay(double hours) {
    return hours % VmPlan.HOURS;
  }
}
