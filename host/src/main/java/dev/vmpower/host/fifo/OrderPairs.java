package dev.vmpower.host.fifo;

import dev.vmpower.host.policy.HourTable;
import dev.vmpower.host.policy.Level;
import dev.vmpower.host.policy.Policy;
import dev.vmpower.host.policy.PolicyException;
import dev.vmpower.machine.net.MacAddress;
import dev.vmpower.protocol.Unit;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * The pairs of one order. Each that is there must be right, whether the order needs it or not; one
 * that is not there is as DPDK has it: create, TIME, LOW, no hour, no packet.
 *
 * @param command {@code create}, {@code destroy}, {@code power}; null for what goes with the object
 */
record OrderPairs(
    @Nullable String command,
    String policyType,
    HourTable hours,
    List<Long> macs,
    long averagePackets,
    long maxPackets,
    Level workload,
    @Nullable Unit unit) {
  static final Set<String> KEYS =
      Set.of(
          "command",
          "policy_type",
          "busy_hours",
          "quiet_hours",
          "mac_list",
          "avg_packet_thresh",
          "max_packet_thresh",
          "workload",
          "unit");

  private static final long PACKETS_MAX = 0xffff_ffffL; // DPDK's u32
  private static final int[] NONE = {};

  /**
   * Reads pairs whose keys are known.
   *
   * @throws PolicyException if a value is not as it should be, in one line
   */
  static OrderPairs of(JsonNode pairs) throws PolicyException {
    String unit =
        word(
            pairs,
            "unit",
            Set.of(
                "SCALE_UP",
                "SCALE_DOWN",
                "SCALE_MAX",
                "SCALE_MIN",
                "ENABLE_TURBO",
                "DISABLE_TURBO"));
    String type = word(pairs, "policy_type", Set.of("TIME", "TRAFFIC", "WORKLOAD", "BRANCH_RATIO"));
    String workload = word(pairs, "workload", Set.of("HIGH", "MEDIUM", "LOW"));
    return new OrderPairs(
        word(pairs, "command", Set.of("create", "destroy", "power")),
        type == null ? "TIME" : type,
        HourTable.of(hours(pairs, "busy_hours"), hours(pairs, "quiet_hours"), NONE),
        macs(pairs),
        packets(pairs, "avg_packet_thresh"),
        packets(pairs, "max_packet_thresh"),
        switch (workload == null ? "LOW" : workload) {
          case "HIGH" -> Level.MAX;
          case "MEDIUM" -> Level.MEDIUM;
          default -> Level.MIN;
        },
        unit == null ? null : Unit.valueOf(unit));
  }

  /**
   * What they want.
   *
   * @param commandIfNone the command, where they name none
   * @throws PolicyException if something is missing, in one line
   */
  FifoOrder order(String commandIfNone) throws PolicyException {
    return switch (command == null ? commandIfNone : command) {
      case "destroy" -> new FifoOrder.Destroy();
      case "power" -> {
        if (unit == null) {
          throw new PolicyException("\"power\" needs a \"unit\", such as \"SCALE_MAX\"");
        }
        yield new FifoOrder.Instruction(unit);
      }
      default -> new FifoOrder.Create(policy());
    };
  }

  private Policy policy() throws PolicyException {
    return switch (policyType) {
      case "TRAFFIC" -> {
        if (macs.isEmpty()) {
          throw new PolicyException("\"TRAFFIC\" needs a \"mac_list\" with an address");
        }
        yield new Policy.Traffic(macs, averagePackets, maxPackets);
      }
      case "WORKLOAD" -> new Policy.Workload(workload);
      case "BRANCH_RATIO" -> new Policy.BranchRatio(Policy.BranchRatio.THRESHOLD_PERCENT);
      default -> new Policy.Time(hours, null);
    };
  }

  private static @Nullable String word(JsonNode pairs, String key, Set<String> words)
      throws PolicyException {
    JsonNode value = pairs.get(key);
    if (value == null) {
      return null;
    }
    if (!value.isString() || !words.contains(value.stringValue())) {
      String given = value.isString() ? OrderReader.shown(value.stringValue()) : " like that one";
      throw new PolicyException(
          "there is no \"" + key + "\"" + given + ": give one of " + new TreeSet<>(words));
    }
    return value.stringValue();
  }

  private static int[] hours(JsonNode pairs, String key) throws PolicyException {
    JsonNode list = pairs.get(key);
    if (list == null) {
      return NONE;
    }
    String expected = "\"" + key + "\" is a list of up to 24 hours from 0 to 23";
    if (!list.isArray() || list.size() > HourTable.HOURS) {
      throw new PolicyException(expected);
    }
    int[] hours = new int[list.size()];
    for (int i = 0; i < hours.length; i++) {
      JsonNode hour = list.get(i);
      if (!hour.isInt() || hour.intValue() < 0 || hour.intValue() >= HourTable.HOURS) {
        throw new PolicyException(expected);
      }
      hours[i] = hour.intValue();
    }
    return hours;
  }

  private static List<Long> macs(JsonNode pairs) throws PolicyException {
    JsonNode list = pairs.get("mac_list");
    List<Long> macs = new ArrayList<>();
    if (list == null) {
      return macs;
    }
    String expected =
        "\"mac_list\" is a list of up to "
            + Policy.MACS_MAX
            + " addresses such as \"52:54:00:12:34:56\"";
    if (!list.isArray() || list.size() > Policy.MACS_MAX) {
      throw new PolicyException(expected);
    }
    for (JsonNode mac : list) {
      try {
        long address = MacAddress.parse(mac.isString() ? mac.stringValue() : "");
        if (!macs.contains(address)) {
          macs.add(address);
        }
      } catch (IllegalArgumentException none) {
        throw new PolicyException(expected);
      }
    }
    return macs;
  }

  private static long packets(JsonNode pairs, String key) throws PolicyException {
    JsonNode number = pairs.get(key);
    if (number == null) {
      return 0;
    }
    if (!number.canConvertToLong()
        || !number.isIntegralNumber()
        || number.longValue() < 0
        || number.longValue() > PACKETS_MAX) {
      throw new PolicyException("\"" + key + "\" is a whole number from 0 to " + PACKETS_MAX);
    }
    return number.longValue();
  }
}
