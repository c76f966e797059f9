package dev.vmpower.cli;

import dev.vmpower.cli.Table.Kind;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Answers of the daemon as an operator reads them. Frequencies are in MHz throughout. */
final class Screens {
  private static final int KHZ_PER_MHZ = 1000;

  private final Style style;

  Screens(Style style) {
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
    for (Object item : list(json)) {
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
    for (Object item : list(json)) {
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
    for (Object item : list(json)) {
      Row cpu = Row.of(item);
      table.add(
          cpu.has("problem") && cpu.has("domain"),
          cpu.text("cpu"),
          orDash(cpu.text("domain")),
          orDash(cpu.text("governor")),
          megahertz(cpu, "target_khz"),
          megahertz(cpu, "current_khz"),
          why(cpu));
    }
    return table.format();
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

  String status(@Nullable Object json) throws FailureException {
    Row status = Row.of(json);
    StringBuilder text = new StringBuilder();
    line(text, "vmpower", status.text("version") + ", mode " + status.text("mode"));
    line(text, "libvirt", status.text("libvirt"));
    line(text, "VMs", status.text("vms") + ", channels " + status.text("channels"));
    line(text, "managed", status.text("managed_domains") + " frequency domains");
    line(text, "requests", status.text("requests") + ", refused " + refusals(status));
    line(text, "writes", status.text("writes") + ", refused " + status.text("refused_writes"));
    Row times = status.row("answer_times");
    line(
        text,
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
    return text.toString();
  }

  private static String refusals(Row status) {
    Row refusals = status.row("refusals");
    StringBuilder text = new StringBuilder().append(refusals.sum());
    String separator = " (";
    for (Object name : refusals.names()) {
      text.append(separator).append(name).append(' ').append(refusals.text(name.toString()));
      separator = ", ";
    }
    return text.append(separator.equals(", ") ? ")" : "").toString();
  }

  private void line(StringBuilder text, String name, String value) {
    String padded = name + " ".repeat(10 - name.length());
    text.append(style.strong(padded));
    text.append(style.shorten(value, Table.WIDTH_MAX - padded.length())).append('\n');
  }

  /** Answers to verbs that change something and have nothing to list. */
  static String message(@Nullable Object json) throws FailureException {
    return Row.of(json).text("message") + "\n";
  }

  /** What {@code pause} and {@code resume} came to. */
  static String mode(@Nullable Object json) throws FailureException {
    return "mode " + Row.of(json).text("mode") + "\n";
  }

  private static List<?> list(@Nullable Object json) throws FailureException {
    if (json instanceof List<?> list) {
      return list;
    }
    throw new FailureException(FailureException.FAILED, "the answer is not what was asked for");
  }

  private static String orDash(String text) {
    return text.isEmpty() ? "-" : text;
  }

  private static String megahertz(Row cpu, String name) {
    long khz = cpu.number(name);
    return khz <= 0 ? "-" : Long.toString((khz + KHZ_PER_MHZ / 2) / KHZ_PER_MHZ);
  }

  // By hand: String.format would load its parser for four numbers.
  private static String micros(Row times, String name) {
    long tenths = Math.round(times.real(name) * 10);
    return tenths / 10 + "." + tenths % 10 + " us";
  }
}
