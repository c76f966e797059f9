package dev.vmpower.host;

import dev.vmpower.protocol.RequestPacket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A policy as a guest sends it, written by the offsets of DPDK's header. */
public final class PolicyPacket {
  private static final int TRAFFIC = 0;
  private static final int TIME = 1;
  private static final int WORKLOAD = 2;
  private static final int BRANCH_RATIO = 3;

  private final ByteBuffer bytes =
      ByteBuffer.allocate(RequestPacket.SIZE_BYTES).order(ByteOrder.LITTLE_ENDIAN);

  private PolicyPacket(int kind, int... vcpus) {
    bytes.putInt(12, 3).putInt(452, kind);
    for (int i = 0; i < vcpus.length; i++) {
      bytes.put(144 + i, (byte) vcpus[i]);
    }
    bytes.put(152, (byte) vcpus.length);
  }

  public static PolicyPacket time(int... vcpus) {
    return new PolicyPacket(TIME, vcpus);
  }

  /** {@code level}: 0 high, 1 medium, 2 low. */
  public static PolicyPacket workload(int level, int... vcpus) {
    return new PolicyPacket(WORKLOAD, vcpus).putInt(448, level);
  }

  public static PolicyPacket traffic(int average, int max, int... vcpus) {
    return new PolicyPacket(TRAFFIC, vcpus).putInt(136, average).putInt(140, max);
  }

  public static PolicyPacket branchRatio(int... vcpus) {
    return new PolicyPacket(BRANCH_RATIO, vcpus);
  }

  public PolicyPacket busy(int... hours) {
    return hours(156, hours);
  }

  public PolicyPacket quiet(int... hours) {
    return hours(252, hours);
  }

  public PolicyPacket trafficHours(int... hours) {
    return hours(348, hours);
  }

  private PolicyPacket hours(int offset, int... hours) {
    for (int i = 0; i < hours.length; i++) {
      bytes.putInt(offset + 4 * i, hours[i]);
    }
    return this;
  }

  /** Addresses of 48 bits, the first byte lowest; what is above is not looked at. */
  public PolicyPacket macs(long... macs) {
    for (int i = 0; i < macs.length; i++) {
      bytes.putLong(48 + 8 * i, macs[i] | 0xabcdL << 48);
    }
    return putInt(128, macs.length);
  }

  /** Sets a field whatever it means. */
  public PolicyPacket putInt(int offset, int value) {
    bytes.putInt(offset, value);
    return this;
  }

  public PolicyPacket putByte(int offset, int value) {
    bytes.put(offset, (byte) value);
    return this;
  }

  public ByteBuffer bytes() {
    return bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN).clear();
  }
}
