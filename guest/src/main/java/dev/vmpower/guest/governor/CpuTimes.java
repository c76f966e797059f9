package dev.vmpower.guest.governor;

/**
 * How a vCPU has spent its time since boot.
 *
 * @param busyTicks what it worked, or wanted to: time that the host took from it (steal) is time in
 *     which it had something to do
 * @param totalTicks all of it
 */
public record CpuTimes(long busyTicks, long totalTicks) {
  /**
   * The load since an earlier sample in percent; -1 if no time has passed, or the counters began
   * anew.
   */
  public int loadPercent(CpuTimes earlier) {
    long total = totalTicks - earlier.totalTicks;
    if (total <= 0) {
      return -1;
    }
    // Some counters go back by a tick now and then.
    long busy = Math.clamp(busyTicks - earlier.busyTicks, 0, total);
    return (int) (busy * 100 / total);
  }
}
