package dev.vmpower.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/** What a guest has to bear of other guests, of libvirt and of operators: beside its quiet self. */
final class Disturbed {
  private static final int DOMAINS = 100;

  private final Tools tools;
  private final int rounds;

  Disturbed(Tools tools, int rounds) {
    this.tools = tools;
    this.rounds = rounds;
  }

  /** One guest asks every 10 ms, another sends all it can and reads nothing, or rests, in turn. */
  List<Result> flooded() throws IOException {
    List<Double> ratios = new ArrayList<>();
    List<Double> quietNs = new ArrayList<>();
    List<Double> floodedNs = new ArrayList<>();
    try (Rig rig = new Rig(tools, Rig.Plan.of("flooded", 8, 1, rounds, 1000).alone())) {
      rig.warmUp();
      for (int i = 0; i < rounds; i++) {
        quietNs.add(rig.measure("polite", 1).our(Load.Round::p99Ns).median());
        floodedNs.add(rig.measure("flooded", 1).our(Load.Round::p99Ns).median());
        ratios.add(floodedNs.getLast() / quietNs.getLast());
      }
    }
    return List.of(
        compared("a guest floods, one asks each 10 ms", 3, Figure.of(ratios))
            .with(beside(Figure.of(floodedNs).median(), Figure.of(quietNs).median())));
  }

  /** Bursts of 64 requests while libvirt's domains are pinned anew, one after the other. */
  List<Result> pinned() throws IOException {
    Path xml = Files.createTempFile("vmpower-bench", ".xml");
    try {
      Files.writeString(xml, domains(DOMAINS));
      Rig.Plan plan = Rig.Plan.of("bursts", 64, 1, rounds, 300).alone().under("test://" + xml);
      return disturbed(
          "bursts while libvirt pins 100 VMs anew",
          plan,
          i ->
              Disturbance.post(
                  "/v1/pin",
                  "{\"vm\": \"domain"
                      + i % DOMAINS
                      + "\", \"vcpu\": 0, \"cpus\": \""
                      + i / DOMAINS % 2
                      + "\"}"));
    } finally {
      Files.delete(xml);
    }
  }

  /** What libvirt's test driver is told to have. */
  static String domains(int count) {
    StringBuilder xml = new StringBuilder("<node>\n");
    for (int i = 0; i < count; i++) {
      xml.append("<domain type='test'><name>domain").append(i);
      xml.append("</name><memory>8192</memory><vcpu>1</vcpu><os><type>hvm</type></os></domain>\n");
    }
    return xml.append("</node>\n").toString();
  }

  /** Bursts of 1,000 requests while the API lists the channels. */
  List<Result> listed() throws IOException {
    return disturbed(
        "bursts while the API lists 1,000 channels",
        Rig.Plan.of("bursts", 1000, 1, rounds, 300).alone(),
        i -> Disturbance.get("/v1/channels"));
  }

  private List<Result> disturbed(String scenario, Rig.Plan plan, IntFunction<String> request)
      throws IOException {
    try (Rig rig = new Rig(tools, plan)) {
      try (Disturbance warmUp = new Disturbance(rig.controlSocket(), request)) {
        rig.warmUp();
      }
      double quietNs = rig.measure().our(Load.Round::p99Ns).median();
      try (Disturbance disturbance = new Disturbance(rig.controlSocket(), request)) {
        Comparison seen = rig.measure();
        Result result = compare(scenario, 2, seen, quietNs);
        return List.of(
            result.with(result.note() + "; " + disturbance.done() + " requests of the API"));
      }
    }
  }

  private Result compare(String scenario, double limit, Comparison seen, double quietNs) {
    Figure p99 = seen.our(Load.Round::p99Ns);
    Figure ratio =
        new Figure(p99.median() / quietNs, p99.low() / quietNs, p99.high() / quietNs, rounds);
    return compared(scenario, limit, ratio).with(beside(p99.median(), quietNs));
  }

  private static Result compared(String scenario, double limit, Figure ratio) {
    return Result.atMost(scenario, "round trip p99, of the quiet one", limit, ratio, "");
  }

  private static String beside(double disturbedNs, double quietNs) {
    return Figure.of(disturbedNs / 1e3).text("us")
        + ", quiet "
        + Figure.of(quietNs / 1e3).text("us");
  }
}
