package dev.vmpower.host.energy;

import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.power.VcpuTimes;
import java.util.List;
import java.util.Map;

/**
 * What was counted between two looks.
 *
 * @param passedMs how long that was
 * @param busyMs for how long each pCPU was not idle; one that is missing counts as busy throughout
 * @param joules what each package used; empty where the hardware does not count it
 * @param ran the run time of each vCPU
 */
record Interval(
    long passedMs,
    List<Domain> domains,
    Map<Integer, Long> busyMs,
    Map<Integer, Double> joules,
    List<VcpuTimes.Ran> ran) {
  /**
   * One frequency domain.
   *
   * @param timesMs how long it was at each frequency, by kHz
   */
  record Domain(
      int packageId, CpuSet cpus, int maxKhz, boolean managed, Map<Integer, Long> timesMs) {}
}
