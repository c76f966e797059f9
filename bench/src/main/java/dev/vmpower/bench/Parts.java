package dev.vmpower.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What codec, arbiter and framer cost, each alone: measured by JMH, in JVMs of its own. */
final class Parts {
  /** What JMH itself takes between operations shows as less; one object in 300 as more. */
  private static final double BYTES_MAX = 0.05;

  private final Tools tools;
  private final Path module;

  Parts(Tools tools, Path checkout) {
    this.tools = tools;
    this.module = checkout.resolve("bench/jmh/target");
  }

  /** Heap per operation, which must be none, with the time beside it. */
  List<Result> costs() throws IOException {
    List<String> command = new ArrayList<>();
    command.add(tools.jdk() + "/bin/java");
    command.add("-XX:+UseSerialGC");
    command.add("--sun-misc-unsafe-memory-access=allow"); // JMH's
    command.add("-cp");
    command.add(module.resolve("classes") + ":" + Files.readString(module.resolve("classpath")));
    command.add("dev.vmpower.jmh.Costs");
    command.addAll(List.of(System.getProperty("vmpower.jvm", "").split(" ")));
    List<Result> results = new ArrayList<>();
    String output = Commands.output(command, tools.jdk());
    for (String line : output.split("\n")) {
      if (line.startsWith("what=")) {
        results.add(result(Load.fields(line)));
      }
    }
    if (results.isEmpty()) {
      throw new IOException("JMH measured nothing; it says:\n" + output);
    }
    return results;
  }

  private static Result result(Map<String, String> fields) {
    String[] names = fields.getOrDefault("what", "?.?").split("[.]");
    Figure ns =
        new Figure(
            number(fields, "ns"),
            number(fields, "low"),
            number(fields, "high"),
            (int) number(fields, "rounds"));
    return Result.atMost(
            names[0].toLowerCase(Locale.ROOT) + ": " + words(names[1]),
            "heap per operation",
            BYTES_MAX,
            Figure.of(number(fields, "bytes")),
            "bytes")
        .with(ns.text("ns"));
  }

  /** "decodeRequest" as "decode request". */
  private static String words(String name) {
    return name.replaceAll("([A-Z])", " $1").toLowerCase(Locale.ROOT);
  }

  private static double number(Map<String, String> fields, String name) {
    return Double.parseDouble(fields.getOrDefault(name, "NaN"));
  }
}
