package dev.vmpower.host.energy;

import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * What was used and saved over some time.
 *
 * @param seconds the time
 * @param measured whether the hardware counted the joules of all packages throughout
 * @param joules of all packages, as counted
 * @param savedJoules estimated, against managed pCPUs at full speed
 * @param cpuS what that weighs, in seconds of a busy pCPU at full speed
 * @param savedCpuS what was saved, in the same unit
 * @param vms the estimated part of each VM
 */
record Usage(
    double seconds,
    boolean measured,
    double joules,
    double savedJoules,
    double cpuS,
    double savedCpuS,
    Map<String, Part> vms) {
  /** VMs that are told apart; those with the smallest parts are left to the others. */
  static final int VMS_MAX = 1_024;

  /** Nothing, in no time. */
  static final Usage NONE = new Usage(0, true, 0, 0, 0, 0, Map.of());

  /**
   * The part of one VM.
   *
   * @param cpuS seconds of a busy pCPU at full speed
   */
  record Part(double joules, double cpuS) {
    Part plus(Part other) {
      return new Part(joules + other.joules, cpuS + other.cpuS);
    }
  }

  /** Both together, one after the other or at the same time. */
  Usage plus(Usage other) {
    Map<String, Part> sum = new HashMap<>(vms);
    other.vms.forEach((vm, part) -> sum.merge(vm, part, Part::plus));
    return new Usage(
        seconds + other.seconds,
        measured && other.measured,
        joules + other.joules,
        savedJoules + other.savedJoules,
        cpuS + other.cpuS,
        savedCpuS + other.savedCpuS,
        largest(sum));
  }

  private static Map<String, Part> largest(Map<String, Part> parts) {
    Map<String, Part> kept = new TreeMap<>();
    parts.entrySet().stream()
        .sorted((a, b) -> Double.compare(b.getValue().cpuS(), a.getValue().cpuS()))
        .limit(VMS_MAX)
        .forEach(entry -> kept.put(entry.getKey(), entry.getValue()));
    return kept;
  }
}
