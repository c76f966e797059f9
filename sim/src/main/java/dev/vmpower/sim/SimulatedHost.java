package dev.vmpower.sim;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A host of 8 pCPUs as a directory of plain files, with the names and the texts that
 * /sys/devices/system/cpu has under acpi-cpufreq.
 *
 * <p>pCPUs 2 and 3 are hyper-threads of one core, and 6 and 7 are on one clock, so that it shows
 * what is settled together.
 */
final class SimulatedHost {
  static final int CPUS = 8;
  static final String GOVERNOR = "schedutil";
  static final int MAX_KHZ = 2_601_000;

  private static final int MIN_KHZ = 1_200_000;
  private static final String TABLE = "2601000 2600000 2300000 2000000 1700000 1400000 1200000 ";
  private static final List<List<Integer>> CORES =
      List.of(
          List.of(0), List.of(1), List.of(2, 3), List.of(4), List.of(5), List.of(6), List.of(7));
  private static final List<List<Integer>> CLOCKS =
      List.of(
          List.of(0), List.of(1), List.of(2), List.of(3), List.of(4), List.of(5), List.of(6, 7));

  private final Path root;

  private SimulatedHost(Path root) {
    this.root = root;
  }

  /** Makes the tree below {@code root}. */
  static SimulatedHost create(Path root) throws IOException {
    SimulatedHost host = new SimulatedHost(root);
    host.createRoot();
    for (List<Integer> core : CORES) {
      for (int cpu : core) {
        host.createTopology(cpu, core, CORES.indexOf(core));
      }
    }
    for (List<Integer> cpus : CLOCKS) {
      host.createPolicy(cpus);
    }
    return host;
  }

  Path root() {
    return root;
  }

  /** The directories {@code cpufreq/policyN}. */
  List<Path> policies() {
    return CLOCKS.stream().map(this::policy).toList();
  }

  private Path policy(List<Integer> cpus) {
    return root.resolve("cpufreq/policy" + cpus.getFirst());
  }

  private void createRoot() throws IOException {
    String all = "0-" + (CPUS - 1);
    constant(root.resolve("online"), all);
    constant(root.resolve("present"), all);
    constant(root.resolve("possible"), all);
    constant(root.resolve("offline"), "");
    variable(root.resolve("cpufreq/boost"), "1");
  }

  private void createTopology(int cpu, List<Integer> threads, int core) throws IOException {
    Path directory = root.resolve("cpu" + cpu);
    if (cpu > 0) { // the kernel has no such file for the boot CPU
      variable(directory.resolve("online"), "1");
    }
    String list = threads.stream().map(String::valueOf).collect(Collectors.joining(","));
    constant(directory.resolve("topology/thread_siblings_list"), list);
    constant(directory.resolve("topology/core_cpus_list"), list);
    constant(directory.resolve("topology/core_id"), Integer.toString(core));
    constant(directory.resolve("topology/physical_package_id"), "0");
  }

  private void createPolicy(List<Integer> cpus) throws IOException {
    Path policy = policy(cpus);
    String list = cpus.stream().map(String::valueOf).collect(Collectors.joining(" "));
    constant(policy.resolve("affected_cpus"), list);
    constant(policy.resolve("related_cpus"), list);
    constant(policy.resolve("freqdomain_cpus"), list);
    constant(policy.resolve("cpuinfo_min_freq"), Integer.toString(MIN_KHZ));
    constant(policy.resolve("cpuinfo_max_freq"), Integer.toString(MAX_KHZ));
    constant(policy.resolve("cpuinfo_transition_latency"), "10000");
    constant(policy.resolve("scaling_available_frequencies"), TABLE);
    constant(
        policy.resolve("scaling_available_governors"),
        "ondemand userspace powersave performance schedutil ");
    constant(policy.resolve("scaling_cur_freq"), Integer.toString(MAX_KHZ));
    constant(policy.resolve("scaling_driver"), "acpi-cpufreq");
    variable(policy.resolve("scaling_governor"), GOVERNOR);
    variable(policy.resolve("scaling_min_freq"), Integer.toString(MIN_KHZ));
    variable(policy.resolve("scaling_max_freq"), Integer.toString(MAX_KHZ));
    variable(policy.resolve("scaling_setspeed"), "<unsupported>");
    for (int cpu : cpus) {
      Files.createSymbolicLink(
          root.resolve("cpu" + cpu + "/cpufreq"), Path.of("../cpufreq", policy.getFileName() + ""));
    }
  }

  private static void constant(Path file, String text) throws IOException {
    write(file, text, "r--r--r--");
  }

  private static void variable(Path file, String text) throws IOException {
    write(file, text, "rw-r--r--");
  }

  private static void write(Path file, String text, String mode) throws IOException {
    Files.createDirectories(file.resolveSibling("."));
    Files.writeString(file, text + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
  }

  /** Every file and link of the tree, with its mode and what is in it. */
  Map<String, String> snapshot() throws IOException {
    Map<String, String> texts = new TreeMap<>();
    try (Stream<Path> all = Files.walk(root)) {
      for (Path path : all.toList()) {
        if (Files.isSymbolicLink(path)) {
          texts.put(name(path), "-> " + Files.readSymbolicLink(path));
        } else if (Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
          String mode = PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
          texts.put(name(path), mode + " " + Files.readString(path, StandardCharsets.UTF_8));
        }
      }
    }
    return texts;
  }

  private String name(Path path) {
    return root.relativize(path).toString();
  }

  /** The levels of {@code scaling_available_frequencies} in kHz, highest first. */
  static int[] levelsKhz() {
    return Stream.of(TABLE.strip().split(" ")).mapToInt(Integer::parseInt).toArray();
  }

  /** The level that the hardware makes of {@code khz}: the next higher one. */
  static int levelKhz(int khz) {
    return IntStream.of(levelsKhz()).filter(level -> level >= khz).min().orElse(MAX_KHZ);
  }
}
