package dev.vmpower.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * The rounds of the daemon, of the floor and, if it was asked for, of the floor's twin in Java,
 * which were run in turn: each is compared with the one beside it, so that what the machine did
 * meanwhile is in both.
 */
record Comparison(List<Load.Round> ours, List<Load.Round> floors, List<Load.Round> twins) {
  /** What the daemon had, over what the floor had, round by round. */
  Figure ratio(ToDoubleFunction<Load.Round> of) {
    return ratio(ours, floors, of);
  }

  /** What the floor's twin in Java had, over what the floor had. */
  Figure twinRatio(ToDoubleFunction<Load.Round> of) {
    return ratio(twins, floors, of);
  }

  /** What the daemon had, over what the floor's twin in Java had. */
  Figure ratioToTwin(ToDoubleFunction<Load.Round> of) {
    return ratio(ours, twins, of);
  }

  private static Figure ratio(
      List<Load.Round> above, List<Load.Round> below, ToDoubleFunction<Load.Round> of) {
    List<Double> ratios = new ArrayList<>();
    for (int i = 0; i < Math.min(above.size(), below.size()); i++) {
      ratios.add(of.applyAsDouble(above.get(i)) / of.applyAsDouble(below.get(i)));
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
