package dev.vmpower.protocol;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/**
 * One request of a guest: a view of 464 bytes in a buffer, which can be moved and costs nothing.
 *
 * <pre>
 *   offset size             field
 *        0 u64              resource_id: the vCPU
 *        8 u32              unit
 *       12 u32              command
 *       16 char[32]         vm_name: may lack its NUL; never to be believed
 *       48 u64[10]          vfid: MAC addresses in the first 6 bytes of each
 *      128 i32              nb_mac_to_monitor
 *      132 u32[3]           traffic policy: min, average, maximum packets per second
 *      144 u8[8]            vcpu_to_control
 *      152 u8               num_vcpu
 *      156 i32[24]          busy hours
 *      252 i32[24]          quiet hours
 *      348 i32[24]          hours to use the traffic profile
 *      444 u8               core_type: 0 virtual, 1 physical
 *      448 u32              workload
 *      452 u32              policy_to_use
 *      456 u8               turbo status
 * </pre>
 *
 * <p>All is little-endian. Padding and fields that a command does not use can hold anything. No
 * getter throws on any 464 bytes; what is no known value reads as an explicit {@code UNKNOWN}.
 *
 * <p>Source: DPDK {@code rte_power_guest_channel.h}, {@code struct rte_power_channel_packet}.
 */
public final class RequestPacket {
  /** The size of every request, and of an ACK or NACK to one that is no query. */
  public static final int SIZE_BYTES = 464;

  public static final int MACS_MAX = 10;
  public static final int POLICY_VCPUS_MAX = 8;
  public static final int HOURS = 24;
  public static final int VM_NAME_BYTES = 32;

  static final int RESOURCE_ID = 0;
  static final int UNIT = 8;
  static final int COMMAND = 12;
  static final int VM_NAME = 16;
  static final int VFID = 48;
  static final int MAC_COUNT = 128;
  static final int MIN_PACKETS = 132;
  static final int AVERAGE_PACKETS = 136;
  static final int MAX_PACKETS = 140;
  static final int VCPU_TO_CONTROL = 144;
  static final int VCPU_COUNT = 152;
  static final int BUSY_HOURS = 156;
  static final int QUIET_HOURS = 252;
  static final int TRAFFIC_HOURS = 348;
  static final int CORE_TYPE = 444;
  static final int WORKLOAD = 448;
  static final int POLICY_KIND = 452;
  static final int TURBO = 456;

  private static final long MAC_BITS = 0xffff_ffff_ffffL;

  private ByteBuffer buffer = ByteBuffer.allocate(SIZE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
  private int offset;

  /**
   * Moves this view to the packet at {@code offset} of {@code buffer}, which must be little-endian.
   *
   * @throws IllegalArgumentException if the buffer is big-endian or ends before the packet: a bug
   *     in the caller
   */
  public RequestPacket wrap(ByteBuffer buffer, int offset) {
    if (buffer.order() != ByteOrder.LITTLE_ENDIAN || buffer.capacity() - offset < SIZE_BYTES) {
      throw new IllegalArgumentException("no room for a little-endian packet at " + offset);
    }
    this.buffer = buffer;
    this.offset = offset;
    return this;
  }

  /** The vCPU, as unsigned 64 bits. */
  public long resourceId() {
    return buffer.getLong(offset + RESOURCE_ID);
  }

  public Command command() {
    return Command.of(buffer.getInt(offset + COMMAND));
  }

  public Unit unit() {
    return Unit.of(buffer.getInt(offset + UNIT));
  }

  /** The name that the guest gives itself, up to its NUL or 32 bytes. Never believe it. */
  public String vmName() {
    byte[] name = new byte[VM_NAME_BYTES];
    buffer.get(offset + VM_NAME, name);
    int length = 0;
    while (length < name.length && name[length] != 0) {
      length++;
    }
    return new String(name, 0, length, StandardCharsets.ISO_8859_1);
  }

  /** How many MAC addresses a traffic policy names; 0..{@link #MACS_MAX} if it is honest. */
  public int macCount() {
    return buffer.getInt(offset + MAC_COUNT);
  }

  /** The MAC address {@code index} in the low 48 bits, its first byte lowest. */
  public long mac(int index) {
    return buffer.getLong(offset + VFID + index * Long.BYTES) & MAC_BITS;
  }

  /** Packets per second; DPDK's hosts do not use it. */
  public long minPackets() {
    return Integer.toUnsignedLong(buffer.getInt(offset + MIN_PACKETS));
  }

  /** Packets per second below which a traffic policy asks for the minimum. */
  public long averagePackets() {
    return Integer.toUnsignedLong(buffer.getInt(offset + AVERAGE_PACKETS));
  }

  /** Packets per second above which a traffic policy asks for the maximum. */
  public long maxPackets() {
    return Integer.toUnsignedLong(buffer.getInt(offset + MAX_PACKETS));
  }

  /** How many entries of {@link #vcpu} a policy uses; 0..{@link #POLICY_VCPUS_MAX} if honest. */
  public int vcpuCount() {
    return Byte.toUnsignedInt(buffer.get(offset + VCPU_COUNT));
  }

  /** The vCPU number {@code index} that a policy controls. */
  public int vcpu(int index) {
    return Byte.toUnsignedInt(buffer.get(offset + VCPU_TO_CONTROL + index));
  }

  public int busyHour(int index) {
    return buffer.getInt(offset + BUSY_HOURS + index * Integer.BYTES);
  }

  public int quietHour(int index) {
    return buffer.getInt(offset + QUIET_HOURS + index * Integer.BYTES);
  }

  public int trafficHour(int index) {
    return buffer.getInt(offset + TRAFFIC_HOURS + index * Integer.BYTES);
  }

  public CoreType coreType() {
    return CoreType.of(Byte.toUnsignedInt(buffer.get(offset + CORE_TYPE)));
  }

  public Workload workload() {
    return Workload.of(buffer.getInt(offset + WORKLOAD));
  }

  public PolicyKind policyKind() {
    return PolicyKind.of(buffer.getInt(offset + POLICY_KIND));
  }

  public boolean turbo() {
    return buffer.get(offset + TURBO) != 0;
  }

  /** Makes this packet all zeros, as DPDK's library does before it fills one in. */
  public RequestPacket clear() {
    for (int i = 0; i < SIZE_BYTES; i += Long.BYTES) {
      buffer.putLong(offset + i, 0);
    }
    return this;
  }

  public RequestPacket resourceId(long vcpu) {
    buffer.putLong(offset + RESOURCE_ID, vcpu);
    return this;
  }

  public RequestPacket command(Command command) {
    buffer.putInt(offset + COMMAND, command.code());
    return this;
  }

  public RequestPacket unit(Unit unit) {
    buffer.putInt(offset + UNIT, unit.code());
    return this;
  }

  /**
   * Sets the name that the guest gives itself.
   *
   * @throws IllegalArgumentException if it has more than 31 bytes in ISO 8859-1
   */
  public RequestPacket vmName(String name) {
    byte[] bytes = name.getBytes(StandardCharsets.ISO_8859_1);
    if (bytes.length >= VM_NAME_BYTES) {
      throw new IllegalArgumentException("'" + name + "' has no room for its NUL in 32 bytes");
    }
    for (int i = 0; i < VM_NAME_BYTES; i++) {
      buffer.put(offset + VM_NAME + i, i < bytes.length ? bytes[i] : 0);
    }
    return this;
  }

  /** How many MAC addresses count; not checked, as on the wire. */
  public RequestPacket macCount(int count) {
    buffer.putInt(offset + MAC_COUNT, count);
    return this;
  }

  /** Sets MAC address {@code index}: the low 48 bits of {@code mac}, its first byte lowest. */
  public RequestPacket mac(int index, long mac) {
    int at = offset + VFID + Objects.checkIndex(index, MACS_MAX) * Long.BYTES;
    buffer.putLong(at, mac & MAC_BITS);
    return this;
  }

  /** Sets the thresholds of a traffic policy, in packets per second, as unsigned 32 bits. */
  public RequestPacket packets(long min, long average, long max) {
    buffer.putInt(offset + MIN_PACKETS, (int) min);
    buffer.putInt(offset + AVERAGE_PACKETS, (int) average);
    buffer.putInt(offset + MAX_PACKETS, (int) max);
    return this;
  }

  /** How many entries of {@link #vcpu} count; not checked, as on the wire. */
  public RequestPacket vcpuCount(int count) {
    buffer.put(offset + VCPU_COUNT, (byte) count);
    return this;
  }

  public RequestPacket vcpu(int index, int vcpu) {
    int at = offset + VCPU_TO_CONTROL + Objects.checkIndex(index, POLICY_VCPUS_MAX);
    buffer.put(at, (byte) vcpu);
    return this;
  }

  public RequestPacket busyHour(int index, int hour) {
    return hour(BUSY_HOURS, index, hour);
  }

  public RequestPacket quietHour(int index, int hour) {
    return hour(QUIET_HOURS, index, hour);
  }

  public RequestPacket trafficHour(int index, int hour) {
    return hour(TRAFFIC_HOURS, index, hour);
  }

  private RequestPacket hour(int list, int index, int hour) {
    buffer.putInt(offset + list + Objects.checkIndex(index, HOURS) * Integer.BYTES, hour);
    return this;
  }

  public RequestPacket coreType(CoreType type) {
    buffer.put(offset + CORE_TYPE, (byte) type.code());
    return this;
  }

  public RequestPacket workload(Workload workload) {
    buffer.putInt(offset + WORKLOAD, workload.code());
    return this;
  }

  public RequestPacket policyKind(PolicyKind kind) {
    buffer.putInt(offset + POLICY_KIND, kind.code());
    return this;
  }

  public RequestPacket turbo(boolean enabled) {
    buffer.put(offset + TURBO, (byte) (enabled ? 1 : 0));
    return this;
  }

  /** Copies what every answer repeats: resource_id, unit, command and vm_name. */
  void copyHeader(ByteBuffer target, int targetOffset) {
    target.put(targetOffset, buffer, offset, VFID);
  }
}
