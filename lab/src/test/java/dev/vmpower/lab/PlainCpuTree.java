package dev.vmpower.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A plain folder that looks like {@code /sys/devices/system/cpu} of a host with acpi-cpufreq. All
 * stay what they are until somebody writes them: nothing follows here by itself.
 */
final class PlainCpuTree {
  static final String TURBO = "2601000";
  static final String TOP = "2600000";
  static final String MIN = "1200000";

  /** With the blank that the kernel puts behind the last entry. */
  static final String LADDER = "2601000 2600000 2300000 2000000 1700000 1400000 1200000 ";

  /** The governor of every pCPU, unless a test sets another. */
  static final String GOVERNOR = "schedutil";

  private final Path root;
  private final int cpus;

  private PlainCpuTree(Path root, int cpus) {
    this.root = root;
    this.cpus = cpus;
  }

  /**
   * Makes a tree in {@code root}: {@code shared} neighbours to a frequency domain, and pCPU i and
   * pCPU i + {@code cores} being hyper-threads of one core where there are more pCPUs than cores.
   */
  static PlainCpuTree create(Path root, int cpus, int cores, int shared) {
    PlainCpuTree tree = new PlainCpuTree(root, cpus);
    String all = cpus == 1 ? "0" : "0-" + (cpus - 1);
    for (String file : new String[] {"online", "present", "possible"}) {
      tree.write(file, all);
    }
    for (int first = 0; first < cpus; first += shared) {
      tree.createPolicy(first, Math.min(first + shared, cpus));
    }
    for (int cpu = 0; cpu < cpus; cpu++) {
      tree.createCpu(cpu, cores, shared);
    }
    return tree;
  }

  /** Eight pCPUs, each on its own clock, without hyper-threads. */
  static PlainCpuTree create(Path root) {
    return create(root, 8, 8, 1);
  }

  private void createPolicy(int first, int end) {
    String members =
        IntStream.range(first, end).mapToObj(Integer::toString).collect(Collectors.joining(" "));
    String policy = "cpufreq/policy" + first + "/";
    write(policy + "affected_cpus", members);
    write(policy + "related_cpus", members);
    write(policy + "cpuinfo_max_freq", TURBO);
    write(policy + "cpuinfo_min_freq", MIN);
    write(policy + "cpuinfo_transition_latency", "10000");
    write(policy + "scaling_available_frequencies", LADDER);
    write(policy + "scaling_available_governors", "userspace powersave performance schedutil ");
    write(policy + "scaling_cur_freq", TOP);
    write(policy + "scaling_driver", "acpi-cpufreq");
    write(policy + "scaling_governor", GOVERNOR);
    write(policy + "scaling_max_freq", TURBO);
    write(policy + "scaling_min_freq", MIN);
    write(policy + "scaling_setspeed", "<unsupported>");
  }

  private void createCpu(int cpu, int cores, int shared) {
    int core = cpu % cores;
    String siblings =
        IntStream.range(0, cpus)
            .filter(other -> other % cores == core)
            .mapToObj(Integer::toString)
            .collect(Collectors.joining(","));
    String folder = "cpu" + cpu + "/";
    write(folder + "topology/core_id", Integer.toString(core));
    write(folder + "topology/physical_package_id", "0");
    write(folder + "topology/thread_siblings_list", siblings);
    if (cpu > 0) { // the boot CPU has no such file
      write(folder + "online", "1");
    }
    try {
      Files.createSymbolicLink(
          root.resolve(folder + "cpufreq"), Path.of("../cpufreq/policy" + cpu / shared * shared));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Path root() {
    return root;
  }

  /** Writes a file as the kernel shows it, with a newline at its end. */
  void write(String file, String text) {
    try {
      Path path = root.resolve(file);
      Files.createDirectories(path.getParent());
      Files.writeString(path, text + "\n");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Writes a file of the frequency domain of {@code cpu}. */
  void write(int cpu, String file, String text) {
    write("cpu" + cpu + "/cpufreq/" + file, text);
  }

  /** The first line of a file of the frequency domain of {@code cpu}. */
  String read(int cpu, String file) {
    try {
      return Files.readString(root.resolve("cpu" + cpu + "/cpufreq/" + file))
          .lines()
          .findFirst()
          .orElse("");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What drives {@code cpu}: the kHz that were asked for, or the governor that decides. */
  String speed(int cpu) {
    String governor = read(cpu, "scaling_governor");
    return "userspace".equals(governor) ? read(cpu, "scaling_setspeed") : governor;
  }

  /**
   * Every file and what it holds. Without {@code scaling_setspeed} where the governor is not
   * userspace: the kernel then shows {@code <unsupported>} whatever was written before.
   */
  SortedMap<String, String> asFound() {
    SortedMap<String, String> files = new TreeMap<>();
    try (Stream<Path> paths = Files.walk(root)) {
      for (Path path : paths.filter(Files::isRegularFile).toList()) {
        files.put(root.relativize(path).toString(), Files.readString(path));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    for (int cpu = 0; cpu < cpus; cpu++) {
      String policy = String.format(Locale.ROOT, "cpufreq/policy%d/", cpu);
      if (!"userspace\n".equals(files.get(policy + "scaling_governor"))) {
        files.remove(policy + "scaling_setspeed");
      }
    }
    return files;
  }
}
