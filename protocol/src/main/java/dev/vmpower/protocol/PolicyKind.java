package dev.vmpower.protocol;

/**
 * What a policy goes by, {@code policy_to_use} at offset 452 of a request.
 *
 * <p>Source: DPDK {@code rte_power_guest_channel.h}, {@code enum rte_power_policy}.
 */
public enum PolicyKind {
  TRAFFIC(0),
  TIME(1),
  WORKLOAD(2),
  BRANCH_RATIO(3),
  /** Any other number. */
  UNKNOWN(-1);

  private static final Codes<PolicyKind> CODES = new Codes<>(values(), PolicyKind::code);

  private final int code;

  PolicyKind(int code) {
    this.code = code;
  }

  /** The number on the wire; -1 for {@link #UNKNOWN}. */
  public int code() {
    return code;
  }

  public static PolicyKind of(int code) {
    return CODES.find(code, UNKNOWN);
  }
}
