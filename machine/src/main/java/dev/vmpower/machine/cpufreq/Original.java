package dev.vmpower.machine.cpufreq;

/**
 * How a frequency domain was found, which is how it is given back.
 *
 * @param policy N of {@code cpufreq/policyN}
 * @param driver {@code scaling_driver}; another one voids the original
 * @param governor {@code scaling_governor}
 * @param setspeed {@code scaling_setspeed}: kHz, or {@code <unsupported>} under most governors
 * @param minKhz {@code scaling_min_freq}: an administrator's limit binds what is asked
 * @param maxKhz {@code scaling_max_freq}, likewise
 */
public record Original(
    int policy, String driver, String governor, String setspeed, int minKhz, int maxKhz) {}
