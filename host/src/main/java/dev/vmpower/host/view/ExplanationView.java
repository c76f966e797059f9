package dev.vmpower.host.view;

import java.util.List;
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
 * @param unprotected VMs that are not pinned and may run here, and that others may slow down; of
 *     many the first ones, and then how many more
 */
public record ExplanationView(
    String sentence,
    CpuView cpu,
    String mode,
    String settledWith,
    @Nullable Integer limitMinKhz,
    @Nullable Integer limitMaxKhz,
    @Nullable String noTurbo,
    List<String> unprotected) {}
