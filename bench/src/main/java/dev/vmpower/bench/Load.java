package dev.vmpower.bench;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The load generator, which plays the guests of one or more servers in turn. */
final class Load implements AutoCloseable {
  /**
   * What one server did in one round.
   *
   * @param p50Ns round trip, as the guest sees it
   * @param cpuNs CPU time of the server's process
   * @param writes calls of write(2) and its like by the server's process
   */
  record Round(
      String target,
      long requests,
      long elapsedNs,
      long cpuNs,
      long writes,
      long p50Ns,
      long p99Ns,
      long maxNs) {
    double perSecond() {
      return requests * 1e9 / elapsedNs;
    }

    double cpuNsPerRequest() {
      return (double) cpuNs / requests;
    }

    /** Writes to files: the daemon's answers are send(2), which the kernel does not count there. */
    double writesPerRequest() {
      return (double) writes / requests;
    }
  }

  private final Process process;
  private final BufferedReader lines;
  private final BufferedWriter orders;

  /**
   * Starts it; it listens when this returns.
   *
   * @param targets NAME=DIRECTORY,TREE of each
   */
  Load(List<String> program, String kind, int channels, int perDomain, int ms, List<String> targets)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.addAll(program);
    command.add(kind);
    for (int number : new int[] {channels, perDomain, ms}) {
      command.add("" + number);
    }
    command.addAll(targets);
    process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    lines = process.inputReader();
    orders = process.outputWriter();
    expect("listening");
  }

  /**
   * Waits until the servers, which have been started in the order of the targets, are connected.
   */
  void connect(List<Server> servers) throws IOException {
    StringBuilder pids = new StringBuilder();
    servers.forEach(server -> pids.append(server.pid()).append(' '));
    order(pids.toString());
    expect("connected");
  }

  /**
   * Runs rounds of each target. Fails if an answer or a written value was wrong.
   *
   * @param targets how many of the targets, from the first on
   * @param kind what their guests do
   */
  List<Round> measure(int rounds, int targets, String kind) throws IOException {
    order(rounds + " " + targets + " " + kind);
    List<Round> seen = new ArrayList<>();
    for (String line = next(); !line.equals("done"); line = next()) {
      seen.add(parse(line));
    }
    return seen;
  }

  private void order(String line) throws IOException {
    orders.write(line + "\n");
    orders.flush();
  }

  private void expect(String wanted) throws IOException {
    String line = next();
    if (!line.equals(wanted)) {
      throw new IOException("the load generator says '" + line + "', not '" + wanted + "'");
    }
  }

  private String next() throws IOException {
    String line = lines.readLine();
    if (line == null) {
      throw new IOException("the load generator ended; see its line above");
    }
    return line;
  }

  /** What a line of NAME=VALUE says. */
  static Map<String, String> fields(String line) {
    Map<String, String> fields = new HashMap<>();
    for (String field : line.split(" ")) {
      int equals = field.indexOf('=');
      fields.put(field.substring(0, equals), field.substring(equals + 1));
    }
    return fields;
  }

  private static Round parse(String line) {
    Map<String, String> fields = fields(line);
    return new Round(
        fields.getOrDefault("target", ""),
        number(fields, "requests"),
        number(fields, "elapsed_ns"),
        number(fields, "cpu_ns"),
        number(fields, "writes"),
        number(fields, "p50_ns"),
        number(fields, "p99_ns"),
        number(fields, "max_ns"));
  }

  private static long number(Map<String, String> fields, String name) {
    return Long.parseLong(fields.getOrDefault(name, "0"));
  }

  @Override
  public void close() {
    process.destroy();
  }
}
