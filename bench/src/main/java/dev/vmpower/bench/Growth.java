package dev.vmpower.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** How the daemon's costs grow with what it has to look after, as plots. */
final class Growth {
  private static final int[] CHANNELS = {1, 4, 16, 64, 256, 1024, 4096};
  private static final int[] PER_CPU = {1, 4, 16, 64, 256};
  private static final int[] DOMAINS = {1, 10, 50, 100, 500};
  private static final int PER_CLOCK = 4; // each clock takes descriptors, which may be few
  private static final int STACKED_CHANNELS = 256;

  private final Tools tools;
  private final Path directory;

  Growth(Tools tools, Path directory) {
    this.tools = tools;
    this.directory = directory;
  }

  /** Draws all; nothing is promised of them but that no curve bends upwards. */
  List<Result> plot() throws IOException {
    channels();
    perCpu();
    domains();
    return List.of();
  }

  private void channels() throws IOException {
    List<Plot.Point> roundTrip = new ArrayList<>();
    List<Plot.Point> memory = new ArrayList<>();
    for (int channels : CHANNELS) {
      // One asks, while all the others are connected and have asked before.
      Rig.Plan plan = Rig.Plan.of("one-of-many", channels, PER_CLOCK, 5, 200).alone();
      try (Rig rig = new Rig(tools, plan)) {
        rig.warmUp();
        double us = rig.measure().our(Load.Round::p50Ns).median() / 1e3;
        roundTrip.add(new Plot.Point(channels, us));
        memory.add(new Plot.Point(channels, rig.daemon().rssKib() / 1024.0));
      }
    }
    write("round-trip", "round trip of one that asks, p50, us", "channels", roundTrip);
    write("memory", "RSS, MiB", "channels", memory);
  }

  private void perCpu() throws IOException {
    List<Plot.Point> cost = new ArrayList<>();
    for (int perCpu : PER_CPU) {
      Rig.Plan plan = Rig.Plan.of("saturated", STACKED_CHANNELS, perCpu, 5, 200).alone().onOneCpu();
      try (Rig rig = new Rig(tools, plan)) {
        rig.warmUp();
        double us = rig.measure().our(Load.Round::cpuNsPerRequest).median() / 1e3;
        cost.add(new Plot.Point(perCpu, us));
      }
    }
    write("vcpus-per-pcpu", "CPU time of a request, us", "vCPUs on each pCPU", cost);
  }

  private void domains() throws IOException {
    List<Plot.Point> ready = new ArrayList<>();
    for (int domains : DOMAINS) {
      Path xml = Files.createTempFile("vmpower-bench", ".xml");
      try {
        Files.writeString(xml, Disturbed.domains(domains));
        Rig.Plan plan = Rig.Plan.of("paced", 1, 1, 1, 1).alone().under("test://" + xml);
        try (Rig rig = new Rig(tools, plan)) {
          ready.add(new Plot.Point(domains, rig.daemon().readyNs() / 1e6));
        }
      } finally {
        Files.delete(xml);
      }
    }
    write("start", "ready after, ms", "domains of libvirt", ready);
  }

  private void write(String name, String title, String xLabel, List<Plot.Point> points)
      throws IOException {
    StringBuilder line = new StringBuilder(title).append(", by ").append(xLabel).append(':');
    points.forEach(
        point ->
            line.append("  ").append(point.x()).append(": ").append(Figure.of(point.y()).text("")));
    System.out.println(line);
    Plot.write(directory.resolve("growth-" + name + ".png"), title, xLabel, points);
  }
}
