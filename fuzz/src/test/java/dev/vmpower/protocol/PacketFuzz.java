package dev.vmpower.protocol;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Any 464 bytes decode without an exception, and what was decoded, encoded again, decodes to the
 * same; an answer repeats its request, but for the command.
 */
public final class PacketFuzz {
  private PacketFuzz() {}

  public static void fuzzerTestOneInput(byte[] bytes) {
    byte[] sent = Arrays.copyOf(bytes, RequestPacket.SIZE_BYTES);
    RequestPacket packet = new RequestPacket().wrap(little(sent), 0);
    RequestPacket again = encode(packet);
    String decoded = decode(packet);
    if (!decoded.equals(decode(again))) {
      throw new AssertionError(decoded + " became " + decode(again));
    }
    answer(sent, packet);
  }

  private static ByteBuffer little(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static RequestPacket encode(RequestPacket from) {
    RequestPacket to =
        new RequestPacket()
            .wrap(little(new byte[RequestPacket.SIZE_BYTES]), 0)
            .clear()
            .resourceId(from.resourceId())
            .command(from.command())
            .unit(from.unit())
            .macCount(from.macCount())
            .packets(from.minPackets(), from.averagePackets(), from.maxPackets())
            .vcpuCount(from.vcpuCount())
            .coreType(from.coreType())
            .workload(from.workload())
            .policyKind(from.policyKind())
            .turbo(from.turbo());
    if (from.vmName().length() < RequestPacket.VM_NAME_BYTES) {
      to.vmName(from.vmName());
    }
    for (int i = 0; i < RequestPacket.MACS_MAX; i++) {
      to.mac(i, from.mac(i));
    }
    for (int i = 0; i < RequestPacket.POLICY_VCPUS_MAX; i++) {
      to.vcpu(i, from.vcpu(i));
    }
    for (int i = 0; i < RequestPacket.HOURS; i++) {
      to.busyHour(i, from.busyHour(i))
          .quietHour(i, from.quietHour(i))
          .trafficHour(i, from.trafficHour(i));
    }
    return to;
  }

  private static String decode(RequestPacket packet) {
    StringBuilder text = new StringBuilder();
    String name = packet.vmName();
    text.append(packet.resourceId()).append(' ').append(packet.command()).append(' ');
    text.append(packet.unit()).append(' ').append(packet.macCount()).append(' ');
    text.append(name.length() < RequestPacket.VM_NAME_BYTES ? name : "").append(' ');
    text.append(packet.minPackets()).append(' ').append(packet.averagePackets()).append(' ');
    text.append(packet.maxPackets()).append(' ').append(packet.vcpuCount()).append(' ');
    text.append(packet.coreType()).append(' ').append(packet.workload()).append(' ');
    text.append(packet.policyKind()).append(' ').append(packet.turbo());
    for (int i = 0; i < RequestPacket.MACS_MAX; i++) {
      text.append(' ').append(packet.mac(i));
    }
    for (int i = 0; i < RequestPacket.POLICY_VCPUS_MAX; i++) {
      text.append(' ').append(packet.vcpu(i));
    }
    for (int i = 0; i < RequestPacket.HOURS; i++) {
      text.append(' ').append(packet.busyHour(i)).append(' ').append(packet.quietHour(i));
      text.append(' ').append(packet.trafficHour(i));
    }
    return text.toString();
  }

  private static void answer(byte[] sent, RequestPacket packet) {
    ByteBuffer reply = little(sent.clone());
    int size = Replies.sizeBytes(packet.command());
    if (size == RequestPacket.SIZE_BYTES) {
      Replies.answerInPlace(reply, 0, ReplyKind.NACK);
      check(Arrays.mismatch(sent, 0, 12, reply.array(), 0, 12) < 0);
      check(Arrays.mismatch(sent, 16, size, reply.array(), 16, size) < 0);
    } else if (size > 0) {
      Replies.refuseQuery(reply, 0, size);
      for (int i = 0; i < size; i++) {
        check((i >= 12 && i < 16) || reply.get(i) == 0);
      }
      check(Arrays.mismatch(sent, size, sent.length, reply.array(), size, sent.length) < 0);
    }
    check(size == 0 || Replies.kind(reply, 0) == ReplyKind.NACK);
  }

  private static void check(boolean holds) {
    if (!holds) {
      throw new AssertionError("an answer is not what it has to be");
    }
  }
}
