package dev.vmpower.host.sampler;

import dev.vmpower.machine.perf.BranchCounters;
import dev.vmpower.machine.perf.PerfException;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Branches of pCPUs since the last time. A counter that broke, as when its pCPU went offline, is
 * opened anew the next time. Not thread-safe: the sampler's thread owns it.
 */
final class BranchCounts {
  private record Open(BranchCounters counters, BranchCounters.Counts last) {}

  private final Map<Integer, Open> byCpu = new HashMap<>();

  void retain(Set<Integer> cpus) {
    byCpu
        .entrySet()
        .removeIf(
            entry -> {
              boolean unwanted = !cpus.contains(entry.getKey());
              if (unwanted) {
                entry.getValue().counters().close();
              }
              return unwanted;
            });
  }

  /** What came since the last time; null the first time. */
  @Nullable Reading sample(int cpu) {
    Open open = byCpu.remove(cpu);
    try {
      if (open == null) {
        BranchCounters counters = BranchCounters.open(cpu);
        byCpu.put(cpu, new Open(counters, counters.read()));
        return null;
      }
      BranchCounters.Counts now = open.counters().read();
      byCpu.put(cpu, new Open(open.counters(), now));
      return new Reading.Branches(
          cpu, now.branches() - open.last().branches(), now.misses() - open.last().misses());
    } catch (PerfException cannot) {
      if (open != null) {
        open.counters().close();
      }
      return new Reading.NoBranches(cpu, String.valueOf(cannot.getMessage()));
    }
  }
}
