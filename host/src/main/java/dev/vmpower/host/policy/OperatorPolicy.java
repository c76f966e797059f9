package dev.vmpower.host.policy;

import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.net.MacAddress;
import java.util.Iterator;
import java.util.Locale;
import java.util.SortedSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A policy that an operator gave a name.
 *
 * @param vm whose vCPUs it is for; null where it is for pCPUs
 * @param vcpus the vCPUs; empty for all that the VM has
 * @param cpus the pCPUs; empty where it is for a VM
 */
public record OperatorPolicy(
    String name, @Nullable String vm, CpuSet vcpus, CpuSet cpus, Policy policy) {

  /** Whether it and {@code other} could both rule one vCPU, or one pCPU. */
  public boolean overlaps(OperatorPolicy other) {
    if (vm == null || other.vm == null) {
      return cpus.intersects(other.cpus);
    }
    return vm.equals(other.vm)
        && (vcpus.isEmpty() || other.vcpus.isEmpty() || vcpus.intersects(other.vcpus));
  }

  /** Whether it rules the vCPU {@code number} of {@code vmName}. */
  public boolean rules(String vmName, int number) {
    return vmName.equals(vm) && (vcpus.isEmpty() || vcpus.contains(number));
  }

  /** As a {@code [[policy]]} of a policy file. */
  public String toToml() {
    StringBuilder toml = new StringBuilder("[[policy]]\n");
    text(toml, "name", name);
    if (vm != null) {
      text(toml, "vm", vm);
      if (!vcpus.isEmpty()) {
        text(toml, "vcpus", vcpus.toString());
      }
    } else {
      text(toml, "cpus", cpus.toString());
    }
    text(toml, "type", policy.type());
    switch (policy) {
      case Policy.Time time -> {
        hours(toml, "busy_hours", time.hours().hours(HourTable.Use.BUSY));
        hours(toml, "quiet_hours", time.hours().hours(HourTable.Use.QUIET));
        hours(toml, "traffic_hours", time.hours().hours(HourTable.Use.TRAFFIC));
        Policy.Traffic traffic = time.traffic();
        if (traffic != null) {
          traffic(toml, traffic);
        }
      }
      case Policy.Traffic traffic -> traffic(toml, traffic);
      case Policy.Workload workload ->
          text(
              toml,
              "workload",
              switch (workload.level()) {
                case MAX -> "high";
                case MEDIUM -> "medium";
                case MIN -> "low";
              });
      case Policy.BranchRatio ratio ->
          toml.append("threshold_percent = ").append(ratio.thresholdPercent()).append('\n');
    }
    return toml.toString();
  }

  private static void hours(StringBuilder toml, String key, SortedSet<Integer> hours) {
    if (!hours.isEmpty()) {
      int[] numbers = hours.stream().mapToInt(Integer::intValue).toArray();
      text(toml, key, CpuSet.of(numbers).toString());
    }
  }

  private static void traffic(StringBuilder toml, Policy.Traffic traffic) {
    toml.append("macs = ");
    toml.append(
        traffic.macs().stream()
            .map(mac -> '"' + MacAddress.toString(mac) + '"')
            .collect(Collectors.joining(", ", "[", "]\n")));
    toml.append("average_packets = ").append(traffic.averagePackets()).append('\n');
    toml.append("max_packets = ").append(traffic.maxPackets()).append('\n');
  }

  private static void text(StringBuilder toml, String key, String value) {
    toml.append(key).append(" = \"");
    for (Iterator<Integer> points = value.codePoints().iterator(); points.hasNext(); ) {
      int point = points.next();
      if (point == '"' || point == '\\') {
        toml.append('\\').appendCodePoint(point);
      } else if (Character.isISOControl(point)) {
        toml.append(String.format(Locale.ROOT, "\\u%04x", point));
      } else {
        toml.appendCodePoint(point);
      }
    }
    toml.append("\"\n");
  }
}
