package dev.vmpower.host.view;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What pCPUs and VMs used, and what was saved.
 *
 * @param seconds over how long
 * @param measured whether the hardware counted the joules; what it did not count is not given
 * @param joules of all packages, as the hardware counted them
 * @param savedJoules an estimate: what managed pCPUs would have used more at full speed
 * @param savedPart the same, as a part of what all would then have used
 * @param shares the estimated parts of VMs and others; they sum to 1, and their joules to all
 * @param times how long each frequency domain was at each frequency
 * @param method how that is worked out, in words
 */
public record EnergyView(
    double seconds,
    boolean measured,
    @Nullable Double joules,
    @Nullable Double savedJoules,
    double savedPart,
    List<Share> shares,
    List<Times> times,
    String method) {
  /** How many hours back a report can go: a month. */
  public static final int HOURS_MAX = 31 * 24;

  /** What every answer says of itself. */
  public static final String METHOD =
      "joules of packages are counted by the hardware (RAPL) where it does; the rest is an"
          + " estimate: a busy pCPU weighs 0.4 + 0.6 (f/max)^2, an idle one 0.1; a VM's part is"
          + " the run time of its vCPUs with that weight; saved is what managed pCPUs, while busy,"
          + " would have weighed more at full speed";

  /**
   * The part of one VM.
   *
   * @param vm null for all that is no VM's: the host itself, and idle time
   */
  public record Share(@Nullable String vm, double part, @Nullable Double joules) {}

  /**
   * Time at each frequency.
   *
   * @param domain N of its {@code policyN}
   * @param seconds one for each of {@code khz}
   */
  public record Times(int domain, String cpus, List<Integer> khz, List<Double> seconds) {}
}
