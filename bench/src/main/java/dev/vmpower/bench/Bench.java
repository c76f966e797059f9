package dev.vmpower.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * {@code ./dev bench}: measures every promise about speed, memory and rest, and ends with 1 where
 * one is not kept. Each answer of the daemon is checked, and what it wrote.
 */
public final class Bench {
  private static final int ROUNDS = 12; // each comes first in as many of them as the others

  private final Report report = new Report();
  private final Scenarios scenarios;
  private final Rest rest;
  private final Disturbed disturbed;
  private final Growth growth;
  private final Parts parts;
  private final Options options;

  private Bench(Tools tools, Options options) {
    this.options = options;
    this.scenarios = new Scenarios(tools, ROUNDS);
    this.rest = new Rest(tools);
    this.disturbed = new Disturbed(tools, ROUNDS);
    this.growth = new Growth(tools, options.checkout().resolve("docs"));
    this.parts = new Parts(tools, options.checkout());
  }

  public static void main(String[] args) throws IOException {
    Options options = Options.parse(args);
    Tools tools = Tools.build(options);
    String program = String.join(" ", options.daemon()).replace(options.checkout() + "/", "");
    Machine machine = Machine.read(options.hasC() ? program : program + "; floor and load in Java");
    Bench bench = new Bench(tools, options);
    System.out.println(machine.text());
    Report.printHeader();
    bench.run();
    bench.report.writeJson(options.json(), machine);
    System.out.println("written: " + options.json());
    Path markdown = options.markdown();
    if (markdown != null) {
      bench.report.writeMarkdown(markdown, options.command(), machine);
      System.out.println("written: " + markdown);
    }
    System.exit(bench.report.isAllKept() ? 0 : 1);
  }

  private interface Scenario {
    List<Result> measure() throws IOException;
  }

  private void run() {
    measure("paced", scenarios::paced);
    measure("saturated", scenarios::saturated);
    measure("rest", rest::begin); // whose compilers would be in the way of the two before
    measure("64", scenarios::sixtyFour);
    measure("shared", scenarios::shared);
    measure("1000", scenarios::thousand);
    measure("allocation", rest::allocation);
    measure("flooded", disturbed::flooded);
    measure("pinned", disturbed::pinned);
    measure("listed", disturbed::listed);
    measure("start", rest::start);
    measure("memory", rest::memory);
    measure("list", rest::list);
    measure("rest", rest::end);
    measure("growth", growth::plot);
    measure("jmh", parts::costs);
  }

  private void measure(String name, Scenario scenario) {
    if (options.isWanted(name)) {
      try {
        scenario.measure().forEach(report::add);
      } catch (IOException failed) {
        report.fail(name + ": " + failed.getMessage());
      }
    }
  }
}
