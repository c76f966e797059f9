package dev.vmpower.protocol;

import java.nio.ByteBuffer;

/**
 * The answer to {@link Command#QUERY_FREQ} and {@link Command#QUERY_FREQ_LIST}: 88 bytes.
 *
 * <pre>
 *   offset size      field
 *        0           as the request: resource_id, unit, command, vm_name[32]
 *       48 u32[8]    freq_list: kHz, by vCPU
 *       80 u8        num_vcpu
 * </pre>
 *
 * <p>Source: DPDK {@code rte_power_guest_channel.h}, {@code struct
 * rte_power_channel_packet_freq_list}.
 */
public final class FreqListReply {
  public static final int SIZE_BYTES = 88;
  public static final int VCPUS_MAX = 8;

  private static final int KHZ = 48;
  private static final int VCPU_COUNT = 80;

  private FreqListReply() {}

  /** Begins the answer to {@code request} at {@code offset}: no frequency yet. */
  public static void begin(ByteBuffer reply, int offset, RequestPacket request, int vcpuCount) {
    Replies.begin(reply, offset, SIZE_BYTES, request, ReplyKind.FREQ_LIST);
    reply.put(offset + VCPU_COUNT, (byte) vcpuCount);
  }

  public static void setKhz(ByteBuffer reply, int offset, int vcpu, int khz) {
    reply.putInt(offset + KHZ + vcpu * Integer.BYTES, khz);
  }

  public static int khz(ByteBuffer reply, int offset, int vcpu) {
    return reply.getInt(offset + KHZ + vcpu * Integer.BYTES);
  }

  public static int vcpuCount(ByteBuffer reply, int offset) {
    return Byte.toUnsignedInt(reply.get(offset + VCPU_COUNT));
  }
}
