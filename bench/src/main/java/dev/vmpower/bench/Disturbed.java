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
    try (Rig rig = new Rig(tools, Rig.Plan.of("flooded", 8, 1, rounds, 1000).alone())) {
      rig.warmUp();
      Turns turns = new Turns();
      for (int i = 0; i < rounds; i++) {
        turns.add(rig.measure("polite", 1), rig.measure("flooded", 1));
      }
      return List.of(turns.result("a guest floods, one asks each 10 ms", 3));
    }
  }

  /** Rounds of both kinds, in turn: what the machine did meanwhile is in both. */
  private static final class Turns {
    private final List<Double> quietNs = new ArrayList<>();
    private final List<Double> disturbedNs = new ArrayList<>();
    private final List<Double> ratios = new ArrayList<>();

    void add(Comparison quiet, Comparison disturbed) {
      quietNs.add(quiet.our(Load.Round::p99Ns).median());
      disturbedNs.add(disturbed.our(Load.Round::p99Ns).median());
      ratios.add(disturbedNs.getLast() / quietNs.getLast());
    }

    Result result(String scenario, double limit) {
      String beside =
          Figure.of(Figure.of(disturbedNs).median() / 1e3).text("us")
              + ", quiet "
              + Figure.of(Figure.of(quietNs).median() / 1e3).text("us");
      return Result.atMost(
              scenario, "round trip p99, of the quiet one", limit, Figure.of(ratios), "")
          .with(beside);
    }
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
      Turns turns = new Turns();
      int done = 0;
      for (int i = 0; i < rounds; i++) {
        Comparison quiet = rig.measure(plan.kind(), 1);
        int before = done;
        try (Disturbance disturbance =
            new Disturbance(rig.controlSocket(), next -> request.apply(before + next))) {
          turns.add(quiet, rig.measure(plan.kind(), 1));
          done += disturbance.done();
        }
      }
      Result result = turns.result(scenario, 2);
      return List.of(result.with(result.note() + "; " + done + " requests of the API"));
    }
  }
}
