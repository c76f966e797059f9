package dev.vmpower.host.policy;

import dev.vmpower.protocol.RequestPacket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** A policy of any 464 bytes is refused, or read and small. */
public final class PolicyPacketFuzz {
  private PolicyPacketFuzz() {}

  public static void fuzzerTestOneInput(byte[] bytes) {
    ByteBuffer sent =
        ByteBuffer.wrap(Arrays.copyOf(bytes, RequestPacket.SIZE_BYTES))
            .order(ByteOrder.LITTLE_ENDIAN);
    RequestPacket packet = new RequestPacket().wrap(sent, 0);
    if (PolicyPackets.flaw(packet) != null) {
      return;
    }
    check(packet.vcpuCount() <= RequestPacket.POLICY_VCPUS_MAX);
    switch (PolicyPackets.read(packet)) {
      case Policy.Time time -> {
        for (int hour = 0; hour < HourTable.HOURS; hour++) {
          check(time.hours().use(hour) != null);
        }
      }
      case Policy.Traffic traffic ->
          check(!traffic.macs().isEmpty() && traffic.macs().size() <= RequestPacket.MACS_MAX);
      case Policy.Workload workload -> check(workload.level() != null);
      case Policy.BranchRatio ratio -> check(ratio.thresholdPercent() > 0);
    }
  }

  private static void check(boolean holds) {
    if (!holds) {
      throw new AssertionError("a policy that is none was read");
    }
  }
}
