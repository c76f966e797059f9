package dev.vmpower.protocol;

/**
 * How {@link Command#CPU_POWER} changes a frequency, {@code unit} at offset 8 of a request.
 *
 * <p>Source: DPDK {@code rte_power_guest_channel.h}, {@code RTE_POWER_SCALE_*}.
 */
public enum Unit {
  SCALE_UP(1),
  SCALE_DOWN(2),
  SCALE_MAX(3),
  SCALE_MIN(4),
  ENABLE_TURBO(5),
  DISABLE_TURBO(6),
  /** Any other number. Counted, not answered. */
  UNKNOWN(-1);

  private static final Codes<Unit> CODES = new Codes<>(values(), Unit::code);

  private final int code;

  Unit(int code) {
    this.code = code;
  }

  /** The number on the wire; -1 for {@link #UNKNOWN}. */
  public int code() {
    return code;
  }

  public static Unit of(int code) {
    return CODES.find(code, UNKNOWN);
  }
}
