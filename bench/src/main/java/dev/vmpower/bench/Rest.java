package dev.vmpower.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** What the daemon costs while nobody asks, what it holds in memory, and how soon it is there. */
final class Rest {
  /** Two minutes after it was asked, the JVM's compilers have done with what a sweep runs. */
  private static final long REST_NS = 120_000_000_000L;

  private static final long IDLE_NS = 10_000_000_000L;
  private static final int IDLES = 3;

  /** Every 5 s the JVM gives back what its compilers took for a moment. */
  private static final long GIVE_BACK_NS = 6_000_000_000L;

  private static final int STARTS = 5;

  // As the kernel cuts them off: at most 15 characters.
  private static final List<String> OUR_THREADS =
      List.of(
          "monitor",
          "connector",
          "socket-watch",
          "sampler",
          "control",
          "recorder",
          "libvirt",
          "fifo",
          "log",
          "energy");

  private final Tools tools;
  private @Nullable Rig resting;
  private long restsSinceNs;

  Rest(Tools tools) {
    this.tools = tools;
  }

  /** Starts one for 64 channels, which ask for a while, and then ask nothing. */
  List<Result> begin() throws IOException {
    resting = loaded(64, "");
    restsSinceNs = System.nanoTime();
    return List.of();
  }

  /** What that one costs, and holds, after {@link #REST_NS} without a request. */
  List<Result> end() throws IOException {
    Rig rig = resting;
    if (rig == null) {
      throw new IOException("it did not begin");
    }
    try (rig) {
      LockSupport.parkNanos(REST_NS - (System.nanoTime() - restsSinceNs));
      return atRest(rig.daemon());
    }
  }

  private static List<Result> atRest(Server daemon) throws IOException {
    List<Double> percent = new ArrayList<>();
    List<Double> ours = new ArrayList<>();
    List<Double> all = new ArrayList<>();
    for (int i = 0; i < IDLES; i++) {
      Map<Path, Long> cpuNs = daemon.cpuNs(List.of());
      Map<Path, Long> ourSleeps = daemon.sleeps(OUR_THREADS);
      Map<Path, Long> sleeps = daemon.sleeps(List.of());
      long beginNs = System.nanoTime();
      LockSupport.parkNanos(IDLE_NS);
      double seconds = (System.nanoTime() - beginNs) / 1e9;
      percent.add(Server.between(cpuNs, daemon.cpuNs(List.of())) / seconds / 1e7);
      ours.add(Server.between(ourSleeps, daemon.sleeps(OUR_THREADS)) / seconds);
      all.add(Server.between(sleeps, daemon.sleeps(List.of())) / seconds);
    }
    String scenario = "idle, 64 channels";
    return List.of(
        Result.atMost(scenario, "CPU, of one core", 0.1, Figure.of(percent), "%"),
        Result.atMost(scenario, "wake-ups of its own threads", 5, Figure.of(ours), "/s"),
        Result.atMost(scenario, "wake-ups of the process", 10, Figure.of(all), "/s"),
        Result.atMost("memory, 64 channels", "RSS", 64, Figure.of(rssMib(daemon)), "MiB"));
  }

  /** RSS after each channel has asked many times. */
  List<Result> memory() throws IOException {
    double with64 = rssMib(64, "");
    return List.of(
        Result.atMost(
            "memory, 64 channels, libvirt",
            "RSS",
            96,
            Figure.of(rssMib(64, "test:///default")),
            "MiB"),
        Result.atMost(
            "memory, 1,000 channels", "more RSS", 32, Figure.of(rssMib(1000, "") - with64), "MiB"));
  }

  private Rig loaded(int channels, String libvirt) throws IOException {
    Rig.Plan plan = Rig.Plan.of("saturated", channels, 1, 2, 1000).alone().under(libvirt);
    Rig rig = new Rig(tools, plan);
    try {
      rig.warmUp();
      rig.measure();
      return rig;
    } catch (IOException failed) {
      rig.close();
      throw failed;
    }
  }

  private double rssMib(int channels, String libvirt) throws IOException {
    try (Rig rig = loaded(channels, libvirt)) {
      LockSupport.parkNanos(GIVE_BACK_NS);
      return rssMib(rig.daemon());
    }
  }

  private static double rssMib(Server daemon) throws IOException {
    return daemon.rssKib() / 1024.0;
  }

  /** Heap that the monitor takes for requests: answered, and refused. */
  List<Result> allocation() throws IOException {
    List<Result> results = new ArrayList<>();
    for (String kind : List.of("saturated", "refused")) {
      try (Rig rig = new Rig(tools, Rig.Plan.of(kind, 64, 1, 2, 500).alone())) {
        rig.warmUp();
        long before = rig.daemon().allocatedBytes(tools.jdk(), "monitor");
        long requests = rig.measure().ourRequests();
        long bytes = rig.daemon().allocatedBytes(tools.jdk(), "monitor") - before;
        results.add(
            Result.atMost(
                    "allocation, requests " + (kind.equals("refused") ? "refused" : "answered"),
                    "heap per request",
                    0.1, // what the sweeps take is in it, and the JVM tells whole KiB
                    Figure.of((double) bytes / requests),
                    "bytes")
                .with(bytes + " bytes for " + requests + " requests"));
      }
    }
    return results;
  }

  /** From the start of the program to its line with "ready", and the first request after that. */
  List<Result> start() throws IOException {
    List<Double> readyMs = new ArrayList<>();
    List<Double> firstMs = new ArrayList<>();
    for (int i = 0; i < STARTS; i++) {
      try (Rig rig = new Rig(tools, Rig.Plan.of("paced", 1, 1, 1, 1).alone())) {
        readyMs.add(rig.daemon().readyNs() / 1e6);
        firstMs.add(rig.measure().our(Load.Round::maxNs).median() / 1e6);
      }
    }
    return List.of(
        Result.atMost("start", "ready after", 400, Figure.of(readyMs), "ms"),
        Result.atMost("start", "first answer after", 2, Figure.of(firstMs), "ms"));
  }

  /** The command that operators type most, as a shell sees it. */
  List<Result> list() throws IOException {
    try (Rig rig = new Rig(tools, Rig.Plan.of("paced", 64, 1, 1, 1).alone())) {
      List<Double> ms = new ArrayList<>();
      for (int i = 0; i < STARTS + 1; i++) {
        long beginNs = System.nanoTime();
        Commands.output(tools.ctl(rig.controlSocket(), "cpu", "list"), tools.jdk());
        if (i > 0) {
          ms.add((System.nanoTime() - beginNs) / 1e6);
        }
      }
      return List.of(Result.atMost("vmpowerctl cpu list", "wall time", 150, Figure.of(ms), "ms"));
    }
  }
}
