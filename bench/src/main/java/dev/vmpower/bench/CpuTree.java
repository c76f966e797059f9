package dev.vmpower.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A plain directory that looks like {@code /sys/devices/system/cpu} under acpi-cpufreq. */
final class CpuTree {
  private CpuTree() {}

  /** Makes a tree of {@code cpus} pCPUs, of which each {@code perDomain} share a clock. */
  static Path make(Path root, int cpus, int perDomain) throws IOException {
    for (String list : new String[] {"present", "online", "possible"}) {
      write(root, list, range(0, cpus));
    }
    for (int cpu = 0; cpu < cpus; cpu++) {
      int first = cpu / perDomain * perDomain;
      Path policy = root.resolve("cpufreq/policy" + first);
      if (cpu == first) {
        makePolicy(policy, first, Math.min(perDomain, cpus - first));
      }
      Path directory = Files.createDirectories(root.resolve("cpu" + cpu));
      Files.createSymbolicLink(directory.resolve("cpufreq"), Path.of("../cpufreq/policy" + first));
      write(directory, "topology/core_id", "" + cpu);
      write(directory, "topology/physical_package_id", "0");
      write(directory, "topology/thread_siblings_list", "" + cpu);
    }
    return root;
  }

  private static void makePolicy(Path policy, int first, int cpus) throws IOException {
    StringBuilder list = new StringBuilder();
    for (int cpu = first; cpu < first + cpus; cpu++) {
      list.append(list.isEmpty() ? "" : " ").append(cpu);
    }
    write(policy, "affected_cpus", list.toString());
    write(policy, "related_cpus", list.toString());
    write(policy, "cpuinfo_min_freq", "1200000");
    write(policy, "cpuinfo_max_freq", "2401000");
    write(policy, "scaling_min_freq", "1200000");
    write(policy, "scaling_max_freq", "2401000");
    write(policy, "scaling_available_frequencies", "2401000 2400000 2000000 1600000 1200000");
    write(policy, "scaling_available_governors", "performance userspace ondemand");
    write(policy, "scaling_governor", "ondemand");
    write(policy, "scaling_setspeed", "<unsupported>");
    write(policy, "scaling_cur_freq", "2401000");
    write(policy, "scaling_driver", "acpi-cpufreq");
  }

  private static String range(int first, int count) {
    return count == 1 ? "" + first : first + "-" + (first + count - 1);
  }

  private static void write(Path directory, String name, String text) throws IOException {
    Path file = directory.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text + "\n");
  }
}
