package dev.vmpower.protocol;

import java.nio.ByteBuffer;

/**
 * The answer to {@link Command#QUERY_CAPS} and {@link Command#QUERY_CAPS_LIST}: 184 bytes.
 *
 * <pre>
 *   offset size      field
 *        0           as the request: resource_id, unit, command, vm_name[32]
 *       48 u64[8]    turbo: 1 where that vCPU may use turbo
 *      112 u64[8]    priority: 1 where its pCPU's base frequency is above the others'
 *      176 u8        num_vcpu
 * </pre>
 *
 * <p>Source: DPDK {@code rte_power_guest_channel.h}, {@code struct
 * rte_power_channel_packet_caps_list}.
 */
public final class CapsListReply {
  public static final int SIZE_BYTES = 184;
  public static final int VCPUS_MAX = 8;

  private static final int TURBO = 48;
  private static final int PRIORITY = 112;
  private static final int VCPU_COUNT = 176;

  private CapsListReply() {}

  /** Begins the answer to {@code request} at {@code offset}: no capability yet. */
  public static void begin(ByteBuffer reply, int offset, RequestPacket request, int vcpuCount) {
    Replies.begin(reply, offset, SIZE_BYTES, request, ReplyKind.CAPS_LIST);
    reply.put(offset + VCPU_COUNT, (byte) vcpuCount);
  }

  public static void setCaps(
      ByteBuffer reply, int offset, int vcpu, boolean turbo, boolean priority) {
    reply.putLong(offset + TURBO + vcpu * Long.BYTES, turbo ? 1 : 0);
    reply.putLong(offset + PRIORITY + vcpu * Long.BYTES, priority ? 1 : 0);
  }

  public static boolean turbo(ByteBuffer reply, int offset, int vcpu) {
    return reply.getLong(offset + TURBO + vcpu * Long.BYTES) != 0;
  }

  public static boolean priority(ByteBuffer reply, int offset, int vcpu) {
    return reply.getLong(offset + PRIORITY + vcpu * Long.BYTES) != 0;
  }

  public static int vcpuCount(ByteBuffer reply, int offset) {
    return Byte.toUnsignedInt(reply.get(offset + VCPU_COUNT));
  }
}
