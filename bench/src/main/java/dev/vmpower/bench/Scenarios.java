package dev.vmpower.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** Requests, answered as fast as they come: against the floor, round by round. */
final class Scenarios {
  private final Tools tools;
  private final int rounds;
  private double nsWith64; // CPU time of a request with 64 channels; 0 until it was measured

  Scenarios(Tools tools, int rounds) {
    this.tools = tools;
    this.rounds = rounds;
  }

  private Comparison measure(Rig.Plan plan) throws IOException {
    try (Rig rig = new Rig(tools, plan)) {
      rig.warmUp();
      return rig.measure();
    }
  }

  List<Result> paced() throws IOException {
    Comparison seen = measure(Rig.Plan.of("paced", 1, 1, rounds, 1000));
    String scenario = "1 channel, a request each ms";
    List<Result> results = new ArrayList<>();
    results.add(
        Result.atMost(
                scenario, "round trip p50, of the floor", 1.25, seen.ratio(Load.Round::p50Ns), "")
            .with(beside(seen, Load.Round::p50Ns)));
    addTwin(results, scenario, "round trip p50", seen, Load.Round::p50Ns);
    results.add(
        Result.atMost(
                scenario, "round trip p99, of the floor", 1.5, seen.ratio(Load.Round::p99Ns), "")
            .with(beside(seen, Load.Round::p99Ns)));
    addTwin(results, scenario, "round trip p99", seen, Load.Round::p99Ns);
    results.add(cpuPerRequest(scenario, seen));
    return results;
  }

  List<Result> saturated() throws IOException {
    Comparison seen = measure(Rig.Plan.of("saturated", 1, 1, 2 * rounds, 100));
    String scenario = "1 channel, saturated";
    List<Result> results = new ArrayList<>();
    results.add(
        Result.atMost(
                scenario, "round trip p50, of the floor", 1.15, seen.ratio(Load.Round::p50Ns), "")
            .with(beside(seen, Load.Round::p50Ns)));
    addTwin(results, scenario, "round trip p50", seen, Load.Round::p50Ns);
    results.add(cpuPerRequest(scenario, seen));
    return results;
  }

  /** What no scheduler blurs, where a round trip is what is promised. */
  private static Result cpuPerRequest(String scenario, Comparison seen) {
    return Result.told(
            scenario, "CPU per request, of the floor", seen.ratio(Load.Round::cpuNsPerRequest), "")
        .with(beside(seen, Load.Round::cpuNsPerRequest));
  }

  List<Result> sixtyFour() throws IOException {
    Comparison seen = measure(Rig.Plan.of("saturated", 64, 1, rounds, 300));
    nsWith64 = seen.our(Load.Round::cpuNsPerRequest).median();
    return throughput("64 channels, saturated", 0.9, 1.25, seen);
  }

  List<Result> shared() throws IOException {
    Comparison seen = measure(Rig.Plan.of("saturated", 64, 16, rounds, 300));
    String scenario = "64 channels on 4 frequency domains";
    List<Result> results = throughput(scenario, 1.0, 0, seen);
    results.add(
        Result.atMost(
            scenario, "writes per request", 0.25, seen.our(Load.Round::writesPerRequest), ""));
    return results;
  }

  List<Result> thousand() throws IOException {
    if (nsWith64 == 0) {
      sixtyFour();
    }
    Comparison seen = measure(Rig.Plan.of("saturated", 1000, 1, rounds, 400));
    String scenario = "1,000 channels, saturated";
    List<Result> results = throughput(scenario, 0.85, 0, seen);
    Figure cost = seen.our(Load.Round::cpuNsPerRequest);
    results.add(
        Result.atMost(
                scenario,
                "CPU per request, of that with 64",
                1.3,
                new Figure(
                    cost.median() / nsWith64,
                    cost.low() / nsWith64,
                    cost.high() / nsWith64,
                    rounds),
                "")
            .with(beside(seen, Load.Round::cpuNsPerRequest)));
    return results;
  }

  private static List<Result> throughput(
      String scenario, double leastThroughput, double mostCpu, Comparison seen) {
    List<Result> results = new ArrayList<>();
    Figure ours = seen.our(Load.Round::perSecond);
    Figure floors = seen.floor(Load.Round::perSecond);
    results.add(
        Result.atLeast(
                scenario,
                "throughput, of the floor",
                leastThroughput,
                seen.ratio(Load.Round::perSecond),
                "")
            .with(ours.text("/s") + ", floor " + floors.text("/s")));
    addTwin(results, scenario, "throughput", seen, Load.Round::perSecond);
    if (mostCpu > 0) {
      results.add(
          Result.atMost(
                  scenario,
                  "CPU per request, of the floor",
                  mostCpu,
                  seen.ratio(Load.Round::cpuNsPerRequest),
                  "")
              .with(beside(seen, Load.Round::cpuNsPerRequest)));
    }
    addTwin(results, scenario, "CPU per request", seen, Load.Round::cpuNsPerRequest);
    return results;
  }

  /** What Java's channels alone cost, where that was measured too. */
  private static void addTwin(
      List<Result> results,
      String scenario,
      String what,
      Comparison seen,
      ToDoubleFunction<Load.Round> of) {
    if (!seen.twins().isEmpty()) {
      String ours = "vmpower has " + seen.ratioToTwin(of).text("") + " of the twin's";
      Figure ratio = seen.twinRatio(of);
      results.add(Result.told(scenario, what + ", twin of the floor", ratio, "").with(ours));
    }
  }

  /** What both had, in microseconds. */
  private static String beside(Comparison seen, ToDoubleFunction<Load.Round> ns) {
    Figure ours = Figure.of(seen.our(ns).median() / 1e3);
    return ours.text("us") + ", floor " + Figure.of(seen.floor(ns).median() / 1e3).text("us");
  }
}
