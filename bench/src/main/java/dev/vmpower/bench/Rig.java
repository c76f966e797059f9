package dev.vmpower.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * One scenario's guests, the daemon and, where it is measured too, the floor, each with a cpu tree
 * of its own in memory.
 */
final class Rig implements AutoCloseable {
  /** How the load generator names channels: this many of each VM. */
  static final int CHANNELS_PER_VM = 4;

  /** The pCPU of channel 0; those below are for domains of libvirt. */
  private static final int FIRST_CPU = 16;

  private static final int WARM_UP_MS = 500; // between two looks at the compilers
  private static final int WARM_UPS_MAX = 20;
  private static final List<String> SELDOM = List.of("paced", "polite", "flooded", "one-of-many");

  /** The JVM is warm when its compilers take no more of the time than this. */
  private static final double COMPILING_MAX = 0.03;

  private static final List<String> COMPILERS = List.of("C1 Comp", "C2 Comp");
  private static final String DAEMON = "vmpower";
  private static final String FLOOR = "floor";
  private static final String TWIN = "twin";

  /**
   * What a rig is made of.
   *
   * @param perDomain how many channels, one after the other, share a frequency domain
   * @param stacked whether these channels are on one pCPU, rather than on pCPUs of one clock
   * @param libvirt the URI of libvirt; "" for none
   */
  record Plan(
      String kind,
      int channels,
      int perDomain,
      int rounds,
      int ms,
      boolean withFloor,
      boolean stacked,
      String libvirt) {
    static Plan of(String kind, int channels, int perDomain, int rounds, int ms) {
      return new Plan(kind, channels, perDomain, rounds, ms, true, false, "");
    }

    Plan alone() {
      return new Plan(kind, channels, perDomain, rounds, ms, false, stacked, libvirt);
    }

    Plan onOneCpu() {
      return new Plan(kind, channels, perDomain, rounds, ms, withFloor, true, libvirt);
    }

    /** The pCPU of a channel. */
    int cpu(int channel) {
      return FIRST_CPU + (stacked ? channel / perDomain * perDomain : channel);
    }

    Plan under(String uri) {
      return new Plan(kind, channels, perDomain, rounds, ms, withFloor, stacked, uri);
    }
  }

  private final Plan plan;
  private final Path directory;
  private final Load load;
  private final boolean floorsWarmUp;
  private final Server daemon;
  private final List<Server> servers = new ArrayList<>();

  Rig(Tools tools, Plan plan) throws IOException {
    this.plan = plan;
    this.floorsWarmUp = plan.withFloor() && tools.hasJavaFloor();
    directory = Files.createTempDirectory(Path.of("/dev/shm"), "vmpower-bench.");
    List<String> targets = new ArrayList<>();
    targets.add(target(DAEMON, plan));
    Map<String, List<String>> floors = new LinkedHashMap<>();
    if (plan.withFloor()) {
      floors.put(FLOOR, tools.floor());
      if (!tools.twin().isEmpty()) {
        floors.put(TWIN, tools.twin());
      }
    }
    for (String floor : floors.keySet()) {
      targets.add(target(floor, plan));
    }
    load =
        new Load(tools.load(), plan.kind(), plan.channels(), plan.perDomain(), plan.ms(), targets);
    try {
      daemon = Server.start(tools.daemon(writeConfig(plan)));
      servers.add(daemon);
      for (Map.Entry<String, List<String>> floor : floors.entrySet()) {
        servers.add(Server.start(floor(floor.getKey(), floor.getValue(), plan)));
      }
      load.connect(servers);
    } catch (IOException failed) {
      close();
      throw failed;
    }
  }

  private String target(String name, Plan plan) throws IOException {
    Path tree =
        CpuTree.make(
            directory.resolve(name + "/cpu"),
            FIRST_CPU + plan.channels(),
            plan.stacked() ? 1 : plan.perDomain());
    return name + "=" + sockets(name) + "," + tree;
  }

  private Path sockets(String name) {
    return directory.resolve(name + "/sockets");
  }

  private List<String> floor(String name, List<String> program, Plan plan) {
    List<String> command = new ArrayList<>(program);
    command.add(sockets(name).toString());
    command.add(directory.resolve(name + "/cpu").toString());
    command.add("" + plan.channels());
    command.add("" + plan.perDomain());
    return command;
  }

  private Path writeConfig(Plan plan) throws IOException {
    Path home = directory.resolve(DAEMON);
    StringBuilder toml = new StringBuilder();
    toml.append("[cpu]\nroot = \"").append(home.resolve("cpu")).append("\"\n");
    toml.append("[state]\ndir = \"").append(home.resolve("run")).append("\"\n");
    toml.append("lib = \"").append(home.resolve("lib")).append("\"\n");
    toml.append("[control]\nsocket = \"").append(controlSocket()).append("\"\n");
    toml.append("[libvirt]\nuri = \"").append(plan.libvirt()).append("\"\n");
    for (int first = 0; first < plan.channels(); first += CHANNELS_PER_VM) {
      toml.append("[[vm]]\nname = \"vm").append(first / CHANNELS_PER_VM).append("\"\n");
      toml.append("channels = \"").append(sockets(DAEMON)).append("\"\nvcpus = [");
      for (int i = first; i < Math.min(first + CHANNELS_PER_VM, plan.channels()); i++) {
        toml.append('"').append(plan.cpu(i)).append("\", ");
      }
      toml.append("]\n");
    }
    return Files.writeString(home.resolve("vmpower.toml"), toml);
  }

  Path controlSocket() {
    return directory.resolve(DAEMON + "/run/control.sock");
  }

  Server daemon() {
    return daemon;
  }

  /**
   * Rounds that count for nothing, until the JVM has compiled what they need. Guests that ask now
   * and then ask all they can meanwhile: else the compilers would rest because nobody asks, and
   * begin when it counts. Then they ask now and then for as long as a warm-up goes on at least.
   */
  void warmUp() throws IOException {
    String kind = SELDOM.contains(plan.kind()) ? "saturated" : plan.kind();
    int rounds = Math.max(1, WARM_UP_MS / plan.ms());
    for (int i = 0; i < WARM_UPS_MAX; i++) {
      long beginNs = System.nanoTime();
      Map<Path, Long> before = compilersNs();
      load.measure(rounds, floorsWarmUp ? servers.size() : 1, kind);
      double compilingNs = Server.between(before, compilersNs());
      if (i > 0 && compilingNs < COMPILING_MAX * (System.nanoTime() - beginNs)) {
        break;
      }
    }
    if (!kind.equals(plan.kind())) {
      load.measure(rounds, floorsWarmUp ? servers.size() : 1, plan.kind());
    }
  }

  private Map<Path, Long> compilersNs() throws IOException {
    Map<Path, Long> all = new HashMap<>();
    for (Server server : servers) {
      all.putAll(server.cpuNs(COMPILERS));
    }
    return all;
  }

  /** Runs all rounds of both, in turn. */
  Comparison measure() throws IOException {
    return measure(plan.kind(), plan.rounds());
  }

  /** Runs some rounds of both, in turn, whose guests do something else than is planned. */
  Comparison measure(String kind, int rounds) throws IOException {
    List<Load.Round> ours = new ArrayList<>();
    List<Load.Round> floors = new ArrayList<>();
    List<Load.Round> twins = new ArrayList<>();
    for (Load.Round round : load.measure(rounds, servers.size(), kind)) {
      switch (round.target()) {
        case DAEMON -> ours.add(round);
        case FLOOR -> floors.add(round);
        default -> twins.add(round);
      }
    }
    return new Comparison(ours, floors, twins);
  }

  @Override
  public void close() throws IOException {
    load.close();
    servers.forEach(Server::close);
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
