package dev.vmpower.sim.world;

import dev.vmpower.machine.fake.FakeSysfs;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** A random host: its pCPUs, which share a clock, which a core, which are reserved. */
final class Shape {
  private static final List<String> TABLES =
      List.of(
          "2601000 2600000 2300000 2000000 1700000 1400000 1200000",
          "2000000 1700000 1500000 1200000",
          "3001000 3000000 1000000",
          "1800000");
  private static final int MARKER_KHZ = 1000;

  final int cpus;
  final int[] core;
  final List<Clock> clocks = new ArrayList<>();
  final int[] clockOf;
  final TreeSet<Integer> reserved = new TreeSet<>();
  final boolean together;
  final boolean allowUnpinned;
  final int maxPcpus;
  final boolean reassert;
  final int changesPerSecondMax; // 0 for no limit
  private final boolean[] reservedClocks;
  private final List<String> tables = new ArrayList<>();

  /**
   * A host.
   *
   * @param random of what it is made of
   * @param manners of how the daemon is configured there
   */
  Shape(SplittableRandom random, SplittableRandom manners) {
    int cores = 1 + random.nextInt(5);
    int threads = random.nextInt(3) == 0 ? 2 : 1;
    cpus = cores * threads;
    core = new int[cpus];
    clockOf = new int[cpus];
    boolean adjacent = random.nextBoolean();
    for (int cpu = 0; cpu < cpus; cpu++) {
      core[cpu] = adjacent ? cpu / threads : cpu % cores;
    }
    together = random.nextInt(4) > 0;
    allowUnpinned = random.nextInt(4) == 0;
    maxPcpus = 1 + random.nextInt(4);
    reassert = random.nextInt(3) == 0;
    changesPerSecondMax = manners.nextInt(3) == 0 ? 1 + manners.nextInt(40) : 0;
    int width = random.nextInt(3) == 0 ? 1 + random.nextInt(3) : 1;
    for (int first = 0; first < cpus; first += width) {
      addClock(first, Math.min(first + width, cpus), TABLES.get(random.nextInt(TABLES.size())));
    }
    if (random.nextInt(3) == 0) {
      reserved.add(random.nextInt(cpus));
    }
    reservedClocks = new boolean[clocks.size()];
    reserved.forEach(cpu -> reservedClocks[clockOf[cpu]] = true);
  }

  private void addClock(int first, int end, String table) {
    List<Integer> own = new ArrayList<>();
    for (int cpu = first; cpu < end; cpu++) {
      own.add(cpu);
      clockOf[cpu] = clocks.size();
    }
    List<Integer> khz = new ArrayList<>();
    for (String word : table.split(" ")) {
      khz.add(Integer.valueOf(word));
    }
    boolean marked = khz.size() > 1 && khz.get(0) - khz.get(1) == MARKER_KHZ;
    clocks.add(new Clock(clocks.size(), first, own, khz, khz.get(marked ? 1 : 0)));
    tables.add(table);
  }

  /** The host as it is after booting. */
  FakeSysfs boot() {
    FakeSysfs kernel = new FakeSysfs().put("cpufreq/boost", "1").put("online", "0-" + (cpus - 1));
    for (Clock clock : clocks) {
      int[] own = clock.cpus().stream().mapToInt(Integer::intValue).toArray();
      kernel.addPolicy(tables.get(clock.index()), own);
    }
    for (int cpu = 0; cpu < cpus; cpu++) {
      kernel.put(
          "cpu" + cpu + "/topology/thread_siblings_list",
          siblings(cpu).stream().map(String::valueOf).collect(Collectors.joining(",")));
    }
    return kernel;
  }

  /** The hyper-threads of the core of {@code cpu}. */
  List<Integer> siblings(int cpu) {
    List<Integer> found = new ArrayList<>();
    for (int other = 0; other < cpus; other++) {
      if (core[other] == core[cpu]) {
        found.add(other);
      }
    }
    return found;
  }

  boolean isReserved(Clock clock) {
    return reservedClocks[clock.index()];
  }

  @Override
  public String toString() {
    return cpus
        + " pCPUs, clocks "
        + clocks.stream().map(clock -> clock.cpus() + "").collect(Collectors.joining(" "))
        + ", reserved "
        + reserved
        + (together ? ", smt together" : ", smt separate")
        + (allowUnpinned ? ", unpinned allowed" : "")
        + ", at most "
        + maxPcpus
        + " pCPUs, "
        + (reassert ? "reassert" : "yield")
        + (changesPerSecondMax > 0 ? ", " + changesPerSecondMax + " changes a second" : "");
  }
}
