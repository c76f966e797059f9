package dev.vmpower.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * The rounds of the daemon, of the floor and, if it was asked for, of the floor's twin in Java,
 * which were run in turn: each is compared with one beside it, so that what the machine did
 * meanwhile is in both; and with one that had the same place in its round, for whoever comes after
 * another often has the CPU to share that the other had not, and the other way round.
 */
record Comparison(List<Load.Round> ours, List<Load.Round> floors, List<Load.Round> twins) {
  /** What the daemon had, over what the floor had, round by round. */
  Figure ratio(ToDoubleFunction<Load.Round> of) {
    return ratio(ours, floors, 1, of);
  }

  /** What the floor's twin in Java had, over what the floor had. */
  Figure twinRatio(ToDoubleFunction<Load.Round> of) {
    return ratio(twins, floors, -1, of);
  }

  /** What the daemon had, over what the floor's twin in Java had. */
  Figure ratioToTwin(ToDoubleFunction<Load.Round> of) {
    return ratio(ours, twins, 2, of);
  }

  /**
   * Round by round.
   *
   * @param turns how many turns {@code below} comes after {@code above} in the first round
   */
  private Figure ratio(
      List<Load.Round> above, List<Load.Round> below, int turns, ToDoubleFunction<Load.Round> of) {
    int targets = twins.isEmpty() ? 2 : 3;
    List<Double> ratios = new ArrayList<>();
    for (int i = 0; i < above.size(); i++) {
      int first = i / targets * targets; // of as many rounds as each has one of each place
      int other = Math.min(first + Math.floorMod(i - first + turns, targets), below.size() - 1);
      ratios.add(of.applyAsDouble(above.get(i)) / of.applyAsDouble(below.get(other)));
    }
    return Figure.of(ratios);
  }

  /** What the daemon had. */
  Figure our(ToDoubleFunction<Load.Round> of) {
    return Figure.of(ours.stream().map(of::applyAsDouble).toList());
  }

  /** What the floor had. */
  Figure floor(ToDoubleFunction<Load.Round> of) {
    return Figure.of(floors.stream().map(of::applyAsDouble).toList());
  }

  long ourRequests() {
    return ours.stream().mapToLong(Load.Round::requests).sum();
  }
}
