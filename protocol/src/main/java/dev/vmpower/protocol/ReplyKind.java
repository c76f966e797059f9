package dev.vmpower.protocol;

/**
 * What a reply says, {@code command} at offset 12 of a reply. The numbers overlap those of {@link
 * Command}.
 *
 * <p>Source: DPDK {@code rte_power_guest_channel.h}, {@code RTE_POWER_CPU_POWER_*} and {@code
 * RTE_POWER_*_LIST}.
 */
public enum ReplyKind {
  ACK(1),
  NACK(2),
  FREQ_LIST(3),
  CAPS_LIST(4),
  /** Any other number. */
  UNKNOWN(-1);

  private static final Codes<ReplyKind> CODES = new Codes<>(values(), ReplyKind::code);

  private final int code;

  ReplyKind(int code) {
    this.code = code;
  }

  /** The number on the wire; -1 for {@link #UNKNOWN}. */
  public int code() {
    return code;
  }

  public static ReplyKind of(int code) {
    return CODES.find(code, UNKNOWN);
  }
}
