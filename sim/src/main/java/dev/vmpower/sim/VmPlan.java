package dev.vmpower.sim;

import java.util.List;

/**
 * One VM of the demo, and how its day goes.
 *
 * @param cpus the pCPU of each vCPU
 * @param load how busy it is at each full hour, in percent
 * @param offFrom the hour at which it is switched off
 * @param offTo the hour at which it is started again; the same as {@code offFrom} for never off
 * @param turbo whether it asks for turbo when it is busy
 * @param greedy whether it asks, now and then, for a vCPU that is not its own
 */
record VmPlan(
    String name,
    List<Integer> cpus,
    List<Integer> load,
    int offFrom,
    int offTo,
    boolean turbo,
    boolean greedy) {
  static final int HOURS = 24;

  /** The VMs of the demo: web and video share pCPU 4; backup is a bad neighbour. */
  static final List<VmPlan> ALL =
      List.of(
          new VmPlan(
              "web",
              List.of(4, 5),
              List.of(
                  6, 4, 4, 4, 4, 6, 12, 30, 62, 86, 94, 97, 84, 90, 96, 93, 85, 66, 44, 30, 24, 18,
                  12, 8),
              0,
              0,
              false,
              false),
          new VmPlan(
              "video",
              List.of(4, 6),
              List.of(
                  48, 22, 8, 4, 4, 4, 8, 14, 10, 8, 10, 14, 22, 16, 12, 14, 22, 38, 62, 84, 97, 99,
                  92, 72),
              0,
              0,
              true,
              false),
          new VmPlan(
              "backup",
              List.of(2, 7),
              List.of(
                  42, 88, 97, 95, 78, 45, 22, 10, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 6, 8, 12, 20),
              9,
              19,
              true,
              true));

  /** Its load at an hour of the day, as a part of 1. */
  double loadAt(double hour) {
    int before = (int) hour % HOURS;
    double part = hour - Math.floor(hour);
    int percent = load.get(before);
    return (percent + part * (load.get((before + 1) % HOURS) - percent)) / 100;
  }

  boolean isOnAt(double hour) {
    return hour < offFrom || hour >= offTo;
  }
}
