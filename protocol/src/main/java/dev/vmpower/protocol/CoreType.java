package dev.vmpower.protocol;

/**
 * Whose CPU a policy means, {@code core_type} at offset 444 of a request.
 *
 * <p>Source: DPDK {@code rte_power_guest_channel.h}, {@code RTE_POWER_CORE_TYPE_*}.
 */
public enum CoreType {
  VIRTUAL(0),
  /** A pCPU of the host: more than any guest may ask for. */
  PHYSICAL(1),
  /** Any other number. */
  UNKNOWN(-1);

  private static final Codes<CoreType> CODES = new Codes<>(values(), CoreType::code);

  private final int code;

  CoreType(int code) {
    this.code = code;
  }

  /** The number on the wire; -1 for {@link #UNKNOWN}. */
  public int code() {
    return code;
  }

  public static CoreType of(int code) {
    return CODES.find(code, UNKNOWN);
  }
}
