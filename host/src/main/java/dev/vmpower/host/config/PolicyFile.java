package dev.vmpower.host.config;

import dev.vmpower.host.policy.HourTable;
import dev.vmpower.host.policy.Level;
import dev.vmpower.host.policy.OperatorPolicy;
import dev.vmpower.host.policy.Policy;
import dev.vmpower.host.policy.PolicyException;
import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.net.MacAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.tomlj.TomlArray;
import org.tomlj.TomlParseResult;
import org.tomlj.TomlTable;

/** Operators' policies as text: one {@code [[policy]]} for each. */
public final class PolicyFile {
  /** The most policies in one file. */
  public static final int POLICIES_MAX = 1024;

  private static final int PACKETS_MAX = Integer.MAX_VALUE;
  private static final int HOUR_MAX = HourTable.HOURS - 1;
  private static final double PERCENT_MAX = 100;
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}");

  private final String file;

  private PolicyFile(String file) {
    this.file = file;
  }

  /**
   * Reads policies.
   *
   * @param file what the text is called in errors
   * @throws ConfigException if one of them is none, in one line with its place
   */
  public static List<OperatorPolicy> parse(String file, String text) throws ConfigException {
    return new PolicyFile(file).policies(text);
  }

  private List<OperatorPolicy> policies(String text) throws ConfigException {
    TomlParseResult toml = TomlText.parse(file, text);
    new Section(file, "", toml).allow("policy");
    if (!(toml.get("policy") instanceof TomlArray array) || array.isEmpty()) {
      throw new ConfigException(file + ": write [[policy]], with two brackets, for each policy");
    }
    if (array.size() > POLICIES_MAX) {
      throw new ConfigException(file + ": more than " + POLICIES_MAX + " policies");
    }
    List<OperatorPolicy> policies = new ArrayList<>();
    for (int i = 0; i < array.size(); i++) {
      if (!(array.get(i) instanceof TomlTable table)) {
        throw new ConfigException(file + ": write [[policy]], with two brackets, for each policy");
      }
      Section section = new Section(file, "policy", table);
      OperatorPolicy policy = policy(section);
      for (OperatorPolicy other : policies) {
        if (other.name().equals(policy.name())) {
          throw section.error("name", "two policies are named '" + policy.name() + "'");
        }
        if (other.overlaps(policy)) {
          throw section.error("name", policy.name() + " and " + other.name() + " rule the same");
        }
      }
      policies.add(policy);
    }
    return policies;
  }

  private static OperatorPolicy policy(Section section) throws ConfigException {
    String name = section.text("name", "");
    if (!NAME.matcher(name).matches()) {
      throw section.error("name", "a policy needs a name of letters, digits, '_', '.' and '-'");
    }
    String vm = section.text("vm", "");
    CpuSet cpus = section.cpus("cpus");
    if (vm.isEmpty() == cpus.isEmpty()) {
      throw section.error("vm", "a policy is for a vm, or for cpus");
    }
    if (vm.isEmpty() && section.has("vcpus")) {
      throw section.error("vcpus", "vcpus are those of a vm");
    }
    CpuSet vcpus = section.cpus("vcpus");
    if (section.has("vcpus") && vcpus.isEmpty()) {
      throw section.error("vcpus", "vcpus names none; leave it out for all");
    }
    Policy policy =
        switch (section.text("type", "")) {
          case "time" -> time(section);
          case "traffic" -> {
            allow(section, "macs", "average_packets", "max_packets");
            yield traffic(section);
          }
          case "workload" -> {
            allow(section, "workload");
            yield new Policy.Workload(level(section));
          }
          case "branch_ratio" -> {
            allow(section, "threshold_percent");
            yield new Policy.BranchRatio(
                section.real(
                    "threshold_percent", Policy.BranchRatio.THRESHOLD_PERCENT, 0, PERCENT_MAX));
          }
          default -> throw section.error("type", "type is time, traffic, workload or branch_ratio");
        };
    return new OperatorPolicy(name, vm.isEmpty() ? null : vm, vcpus, cpus, policy);
  }

  private static void allow(Section section, String... keys) throws ConfigException {
    List<String> all = new ArrayList<>(List.of("name", "vm", "vcpus", "cpus", "type"));
    Collections.addAll(all, keys);
    section.allow(all.toArray(new String[0]));
  }

  private static Policy.Time time(Section section) throws ConfigException {
    allow(
        section,
        "busy_hours",
        "quiet_hours",
        "traffic_hours",
        "macs",
        "average_packets",
        "max_packets");
    CpuSet busy = section.numbers("busy_hours", HOUR_MAX);
    CpuSet quiet = section.numbers("quiet_hours", HOUR_MAX);
    CpuSet traffic = section.numbers("traffic_hours", HOUR_MAX);
    if (busy.intersects(quiet) || busy.intersects(traffic) || quiet.intersects(traffic)) {
      throw section.error("busy_hours", "an hour stands in two lists");
    }
    if (busy.isEmpty() && quiet.isEmpty() && traffic.isEmpty()) {
      throw section.error("type", "name hours: busy_hours, quiet_hours or traffic_hours");
    }
    try {
      return new Policy.Time(
          HourTable.of(
              busy.stream().toArray(), quiet.stream().toArray(), traffic.stream().toArray()),
          traffic.isEmpty() ? unused(section) : traffic(section));
    } catch (PolicyException checkedBefore) {
      throw section.error("type", String.valueOf(checkedBefore.getMessage()));
    }
  }

  private static Policy.@Nullable Traffic unused(Section section) throws ConfigException {
    if (section.has("macs") || section.has("average_packets") || section.has("max_packets")) {
      throw section.error("macs", "packets count in traffic_hours, and there are none");
    }
    return null;
  }

  private static Policy.Traffic traffic(Section section) throws ConfigException {
    List<Long> macs = new ArrayList<>();
    for (String text : section.texts("macs", Policy.MACS_MAX)) {
      try {
        macs.add(MacAddress.parse(text));
      } catch (IllegalArgumentException notOne) {
        throw section.error("macs", String.valueOf(notOne.getMessage()));
      }
    }
    if (macs.isEmpty()) {
      throw section.error("macs", "macs names no interface whose packets count");
    }
    if (!section.has("average_packets") || !section.has("max_packets")) {
      throw section.error(
          "average_packets", "average_packets and max_packets, per second, are needed");
    }
    int average = section.integer("average_packets", 0, 0, PACKETS_MAX);
    int max = section.integer("max_packets", 0, 0, PACKETS_MAX);
    if (average > max) {
      throw section.error(
          "average_packets", "average_packets " + average + " is above max_packets " + max);
    }
    return new Policy.Traffic(macs, average, max);
  }

  private static Level level(Section section) throws ConfigException {
    return switch (section.text("workload", "")) {
      case "high" -> Level.MAX;
      case "medium" -> Level.MEDIUM;
      case "low" -> Level.MIN;
      default -> throw section.error("workload", "workload is high, medium or low");
    };
  }
}
