package dev.vmpower.sim.world;

import java.util.List;

/**
 * One frequency domain of a simulated host, and what a vote comes to on it. Plain loops over plain
 * levels: this is the rule, not a fast way to it.
 *
 * @param index its place among the host's
 * @param number N of {@code policyN}
 * @param cpus its pCPUs, the lowest first
 * @param khz its levels, highest first
 * @param nonTurboKhz the highest of them without turbo
 */
record Clock(int index, int number, List<Integer> cpus, List<Integer> khz, int nonTurboKhz) {
  boolean hasTurbo() {
    return highest() > nonTurboKhz;
  }

  int highest() {
    return khz.get(0);
  }

  int lowest() {
    return khz.get(khz.size() - 1);
  }

  /** The highest level that is allowed, or the lowest there is. */
  int top(boolean turbo, int maxKhz) {
    for (int level : khz) {
      if (level <= maxKhz && (turbo || level <= nonTurboKhz)) {
        return level;
      }
    }
    return lowest();
  }

  /** The next higher level, or the highest there is. */
  int atLeast(int wantedKhz) {
    int found = highest();
    for (int level : khz) {
      if (level >= wantedKhz) {
        found = level;
      }
    }
    return found;
  }

  /** What {@code vote} comes to between these bounds. */
  int level(int vote, boolean turbo, int minKhz, int maxKhz) {
    int top = top(turbo, maxKhz);
    int bottom = Math.min(atLeast(minKhz), top);
    return switch (vote) {
      case Vote.MAX -> top;
      case Vote.MIN -> bottom;
      case Vote.MEDIUM -> Math.max(Math.min(khz.get(khz.size() / 2), top), bottom);
      default -> Math.max(Math.min(atLeast(vote), top), bottom);
    };
  }

  /** The vote one level above or below where {@code vote} comes to; the same at the end. */
  int step(int vote, boolean up, boolean turbo, int minKhz, int maxKhz) {
    int here = level(vote, turbo, minKhz, maxKhz);
    int end = up ? top(turbo, maxKhz) : level(Vote.MIN, turbo, minKhz, maxKhz);
    if (here == end) {
      return vote;
    }
    int place = khz.indexOf(here);
    return khz.get(up ? place - 1 : place + 1);
  }
}
