package dev.vmpower.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A program under test that runs: vmpower's daemon or the floor. What it costs, the kernel says.
 */
final class Server implements AutoCloseable {
  private static final long READY_TIMEOUT_NS = 60_000_000_000L;
  private static final long END_TIMEOUT_S = 20;

  private final Process process;
  private final long readyNs;

  private Server(Process process, long readyNs) {
    this.process = process;
    this.readyNs = readyNs;
  }

  /** Starts {@code command} and returns when it says that it is ready. */
  static Server start(List<String> command) throws IOException {
    long beginNs = System.nanoTime();
    Process process =
        new ProcessBuilder(command).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
    BufferedReader errors = process.errorReader();
    StringBuilder said = new StringBuilder();
    for (String line = errors.readLine(); line != null; line = errors.readLine()) {
      if (line.contains("ready")) {
        Server server = new Server(process, System.nanoTime() - beginNs);
        Thread.ofPlatform().daemon().start(() -> drain(errors));
        return server;
      }
      said.append(line).append('\n');
      if (System.nanoTime() - beginNs > READY_TIMEOUT_NS) {
        break;
      }
    }
    process.destroy();
    throw new IOException(command + " does not get ready; it says:\n" + said);
  }

  private static void drain(BufferedReader errors) {
    try {
      while (errors.readLine() != null) {
        // Only so that it never waits for a reader.
      }
    } catch (IOException ended) {
      // As it should.
    }
  }

  long pid() {
    return process.pid();
  }

  /** How long it took from the start of the program to its line with "ready", in ns. */
  long readyNs() {
    return readyNs;
  }

  /** What it holds in memory now, shared pages included, in KiB. */
  long rssKib() throws IOException {
    return field(Path.of("/proc/" + pid() + "/status"), "VmRSS:");
  }

  /** CPU time of each of its threads so far, in ns; of those whose names begin so only. */
  Map<Path, Long> cpuNs(List<String> names) throws IOException {
    Map<Path, Long> all = new HashMap<>();
    for (Path task : tasks(names)) {
      all.put(task, Long.parseLong(Files.readString(task.resolve("schedstat")).split(" ")[0]));
    }
    return all;
  }

  /** How often each of its threads has gone to sleep; those whose names begin so only. */
  Map<Path, Long> sleeps(List<String> names) throws IOException {
    Map<Path, Long> all = new HashMap<>();
    for (Path task : tasks(names)) {
      all.put(task, field(task.resolve("status"), "voluntary_ctxt_switches:"));
    }
    return all;
  }

  /** What threads did between two looks, also those that are new; some may have ended. */
  static double between(Map<Path, Long> before, Map<Path, Long> after) {
    long sum = 0;
    for (Map.Entry<Path, Long> now : after.entrySet()) {
      sum += now.getValue() - before.getOrDefault(now.getKey(), 0L);
    }
    return sum;
  }

  private List<Path> tasks(List<String> names) throws IOException {
    List<Path> named = new ArrayList<>();
    try (Stream<Path> tasks = Files.list(Path.of("/proc/" + pid() + "/task"))) {
      for (Path task : tasks.toList()) {
        String name = Files.readString(task.resolve("comm")).strip();
        if (names.isEmpty() || names.stream().anyMatch(name::startsWith)) {
          named.add(task);
        }
      }
    }
    return named;
  }

  private static long field(Path file, String name) throws IOException {
    for (String line : Files.readAllLines(file)) {
      if (line.startsWith(name)) {
        return Long.parseLong(line.substring(name.length()).strip().split(" ")[0]);
      }
    }
    throw new IOException(file + " has no " + name);
  }

  /** How many bytes the JVM's thread {@code name} has allocated so far, to within 1 KiB. */
  long allocatedBytes(Path jdk, String name) throws IOException {
    String dump =
        Commands.output(List.of(jdk + "/bin/jcmd", "" + pid(), "Thread.print", "-e"), jdk);
    for (String line : dump.split("\n")) {
      if (line.startsWith("\"" + name + "\"")) {
        String figure = line.replaceAll(".* allocated=(\\S+) .*", "$1");
        return bytes(figure.toUpperCase(Locale.ROOT));
      }
    }
    throw new IOException("no thread " + name + " in:\n" + dump);
  }

  private static long bytes(String figure) {
    long number = Long.parseLong(figure.replaceAll("\\D", ""));
    return figure.endsWith("M") ? number << 20 : figure.endsWith("K") ? number << 10 : number;
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(END_TIMEOUT_S, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
    }
  }
}
