package dev.vmpower.host.orders;

import dev.vmpower.machine.cpu.CpuSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** All that operators ordered and that is in force again after a restart, a crash or a reboot. */
public record Orders(
    List<Held> holds, List<TurboOff> turboOff, List<OfVm> vms, List<Ruling> policies) {
  /** Nothing was ordered. */
  public static final Orders NONE = new Orders(List.of(), List.of(), List.of(), List.of());

  public Orders {
    holds = List.copyOf(holds);
    turboOff = List.copyOf(turboOff);
    vms = List.copyOf(vms);
    policies = List.copyOf(policies);
  }

  /**
   * A hold.
   *
   * @param level {@code max}, {@code min}, or kHz
   * @param sinceMs when it was set, in milliseconds of the wall clock
   * @param untilMs when it is over; null if it never is
   */
  public record Held(CpuSet cpus, String level, String who, long sinceMs, @Nullable Long untilMs) {}

  /**
   * Turbo switched off.
   *
   * @param sinceMs as for {@link Held}
   */
  public record TurboOff(CpuSet cpus, String who, long sinceMs) {}

  /**
   * A policy.
   *
   * @param toml what it is, as a policy file has it
   * @param sinceMs as for {@link Held}
   */
  public record Ruling(String toml, long sinceMs) {}

  /**
   * What was changed of one VM.
   *
   * @param query whether it may query; null where the configuration says that
   * @param disabled its disabled channels
   * @param frozenKhz the level at which disabling froze a vCPU, by its number
   */
  public record OfVm(
      String vm,
      Limits limits,
      @Nullable Boolean query,
      CpuSet disabled,
      Map<Integer, Integer> frozenKhz) {
    public OfVm {
      frozenKhz = Map.copyOf(frozenKhz);
    }

    /** Whether nothing was changed. */
    public boolean isEmpty() {
      return limits.equals(Limits.NONE)
          && query == null
          && disabled.isEmpty()
          && frozenKhz.isEmpty();
    }
  }

  /**
   * The parts of an envelope that were changed; null for one that was not.
   *
   * @param minKhz 0 for the hardware's
   * @param maxKhz {@link Integer#MAX_VALUE} for the hardware's
   */
  public record Limits(
      @Nullable Integer minKhz,
      @Nullable Integer maxKhz,
      @Nullable Boolean turbo,
      @Nullable Boolean enforce) {
    /** Nothing was changed. */
    public static final Limits NONE = new Limits(null, null, null, null);

    /** These, and those of {@code earlier} that are not among them. */
    public Limits over(Limits earlier) {
      return new Limits(
          minKhz == null ? earlier.minKhz : minKhz,
          maxKhz == null ? earlier.maxKhz : maxKhz,
          turbo == null ? earlier.turbo : turbo,
          enforce == null ? earlier.enforce : enforce);
    }
  }
}
