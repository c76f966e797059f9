package dev.vmpower.protocol;

/**
 * How much a guest has to do, {@code workload} at offset 448 of a request.
 *
 * <p>Source: DPDK {@code rte_power_guest_channel.h}, {@code enum rte_power_workload_level}.
 */
public enum Workload {
  HIGH(0),
  MEDIUM(1),
  LOW(2),
  /** Any other number. */
  UNKNOWN(-1);

  private static final Codes<Workload> CODES = new Codes<>(values(), Workload::code);

  private final int code;

  Workload(int code) {
    this.code = code;
  }

  /** The number on the wire; -1 for {@link #UNKNOWN}. */
  public int code() {
    return code;
  }

  public static Workload of(int code) {
    return CODES.find(code, UNKNOWN);
  }
}
