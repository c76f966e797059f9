package dev.vmpower.host.policy;

import dev.vmpower.protocol.CoreType;
import dev.vmpower.protocol.PolicyKind;
import dev.vmpower.protocol.RequestPacket;
import dev.vmpower.protocol.Workload;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Policies as guests send them. What a kind of policy does not use can hold anything, and is not
 * looked at.
 */
public final class PolicyPackets {
  /** What is wrong with a packet. */
  public enum Flaw {
    /** It speaks for a physical core. */
    PHYSICAL,
    /** A count, an hour, a kind or a workload that there is not. */
    FIELD,
    /** It goes by traffic and names no MAC. */
    NO_MAC
  }

  private PolicyPackets() {}

  /** What is wrong with {@code packet}, but for the vCPUs that it names; null if nothing is. */
  public static @Nullable Flaw flaw(RequestPacket packet) {
    if (packet.coreType() != CoreType.VIRTUAL) {
      return Flaw.PHYSICAL;
    }
    if (packet.vcpuCount() > RequestPacket.POLICY_VCPUS_MAX) {
      return Flaw.FIELD;
    }
    return switch (packet.policyKind()) {
      case TIME -> timeFlaw(packet);
      case TRAFFIC -> trafficFlaw(packet);
      case WORKLOAD -> packet.workload() == Workload.UNKNOWN ? Flaw.FIELD : null;
      case BRANCH_RATIO -> null;
      case UNKNOWN -> Flaw.FIELD;
    };
  }

  private static @Nullable Flaw timeFlaw(RequestPacket packet) {
    boolean traffic = false;
    for (int i = 0; i < RequestPacket.HOURS; i++) {
      if (isNoHour(packet.busyHour(i))
          || isNoHour(packet.quietHour(i))
          || isNoHour(packet.trafficHour(i))) {
        return Flaw.FIELD;
      }
      traffic |= packet.trafficHour(i) != 0;
    }
    return traffic && isNoMacCount(packet.macCount()) ? Flaw.FIELD : null;
  }

  private static @Nullable Flaw trafficFlaw(RequestPacket packet) {
    if (isNoMacCount(packet.macCount())) {
      return Flaw.FIELD;
    }
    for (int i = 0; i < packet.macCount(); i++) {
      if (packet.mac(i) != 0) {
        return null;
      }
    }
    return Flaw.NO_MAC;
  }

  private static boolean isNoHour(int hour) {
    return hour < 0 || hour >= HourTable.HOURS;
  }

  private static boolean isNoMacCount(int count) {
    return count < 0 || count > RequestPacket.MACS_MAX;
  }

  /**
   * Reads a packet without a flaw.
   *
   * @throws IllegalArgumentException if it has one: a bug in the caller
   */
  public static Policy read(RequestPacket packet) {
    try {
      return switch (packet.policyKind()) {
        case TIME -> time(packet);
        case TRAFFIC -> traffic(packet, macs(packet));
        case WORKLOAD -> new Policy.Workload(level(packet.workload()));
        case BRANCH_RATIO -> new Policy.BranchRatio(Policy.BranchRatio.THRESHOLD_PERCENT);
        case UNKNOWN -> throw new PolicyException(PolicyKind.UNKNOWN + " is no kind of policy");
      };
    } catch (PolicyException flawed) {
      throw new IllegalArgumentException(flawed);
    }
  }

  private static Policy.Time time(RequestPacket packet) throws PolicyException {
    int[] busy = new int[RequestPacket.HOURS];
    int[] quiet = new int[RequestPacket.HOURS];
    int[] traffic = new int[RequestPacket.HOURS];
    for (int i = 0; i < RequestPacket.HOURS; i++) {
      busy[i] = packet.busyHour(i);
      quiet[i] = packet.quietHour(i);
      traffic[i] = packet.trafficHour(i);
    }
    HourTable hours =
        HourTable.of(
            HourTable.withoutPadding(busy),
            HourTable.withoutPadding(quiet),
            HourTable.withoutPadding(traffic));
    boolean counts = !hours.hours(HourTable.Use.TRAFFIC).isEmpty();
    List<Long> macs = counts ? macs(packet) : List.of();
    return new Policy.Time(hours, macs.isEmpty() ? null : traffic(packet, macs));
  }

  private static Policy.Traffic traffic(RequestPacket packet, List<Long> macs) {
    return new Policy.Traffic(macs, packet.averagePackets(), packet.maxPackets());
  }

  private static List<Long> macs(RequestPacket packet) {
    List<Long> macs = new ArrayList<>();
    for (int i = 0; i < packet.macCount(); i++) {
      if (packet.mac(i) != 0 && !macs.contains(packet.mac(i))) {
        macs.add(packet.mac(i));
      }
    }
    return macs;
  }

  private static Level level(Workload workload) {
    return switch (workload) {
      case HIGH -> Level.MAX;
      case MEDIUM -> Level.MEDIUM;
      case LOW, UNKNOWN -> Level.MIN;
    };
  }
}
