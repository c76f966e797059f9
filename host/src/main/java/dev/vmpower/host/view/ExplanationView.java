package dev.vmpower.host.view;

import org.jspecify.annotations.Nullable;

/**
 * Why one pCPU runs as it does.
 *
 * @param sentence all of it in words
 * @param mode {@code control}, {@code observe} or {@code paused}
 * @param settledWith the pCPUs that come to one level with it, itself included: those of its
 *     frequency domain, and of those that hyper-threads tie to it
 * @param limitMinKhz an administrator's lower limit from before the take-over; null where there is
 *     none
 * @param limitMaxKhz an administrator's upper limit from before the take-over; null where there is
 *     none
 * @param noTurbo why there is no turbo here; null where there is, or an operator switched it off
 */
public record ExplanationView(
    String sentence,
    CpuView cpu,
    String mode,
    String settledWith,
    @Nullable Integer limitMinKhz,
    @Nullable Integer limitMaxKhz,
    @Nullable String noTurbo) {}
