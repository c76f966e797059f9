package dev.vmpower.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What was measured, for a terminal, as JSON, and as a table for the documents. */
final class Report {
  private static final String ROW = "%-36s %-34s %-12s %-32s %s%n";

  private final List<Result> results = new ArrayList<>();
  private final List<String> failures = new ArrayList<>();

  static void printHeader() {
    System.out.printf(ROW, "SCENARIO", "WHAT", "PROMISED", "MEASURED", "KEPT");
  }

  void add(Result result) {
    results.add(result);
    System.out.printf(
        ROW,
        result.scenario(),
        result.what(),
        result.promise(),
        result.figure().text(result.unit()),
        kept(result, "NO") + (result.note().isEmpty() ? "" : "  " + result.note()));
  }

  private static String kept(Result result, String no) {
    return !result.isPromise() ? "-" : result.isKept() ? "yes" : no;
  }

  /** A scenario could not be measured, or an answer or a written value was wrong. */
  void fail(String why) {
    failures.add(why);
    System.out.println("FAILED  " + why);
  }

  boolean isAllKept() {
    return failures.isEmpty() && results.stream().allMatch(Result::isKept);
  }

  void writeJson(Path file, Machine machine) throws IOException {
    StringBuilder json = new StringBuilder("{\n  \"machine\": ");
    json.append(quote(machine.text())).append(",\n  \"failures\": [");
    for (int i = 0; i < failures.size(); i++) {
      json.append(i == 0 ? "" : ", ").append(quote(failures.get(i)));
    }
    json.append("],\n  \"results\": [\n");
    for (int i = 0; i < results.size(); i++) {
      json.append(row(results.get(i))).append(i + 1 < results.size() ? ",\n" : "\n");
    }
    Files.writeString(file, json.append("  ]\n}\n"));
  }

  private static String row(Result result) {
    Figure figure = result.figure();
    return "    {\"scenario\": "
        + quote(result.scenario())
        + ", \"what\": "
        + quote(result.what())
        + ", \"promise\": "
        + quote(result.promise())
        + ", \"median\": "
        + figure.median()
        + ", \"low\": "
        + figure.low()
        + ", \"high\": "
        + figure.high()
        + ", \"rounds\": "
        + figure.rounds()
        + ", \"unit\": "
        + quote(result.unit())
        + ", \"kept\": "
        + result.isKept()
        + ", \"note\": "
        + quote(result.note())
        + "}";
  }

  private static String quote(String text) {
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
  }

  /** Replaces what stands between the markers of {@code command} in {@code file}. */
  void writeMarkdown(Path file, String command, Machine machine) throws IOException {
    String text = Files.readString(file);
    String beginMark = "<!-- measured by " + command + ": begin -->";
    String endMark = "<!-- measured by " + command + ": end -->";
    int begin = text.indexOf(beginMark);
    int end = text.indexOf(endMark);
    if (begin < 0 || end < begin) {
      throw new IOException(file + " has no lines '" + beginMark + "' and '" + endMark + "'");
    }
    StringBuilder table = new StringBuilder(beginMark).append('\n').append(machine.text());
    table.append("\n\n| | | promised | measured | kept | |\n|---|---|---|---|---|---|\n");
    String scenario = "";
    for (Result result : results) {
      boolean again = result.scenario().equals(scenario);
      scenario = result.scenario();
      table.append("| ").append(again ? "" : scenario).append(" | ").append(result.what());
      table.append(" | ").append(result.promise().replace("<=", "≤").replace(">=", "≥"));
      table.append(" | ").append(result.figure().text(result.unit()));
      table.append(" | ").append(kept(result, "**no**"));
      table.append(" | ").append(result.note()).append(" |\n");
    }
    failures.forEach(why -> table.append("\nNot measured: ").append(why).append('\n'));
    Files.writeString(file, text.substring(0, begin) + table + text.substring(end));
  }
}
