package dev.vmpower.machine.cpufreq;

import java.util.Arrays;
import java.util.NavigableSet;
import java.util.TreeSet;

/**
 * The frequencies that a frequency domain can be asked for, highest first, and where turbo ends.
 *
 * <p>Index 0 is the highest level. {@link #nonTurboIndex} is the highest level without turbo: the
 * levels above it, if any, are turbo.
 */
public final class Ladder {
  /** A first level this far above the second stands for turbo (acpi-cpufreq's marker). */
  private static final int TURBO_MARKER_KHZ = 1000;

  private static final int STEP_KHZ = 100_000;

  /** No CPU is this fast; beyond is nonsense that would make a ladder of thousands of levels. */
  static final int KHZ_MAX = 100_000_000;

  private final int[] levelsKhz;
  private final int nonTurboIndex;
  private final boolean topIsSwitched;

  private Ladder(int[] levelsKhz, int nonTurboIndex, boolean topIsSwitched) {
    this.levelsKhz = levelsKhz;
    this.nonTurboIndex = nonTurboIndex;
    this.topIsSwitched = topIsSwitched;
  }

  /**
   * The ladder of a driver with a table ({@code scaling_available_frequencies}).
   *
   * @throws IllegalArgumentException if {@code table} has no frequency or one that is no number
   */
  public static Ladder ofTable(String table) {
    TreeSet<Integer> levels = new TreeSet<>();
    for (String word : table.strip().split("\\s+")) {
      if (!word.matches("0*[1-9][0-9]{0,8}") || Integer.parseInt(word) > KHZ_MAX) {
        throw new IllegalArgumentException("'" + word + "' is no frequency in kHz");
      }
      levels.add(Integer.valueOf(word));
    }
    int[] khz = descending(levels);
    boolean marked = khz.length > 1 && khz[0] - khz[1] == TURBO_MARKER_KHZ;
    return new Ladder(khz, marked ? 1 : 0, false);
  }

  /**
   * The ladder of a driver without a table: the hardware's limits, {@code nonTurboKhz} and the
   * multiples of 100 MHz between.
   *
   * @throws IllegalArgumentException if the limits are no range
   */
  public static Ladder ofRange(int minKhz, int maxKhz, int nonTurboKhz) {
    if (minKhz <= 0 || maxKhz < minKhz || maxKhz > KHZ_MAX) {
      throw new IllegalArgumentException(minKhz + ".." + maxKhz + " is no range of kHz");
    }
    int top = Math.clamp(nonTurboKhz, minKhz, maxKhz);
    TreeSet<Integer> levels = new TreeSet<>();
    levels.add(minKhz);
    levels.add(maxKhz);
    levels.add(top);
    for (int khz = minKhz / STEP_KHZ * STEP_KHZ + STEP_KHZ; khz < maxKhz; khz += STEP_KHZ) {
      levels.add(khz);
    }
    int[] khz = descending(levels);
    int index = 0;
    while (khz[index] != top) {
      index++;
    }
    return new Ladder(khz, index, false);
  }

  /** This ladder where the top level is turbo. One of a single level has none. */
  Ladder withTurboTop() {
    return new Ladder(levelsKhz, Math.min(1, bottomIndex()), false);
  }

  /** This ladder where the top level is with turbo or without it, by a switch beside it. */
  Ladder withSwitchedTop() {
    return new Ladder(levelsKhz, 0, true);
  }

  /** Whether turbo, where there is any, is told by acpi-cpufreq's marker in the table. */
  boolean turboIsMarked() {
    return nonTurboIndex == 0 ? !topIsSwitched : levelsKhz[0] - levelsKhz[1] == TURBO_MARKER_KHZ;
  }

  private static int[] descending(NavigableSet<Integer> levels) {
    return levels.descendingSet().stream().mapToInt(Integer::intValue).toArray();
  }

  public int size() {
    return levelsKhz.length;
  }

  public int khz(int index) {
    return levelsKhz[index];
  }

  public int bottomIndex() {
    return levelsKhz.length - 1;
  }

  /** The index of the highest level without turbo; 0 where no level is turbo by itself. */
  public int nonTurboIndex() {
    return nonTurboIndex;
  }

  public boolean hasTurbo() {
    return nonTurboIndex > 0 || topIsSwitched;
  }

  /** Whether the top level is with turbo or without it, by a switch beside the ladder. */
  public boolean topIsSwitched() {
    return topIsSwitched;
  }

  /** The index of the lowest level that is at least {@code khz}; 0 if none is. */
  public int ceilingIndex(int khz) {
    int index = levelsKhz.length - 1;
    while (index > 0 && levelsKhz[index] < khz) {
      index--;
    }
    return index;
  }

  /** The index of the highest level that is at most {@code khz}; the lowest level if none is. */
  public int floorIndex(int khz) {
    int index = 0;
    while (index < levelsKhz.length - 1 && levelsKhz[index] > khz) {
      index++;
    }
    return index;
  }

  /** The levels in kHz, highest first. */
  public int[] toArray() {
    return levelsKhz.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Ladder ladder
        && nonTurboIndex == ladder.nonTurboIndex
        && topIsSwitched == ladder.topIsSwitched
        && Arrays.equals(levelsKhz, ladder.levelsKhz);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(levelsKhz) * 31 + nonTurboIndex;
  }

  @Override
  public String toString() {
    String turbo = topIsSwitched ? " turbo by a switch" : " turbo above " + khz(nonTurboIndex);
    return Arrays.toString(levelsKhz) + (hasTurbo() ? turbo : "");
  }
}
