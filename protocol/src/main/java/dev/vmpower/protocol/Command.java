package dev.vmpower.protocol;

/**
 * What a guest asks, {@code command} at offset 12 of a request.
 *
 * <p>Source: DPDK {@code rte_power_guest_channel.h}, {@code RTE_POWER_*}.
 */
public enum Command {
  /** Change a frequency, as {@link Unit} says. Answered. */
  CPU_POWER(1),
  /** Sent once when a guest opens a channel; all other bytes are junk. Not answered. */
  CONNECT(2),
  /** Set a policy. Answered. */
  PKT_POLICY(3),
  /** Remove the policy; all other fields are ignored. Not answered. */
  PKT_POLICY_REMOVE(4),
  /** The frequencies of the first 8 vCPUs. Answered with {@link FreqListReply}. */
  QUERY_FREQ_LIST(7),
  /** The frequency of the vCPU {@code resource_id}. Answered with {@link FreqListReply}. */
  QUERY_FREQ(8),
  /** What the first 8 vCPUs can do. Answered with {@link CapsListReply}. */
  QUERY_CAPS_LIST(9),
  /** What the vCPU {@code resource_id} can do. Answered with {@link CapsListReply}. */
  QUERY_CAPS(10),
  /** Any other number. Counted, not answered. */
  UNKNOWN(-1);

  private static final Codes<Command> CODES = new Codes<>(values(), Command::code);

  private final int code;

  Command(int code) {
    this.code = code;
  }

  /** The number on the wire; -1 for {@link #UNKNOWN}. */
  public int code() {
    return code;
  }

  public static Command of(int code) {
    return CODES.find(code, UNKNOWN);
  }
}
