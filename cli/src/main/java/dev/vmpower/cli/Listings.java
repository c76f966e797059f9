package dev.vmpower.cli;

import dev.vmpower.cli.Table.Kind;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Lists as an operator reads them: a line for each. */
final class Listings {
  private final Style style;

  Listings(Style style) {
    this.style = style;
  }

  String vms(@Nullable Object json) throws FailureException {
    Table table =
        new Table(style)
            .column("VM", Kind.ELASTIC)
            .column("STATE", Kind.TEXT)
            .column("SOURCE", Kind.TEXT)
            .column("REQUESTS", Kind.NUMBER)
            .column("REFUSED", Kind.NUMBER)
            .column("VCPU:PCPUS", Kind.ELASTIC);
    for (Object item : Row.list(json)) {
      Row vm = Row.of(item);
      StringBuilder pinning = new StringBuilder();
      boolean alarm = false;
      for (Object vcpuItem : vm.list("vcpus")) {
        Row vcpu = Row.of(vcpuItem);
        pinning.append(pinning.isEmpty() ? "" : " ").append(vcpu.text("vcpu")).append(':');
        pinning.append(vcpu.has("refused") ? "!" : "").append(orDash(vcpu.text("cpus")));
        alarm |= vcpu.has("refused");
      }
      table.add(
          alarm,
          vm.text("name"),
          vm.text("state"),
          vm.text("source"),
          vm.text("requests"),
          Long.toString(vm.row("refusals").sum()),
          orDash(pinning.toString()));
    }
    return table.format();
  }

  String channels(@Nullable Object json) throws FailureException {
    Table table =
        new Table(style)
            .column("VM", Kind.ELASTIC)
            .column("CHANNEL", Kind.NUMBER)
            .column("STATE", Kind.TEXT)
            .column("PORT", Kind.TEXT)
            .column("ENABLED", Kind.TEXT)
            .column("REQUESTS", Kind.NUMBER)
            .column("REFUSED", Kind.NUMBER)
            .column("DROPPED", Kind.NUMBER);
    for (Object item : Row.list(json)) {
      Row channel = Row.of(item);
      table.add(
          !channel.is("enabled"),
          channel.text("vm"),
          channel.text("channel"),
          channel.text("state"),
          orDash(channel.text("port")),
          channel.is("enabled") ? "yes" : "no",
          channel.text("requests"),
          channel.text("refused"),
          channel.text("dropped_replies"));
    }
    return table.format();
  }

  String cpus(@Nullable Object json) throws FailureException {
    Table table =
        new Table(style)
            .column("CPU", Kind.NUMBER)
            .column("DOMAIN", Kind.NUMBER)
            .column("GOVERNOR", Kind.ELASTIC)
            .column("TARGET_MHZ", Kind.NUMBER)
            .column("NOW_MHZ", Kind.NUMBER)
            .column("WHY", Kind.ELASTIC);
    Set<String> floating = new TreeSet<>();
    for (Object item : Row.list(json)) {
      Row cpu = Row.of(item);
      table.add(
          cpu.has("problem") && cpu.has("domain"),
          cpu.text("cpu"),
          orDash(cpu.text("domain")),
          orDash(cpu.text("governor")),
          megahertz(cpu, "target_khz"),
          megahertz(cpu, "current_khz"),
          why(cpu));
      cpu.list("unprotected").forEach(vm -> floating.add(String.valueOf(vm)));
    }
    return table.format() + floating(floating);
  }

  /** Who has no line among the votes, since no pCPU is its own. */
  private String floating(Set<String> vms) {
    return vms.isEmpty()
        ? ""
        : new Page(style)
            .line(
                "floating",
                String.join(", ", vms)
                    + ": not pinned, so refused, and others may slow them down; pin them, or see"
                    + " allow_unpinned")
            .format();
  }

  private static String why(Row cpu) {
    if (!cpu.is("online")) {
      return "offline";
    }
    if (cpu.has("problem") && cpu.has("domain")) {
      return cpu.text("problem") + " (" + cpu.text("why") + ")";
    }
    return cpu.text("why");
  }

  String pinning(@Nullable Object json) throws FailureException {
    Table table =
        new Table(style)
            .column("VM", Kind.ELASTIC)
            .column("VCPU", Kind.NUMBER)
            .column("PCPUS", Kind.ELASTIC)
            .column("DOMAINS", Kind.ELASTIC)
            .column("SHARED_WITH", Kind.ELASTIC);
    Page refusals = new Page(style);
    for (Object item : Row.list(json)) {
      Row pinning = Row.of(item);
      boolean refused = pinning.has("refused");
      String vcpu = pinning.text("vcpu");
      table.add(
          refused,
          pinning.text("vm"),
          vcpu,
          orDash(pinning.text("cpus")),
          orDash(pinning.text("domains")),
          orDash(pinning.texts("shared_with")));
      if (refused) {
        refusals.alarm(
            "refused", pinning.text("vm") + " vCPU " + vcpu + ": " + pinning.text("refused"));
      }
    }
    String below = refusals.format();
    return table.format() + (below.isEmpty() ? "" : "\n" + below);
  }

  String policies(@Nullable Object json) throws FailureException {
    Table table =
        new Table(style)
            .column("NAME", Kind.ELASTIC)
            .column("COVERS", Kind.ELASTIC)
            .column("TYPE", Kind.TEXT)
            .column("LEVEL", Kind.TEXT)
            .column("IN_FORCE", Kind.TEXT)
            .column("WHY", Kind.ELASTIC);
    for (Object item : Row.list(json)) {
      Row policy = Row.of(item);
      table.add(
          !policy.is("in_force"),
          policy.text("name"),
          covers(policy),
          policy.text("type"),
          orDash(policy.text("level")),
          policy.is("in_force") ? "yes" : "no",
          policy.text("why"));
    }
    return table.format();
  }

  /** What a policy is for: vCPUs of a VM, or pCPUs. */
  static String covers(Row policy) {
    if (policy.has("cpus")) {
      return "pCPUs " + policy.text("cpus");
    }
    return policy.text("vm") + (policy.has("vcpus") ? "/" + policy.text("vcpus") : "");
  }

  static String orDash(String text) {
    return text.isEmpty() ? "-" : text;
  }

  private static String megahertz(Row cpu, String name) {
    return cpu.number(name) <= 0 ? "-" : cpu.megahertz(name);
  }
}
