package dev.vmpower.cli;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The names and numbers that the daemon knows at this moment, for completion. A daemon that is away
 * or slow knows none: whoever types does not wait for it.
 */
final class LiveNames {
  static final int PATIENCE_MS = 300;

  /** What was answered, or was not, is good for so long. */
  private static final long FRESH_NS = 2_000_000_000L;

  private final ControlClient client;
  private String known = "";
  private long knownSinceNs;
  private List<Row> rows = List.of();

  LiveNames(ControlClient client) {
    this.client = client;
  }

  List<String> vms() {
    return values("/v1/vms", "name", null);
  }

  List<String> vcpus(String vm) {
    List<String> vcpus = new ArrayList<>();
    for (Row row : rows("/v1/vms")) {
      if (row.is("name", vm)) {
        for (Object vcpu : row.list("vcpus")) {
          try {
            vcpus.add(Row.of(vcpu).text("vcpu"));
          } catch (FailureException notAsExpected) {
            return List.of();
          }
        }
      }
    }
    return vcpus;
  }

  List<String> channels(String vm) {
    return values("/v1/channels", "channel", vm);
  }

  List<String> cpus() {
    return values("/v1/cpus", "cpu", null);
  }

  List<String> policies() {
    return values("/v1/policies", "name", null);
  }

  private List<String> values(String target, String name, @Nullable String vm) {
    List<String> values = new ArrayList<>();
    for (Row row : rows(target)) {
      if (vm == null || row.is("vm", vm)) {
        values.add(row.text(name));
      }
    }
    return values;
  }

  private List<Row> rows(String target) {
    if (!known.equals(target) || System.nanoTime() - knownSinceNs > FRESH_NS) {
      rows = ask(target);
      known = target;
      knownSinceNs = System.nanoTime();
    }
    return rows;
  }

  private List<Row> ask(String target) {
    List<Row> answered = new ArrayList<>();
    try {
      for (Object item : Row.list(Json.read(client.ask(target, null).body()))) {
        answered.add(Row.of(item));
      }
    } catch (FailureException unknown) {
      answered.clear();
    }
    return answered;
  }
}
