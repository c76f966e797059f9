package dev.vmpower.machine.cpu;

import dev.vmpower.machine.sysfs.Sysfs;
import dev.vmpower.machine.sysfs.SysfsException;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

/**
 * Which pCPUs there are, which are online, and which are hyper-threads of one core.
 *
 * @param present the pCPUs that the tree has a directory for
 * @param online those of them that run now
 * @param siblings for each pCPU with hyper-threads, all threads of its core
 * @param packages the package (socket) of each pCPU; 0 where the kernel does not say
 */
public record Topology(
    CpuSet present, CpuSet online, Map<Integer, CpuSet> siblings, Map<Integer, Integer> packages) {

  /** Reads {@code online}, {@code cpuN/online} and {@code cpuN/topology/}. */
  public static Topology read(Sysfs sysfs) {
    BitSet present = new BitSet();
    for (String name : sysfs.list("")) {
      if (name.matches("cpu(0|[1-9][0-9]{0,3})")) {
        int cpu = Integer.parseInt(name.substring(3));
        if (cpu < CpuSet.CPUS_MAX) {
          present.set(cpu);
        }
      }
    }
    CpuSet all = CpuSet.copyOf(present);
    Map<Integer, CpuSet> siblings = new HashMap<>();
    Map<Integer, Integer> packages = new HashMap<>();
    all.forEach(
        cpu -> {
          CpuSet threads = readSiblings(sysfs, cpu).intersection(all);
          if (threads.size() > 1 && threads.contains(cpu)) {
            siblings.put(cpu, threads);
          }
          packages.put(cpu, readPackage(sysfs, cpu));
        });
    return new Topology(all, readOnline(sysfs, all), Map.copyOf(siblings), Map.copyOf(packages));
  }

  /**
   * Reads which of {@code present} are online: the kernel's list says it all. In a plain directory
   * a pCPU is offline also where its own file alone says so; cpu0 often has none.
   */
  public static CpuSet readOnline(Sysfs sysfs, CpuSet present) {
    CpuSet listed;
    try {
      listed = CpuSet.parse(sysfs.read("online")).intersection(present);
    } catch (SysfsException | IllegalArgumentException noList) {
      listed = CpuSet.of();
    }
    if (listed.isEmpty()) {
      listed = present; // some pCPU runs this, so the list is missing, empty or of another machine
    } else if (sysfs.isKernel()) {
      return listed;
    }
    BitSet online = new BitSet();
    for (int i = 0; i < listed.size(); i++) {
      online.set(listed.get(i), isOnline(sysfs, listed.get(i)));
    }
    return CpuSet.copyOf(online);
  }

  private static boolean isOnline(Sysfs sysfs, int cpu) {
    String file = "cpu" + cpu + "/online";
    try {
      // Asked by each sweep, and a refused read is dear.
      return !sysfs.exists(file) || !sysfs.read(file).equals("0");
    } catch (SysfsException unreadable) {
      return true;
    }
  }

  private static CpuSet readSiblings(Sysfs sysfs, int cpu) {
    try {
      return CpuSet.parse(sysfs.read("cpu" + cpu + "/topology/thread_siblings_list"));
    } catch (SysfsException | IllegalArgumentException notThere) {
      return CpuSet.of(cpu);
    }
  }

  private static int readPackage(Sysfs sysfs, int cpu) {
    try {
      // -1 where the firmware does not say.
      return Math.max(
          Integer.parseInt(sysfs.read("cpu" + cpu + "/topology/physical_package_id")), 0);
    } catch (SysfsException | NumberFormatException notThere) {
      return 0;
    }
  }
}
