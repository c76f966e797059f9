package dev.vmpower.cli;

import dev.vmpower.cli.Table.Kind;
import java.util.Locale;

/** What pCPUs and VMs used, and what was saved. */
final class EnergyPage {
  private static final double PERCENT = 100;
  private static final double JOULES_PER_WATT_HOUR = 3600;
  private static final int SECONDS_PER_MINUTE = 60;
  private static final int SECONDS_PER_HOUR = 3600;

  private final Style style;

  EnergyPage(Style style) {
    this.style = style;
  }

  String show(Row energy) throws FailureException {
    boolean measured = energy.is("measured");
    double savedPart = energy.real("saved_part");
    Page page = new Page(style);
    page.line("time", time(energy.number("seconds")));
    page.line(
        "used",
        measured
            ? wattHours(energy.real("joules")) + ", as the hardware counted it"
            : "not counted: this host has no RAPL that can be read");
    page.line(
        "saved",
        "about "
            + percent(savedPart)
            + (measured ? " or " + wattHours(energy.real("saved_joules")) : "")
            + " against full speed: an estimate");
    page.line("method", energy.text("method"));
    page.block(shares(energy, measured));
    return energy.list("times").isEmpty() ? page.format() : page.block(times(energy)).format();
  }

  private String shares(Row energy, boolean measured) throws FailureException {
    Table table =
        new Table(style)
            .column("VM", Kind.ELASTIC)
            .column("SHARE", Kind.NUMBER)
            .column("ENERGY", Kind.NUMBER);
    for (Object item : energy.list("shares")) {
      Row share = Row.of(item);
      table.add(
          false,
          share.has("vm") ? share.text("vm") : "(host and idle)",
          percent(share.real("part")),
          measured ? wattHours(share.real("joules")) : "-");
    }
    return table.format();
  }

  private String times(Row energy) throws FailureException {
    Table table =
        new Table(style)
            .column("PCPUS", Kind.TEXT)
            .column("TIME AT EACH FREQUENCY (MHz)", Kind.ELASTIC);
    for (Object item : energy.list("times")) {
      Row times = Row.of(item);
      StringBuilder parts = new StringBuilder();
      double all = times.list("seconds").stream().mapToDouble(EnergyPage::real).sum();
      for (int i = times.list("khz").size() - 1; i >= 0; i--) {
        double seconds = real(times.list("seconds").get(i));
        parts.append(parts.isEmpty() ? "" : ", ");
        parts.append(Row.megahertz((long) real(times.list("khz").get(i)))).append(' ');
        parts.append(percent(all > 0 ? seconds / all : 0));
      }
      table.add(false, times.text("cpus"), parts.toString());
    }
    return table.format();
  }

  private static double real(Object number) {
    return number instanceof Number value ? value.doubleValue() : 0;
  }

  private static String time(long seconds) {
    return seconds < SECONDS_PER_HOUR
        ? seconds / SECONDS_PER_MINUTE + " min " + seconds % SECONDS_PER_MINUTE + " s"
        : seconds / SECONDS_PER_HOUR
            + " h "
            + seconds % SECONDS_PER_HOUR / SECONDS_PER_MINUTE
            + " min";
  }

  private static String percent(double part) {
    return String.format(Locale.ROOT, "%.1f %%", part * PERCENT);
  }

  private static String wattHours(double joules) {
    return String.format(Locale.ROOT, "%.1f Wh", joules / JOULES_PER_WATT_HOUR);
  }
}
