package dev.vmpower.cli;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Which events are wanted: those that are about one VM, about some pCPUs, or of some types. */
final class EventFilter {
  static final List<String> TYPES =
      List.of("vote", "target", "channel", "vm", "refusal", "policy", "hold", "conflict", "status");

  private static final int CPU_MAX = 8191;

  private final @Nullable String vm;
  private final @Nullable Set<Integer> cpus;
  private final @Nullable Set<String> types;

  /**
   * All that is not null must be so.
   *
   * @param cpus a list such as {@code 0-3,8}
   * @param types with commas between them
   * @throws FailureException if these are no pCPUs or no types
   */
  EventFilter(@Nullable String vm, @Nullable String cpus, @Nullable String types)
      throws FailureException {
    this.vm = vm;
    this.cpus = cpus == null ? null : NumberList.parse(cpus, CPU_MAX, "pCPUs");
    this.types = types == null ? null : types(types);
  }

  private static Set<String> types(String list) throws FailureException {
    Set<String> types = new TreeSet<>();
    for (String type : DpdkCommands.split(list, ',')) {
      if (!TYPES.contains(type)) {
        throw new FailureException(
            FailureException.USAGE,
            "'" + type + "' is no type of event: one of " + String.join(", ", TYPES));
      }
      types.add(type);
    }
    return types;
  }

  boolean wants(String type, Row event) {
    return (types == null || types.contains(type))
        && (vm == null || event.is("vm", vm) || event.is("name", "guest:" + vm))
        && (cpus == null || intersects(event.text("cpus"), cpus));
  }

  private static boolean intersects(String list, Set<Integer> wanted) {
    try {
      return !list.isEmpty()
          && NumberList.parse(list, CPU_MAX, "pCPUs").stream().anyMatch(wanted::contains);
    } catch (FailureException notAsExpected) {
      return false;
    }
  }
}
