package dev.vmpower.cli;

import dev.vmpower.cli.Table.Kind;
import org.jspecify.annotations.Nullable;

/** Answers of the daemon as an operator reads them. Frequencies are in MHz throughout. */
final class Screens {
  private final Style style;

  Screens(Style style) {
    this.style = style;
  }

  /**
   * An answer as text.
   *
   * @throws FailureException if it is not what was asked for
   */
  String show(Screen screen, @Nullable Object json) throws FailureException {
    Listings listings = new Listings(style);
    return switch (screen) {
      case VMS -> listings.vms(json);
      case VM -> vm(Row.of(json));
      case CHANNELS -> listings.channels(json);
      case CPUS -> listings.cpus(json);
      case CPU -> new CpuPages(style).all(json);
      case EXPLANATION -> new CpuPages(style).explanation(Row.of(json));
      case PINNING -> listings.pinning(json);
      case POLICIES -> listings.policies(json);
      case POLICY -> policy(Row.of(json));
      case STATUS -> status(Row.of(json));
      case ENERGY -> new EnergyPage(style).show(Row.of(json));
      case MODE -> "mode " + Row.of(json).text("mode") + "\n";
      case MESSAGE, LOCAL -> Row.of(json).text("message") + "\n";
    };
  }

  private String vm(Row vm) throws FailureException {
    Page page = new Page(style);
    String libvirt = vm.has("uuid") ? ", in libvirt " + vm.text("uuid") : "";
    page.line("VM", vm.text("name"));
    page.line("state", vm.text("state") + libvirt);
    page.line(
        "envelope",
        bound(vm, "min_khz", "the hardware's lowest")
            + " to "
            + bound(vm, "max_khz", "the hardware's highest")
            + (vm.is("turbo") ? ", with turbo" : ", without turbo")
            + (vm.is("enforce") ? ", enforced" : ""));
    page.line("queries", vm.is("query") ? "answered" : "refused");
    page.line("requests", vm.text("requests") + ", refused " + refusals(vm));
    for (Object item : vm.list("vcpus")) {
      Row vcpu = Row.of(item);
      if (vcpu.has("refused")) {
        page.alarm("vCPU " + vcpu.text("vcpu"), "refused: " + vcpu.text("refused"));
      }
    }
    return page.block(vcpus(vm)).format();
  }

  private static String bound(Row vm, String name, String otherwise) {
    return vm.has(name) ? vm.megahertz(name) + " MHz" : otherwise;
  }

  private String vcpus(Row vm) throws FailureException {
    Table table =
        new Table(style)
            .column("VCPU", Kind.NUMBER)
            .column("PCPUS", Kind.ELASTIC)
            .column("VOTE", Kind.TEXT)
            .column("TURBO", Kind.TEXT)
            .column("REQUESTS", Kind.TEXT);
    for (Object item : vm.list("vcpus")) {
      Row vcpu = Row.of(item);
      table.add(
          vcpu.has("refused"),
          vcpu.text("vcpu"),
          Listings.orDash(vcpu.text("cpus")),
          vcpu.is("claimed") ? level(vcpu.text("vote")) : "-",
          vcpu.is("turbo") ? "yes" : "no",
          vcpu.has("refused") ? "refused" : "count");
    }
    return table.format();
  }

  /** {@code max}, {@code min}, or kHz as MHz. */
  static String level(String level) {
    return level.isEmpty() || !Character.isDigit(level.charAt(0))
        ? Listings.orDash(level)
        : Row.megahertz(Long.parseLong(level)) + " MHz";
  }

  private String policy(Row policy) {
    Page page =
        new Page(style)
            .line("policy", policy.text("name") + ", of the " + policy.text("source"))
            .line("covers", Listings.covers(policy))
            .line("type", policy.text("type"))
            .line("level", Listings.orDash(policy.text("level")))
            .line("in force", policy.is("in_force") ? "yes" : "no")
            .lineIfAny("since", policy.text("since"))
            .line("why", Listings.orDash(policy.text("why")));
    return (policy.has("toml") ? page.block(policy.lines("toml")) : page).format();
  }

  private String status(Row status) {
    Page page = new Page(style);
    page.line("vmpower", status.text("version") + ", mode " + status.text("mode"));
    page.line("libvirt", status.text("libvirt"));
    page.line("VMs", status.text("vms") + ", channels " + status.text("channels"));
    page.line(
        "managed",
        status.text("managed_domains")
            + (status.number("managed_domains") == 1 ? " frequency domain" : " frequency domains"));
    page.line("requests", status.text("requests") + ", refused " + refusals(status));
    page.line("writes", status.text("writes") + ", refused " + status.text("refused_writes"));
    Row times = status.row("answer_times");
    page.line(
        "answers",
        times.text("count")
            + ", p50 "
            + micros(times, "p50_us")
            + ", p99 "
            + micros(times, "p99_us")
            + ", p99.9 "
            + micros(times, "p999_us")
            + ", max "
            + micros(times, "max_us"));
    return page.format();
  }

  private static String refusals(Row row) {
    Row refusals = row.row("refusals");
    StringBuilder text = new StringBuilder().append(refusals.sum());
    String separator = " (";
    for (Object name : refusals.names()) {
      text.append(separator).append(name).append(' ').append(refusals.text(name.toString()));
      separator = ", ";
    }
    return text.append(separator.equals(", ") ? ")" : "").toString();
  }

  // By hand: String.format would load its parser for four numbers.
  private static String micros(Row times, String name) {
    long tenths = Math.round(times.real(name) * 10);
    return tenths / 10 + "." + tenths % 10 + " us";
  }
}
