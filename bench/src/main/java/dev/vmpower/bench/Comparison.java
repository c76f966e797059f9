package dev.vmpower.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * The rounds of the daemon and of the floor, which were run in turn: each is compared with the one
 * beside it, so that what the machine did meanwhile is in both.
 */
record Comparison(List<Load.Round> ours, List<Load.Round> floors) {
  /** What the daemon had, over what the floor had, round by round. */
  Figure ratio(ToDoubleFunction<Load.Round> of) {
    List<Double> ratios = new ArrayList<>();
    for (int i = 0; i < Math.min(ours.size(), floors.size()); i++) {
      ratios.add(of.applyAsDouble(ours.get(i)) / of.applyAsDouble(floors.get(i)));
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
