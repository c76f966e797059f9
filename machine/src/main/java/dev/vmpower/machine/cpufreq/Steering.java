package dev.vmpower.machine.cpufreq;

import java.util.Locale;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The ways to make a frequency domain run at a frequency F: which governor, and which files get F.
 * There is no one way, since a driver lacks the governor {@code userspace}, or has it and does not
 * take it for a ceiling.
 *
 * <p>What was seen on a kernel is acpi-cpufreq. The others go by the sources of Linux 5.10 to 7.3:
 * {@code drivers/cpufreq/intel_pstate.c}, {@code amd-pstate.c} and {@code cpufreq.c}.
 */
public enum Steering {
  /** {@code scaling_setspeed} = F: acpi-cpufreq, cppc_cpufreq, amd-pstate, and most others. */
  SETSPEED("userspace", false, false, "userspace, scaling_setspeed"),

  /** Both limits = F, under either governor: intel_pstate where the hardware has HWP. */
  LIMITS(null, true, true, "scaling_min_freq = scaling_max_freq"),

  /**
   * Both limits = F: intel_pstate without HWP, whose {@code powersave} follows in ticks only, and
   * not at all on a pCPU without ticks.
   */
  PERFORMANCE_LIMITS("performance", true, true, "performance, scaling_min_freq = scaling_max_freq"),

  /**
   * {@code scaling_max_freq} = F: intel_cpufreq with HWP, where a set-speed is a floor and no
   * ceiling before Linux 7.3, and {@code performance} runs at its upper limit.
   */
  PERFORMANCE_CEILING("performance", false, true, "performance, scaling_max_freq"),

  /** Both limits = F: amd-pstate-epp, whose {@code performance} does not go below nominal. */
  POWERSAVE_LIMITS("powersave", true, true, "powersave, scaling_min_freq = scaling_max_freq"),

  /** The driver offers nothing that is known. */
  NONE(null, false, false, "none");

  private final @Nullable String governor;
  private final boolean minIsSteered;
  private final boolean maxIsSteered;
  private final String text;

  Steering(@Nullable String governor, boolean minIsSteered, boolean maxIsSteered, String text) {
    this.governor = governor;
    this.minIsSteered = minIsSteered;
    this.maxIsSteered = maxIsSteered;
    this.text = text;
  }

  /**
   * How a frequency domain of {@code driver} is steered.
   *
   * @param has whether its directory has a file of that name: what a driver can differs between
   *     kernels and CPUs, and its files tell
   */
  static Steering of(String driver, Predicate<String> has) {
    boolean limits = has.test("scaling_min_freq") && has.test("scaling_max_freq");
    boolean setspeed = has.test("scaling_setspeed");
    boolean hwp = has.test("base_frequency") || has.test("energy_performance_preference");
    return switch (driver) {
      case "intel_pstate" -> limits ? (hwp ? LIMITS : PERFORMANCE_LIMITS) : NONE;
      case "intel_cpufreq" -> hwp && limits ? PERFORMANCE_CEILING : setspeed ? SETSPEED : NONE;
      case "amd-pstate-epp" -> limits ? POWERSAVE_LIMITS : NONE;
      default -> setspeed ? SETSPEED : NONE;
    };
  }

  /** The governor under which it is steered; null where any does and it stays as found. */
  public @Nullable String governor() {
    return governor;
  }

  boolean minIsSteered() {
    return minIsSteered;
  }

  boolean maxIsSteered() {
    return maxIsSteered;
  }

  /**
   * Whether an original's governor is written before its limits, so that the limits come back under
   * it. Not where that governor would first run at the limits that are to go.
   */
  boolean governorGoesFirst() {
    return this != PERFORMANCE_LIMITS;
  }

  /** Its name in a file of saved originals. */
  String word() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  static Steering ofWord(String word) {
    return valueOf(word.toUpperCase(Locale.ROOT).replace('-', '_'));
  }

  /** The governor and the files, for operators. */
  public String text() {
    return text;
  }
}
