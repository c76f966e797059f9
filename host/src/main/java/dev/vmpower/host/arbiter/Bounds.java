package dev.vmpower.host.arbiter;

/**
 * What a frequency domain may be asked for by anybody.
 *
 * @param minKhz the administrator's lower limit from before the take-over
 * @param maxKhz the administrator's upper limit from before the take-over
 * @param turbo whether the host has turbo and has it switched on
 */
public record Bounds(int minKhz, int maxKhz, boolean turbo) {}
