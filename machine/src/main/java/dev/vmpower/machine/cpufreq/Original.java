package dev.vmpower.machine.cpufreq;

/**
 * How a frequency domain was found, which is how it is given back.
 *
 * @param policy N of {@code cpufreq/policyN}
 * @param driver {@code scaling_driver}; another one voids the original
 * @param steering how it was steered, which says what of this may have been changed
 * @param governor {@code scaling_governor}
 * @param setspeed {@code scaling_setspeed}: kHz, or {@code <unsupported>} under most governors;
 *     empty where it is not touched
 * @param minKhz {@code scaling_min_freq}: an administrator's limit binds what is asked
 * @param maxKhz {@code scaling_max_freq}, likewise
 * @param capped whether {@code maxKhz} was a limit that somebody had set. Otherwise it was only
 *     what the hardware or the host allowed at that moment, and binds nobody
 * @param epp {@code energy_performance_preference}; empty where there is none, or the kernel does
 *     not tell
 * @param boost {@code boost} of this frequency domain, {@code 0} or {@code 1}; empty where it is
 *     not touched
 */
public record Original(
    int policy,
    String driver,
    Steering steering,
    String governor,
    String setspeed,
    int minKhz,
    int maxKhz,
    boolean capped,
    String epp,
    String boost) {

  /** The highest frequency that somebody allowed; {@link Integer#MAX_VALUE} where nobody says. */
  public int highestKhz() {
    return capped ? maxKhz : Integer.MAX_VALUE;
  }

  /** The same with other limits: those that an administrator set meanwhile. */
  Original withLimits(int minKhz, int maxKhz, boolean capped) {
    return new Original(
        policy, driver, steering, governor, setspeed, minKhz, maxKhz, capped, epp, boost);
  }
}
