package dev.vmpower.sim;

import dev.vmpower.host.view.CpuView;
import dev.vmpower.host.view.VmView;
import dev.vmpower.host.vm.Refusal;
import dev.vmpower.machine.cpu.CpuSet;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Makes the lines of the live table, for 80 columns and 24 lines. */
final class Table {
  static final int COLUMNS = 80;
  static final int LINES = 24;

  private static final int BAR = 7;
  private static final int ASKED = 25;
  private static final int WHY = 28;
  private static final double US_PER_MS = 1000;
  private static final double KHZ_PER_GHZ = 1e6;
  private static final Pattern KHZ = Pattern.compile("\\b[0-9]{7}\\b");

  private final Path directory;
  private final int secondsPerDay;
  private final Style style;

  Table(Path directory, int secondsPerDay, Style style) {
    this.directory = directory;
    this.secondsPerDay = secondsPerDay;
    this.style = style;
  }

  List<String> lines(Frame frame) {
    List<String> lines = new ArrayList<>();
    lines.add(title(frame.hours()));
    lines.add(" Simulated: a host and 3 VMs. Real: vmpower. As its load changes, a VM asks for");
    lines.add(" more or less CPU speed, and each CPU gets the highest speed asked of it.");
    lines.add("");
    lines.add(
        style.bold(
            String.format(" CPU  %-13s  NOW    %-25s%s", "SPEED in GHz", "ASKED BY", "WHY")));
    frame.cpus().forEach(cpu -> lines.add(cpu(cpu)));
    lines.add(
        style.dim(
            String.format(
                "   %s%s one speed: 2 and 3 are hyper-threads of a core, 6 and 7 have one clock",
                style.tie(true), style.tie(false))));
    lines.add("");
    lines.add(
        style.bold(
            String.format(
                " %-8s%-28s%4s  %8s  %s",
                "VM", "LOAD FROM 0 TO 24 H", "NOW", "REQUESTS", "REFUSED")));
    VmPlan.ALL.forEach(plan -> lines.add(vm(plan, frame)));
    lines.add("");
    lines.add(
        " %d requests so far. Answer time: p50 %s, p99 %s"
            .formatted(frame.status().requests(), time(frame.p50Us()), time(frame.p99Us())));
    lines.add(" All of it is in " + directory + " while this runs:");
    lines.add(" cat " + directory + "/cpu/cpu4/cpufreq/scaling_setspeed");
    Path socket = directory.resolve("control.sock");
    if (Files.exists(socket)) {
      lines.add(" ./vmpower ctl --socket " + socket + " cpu list");
    }
    return lines;
  }

  private String title(double hours) {
    double hour = DayClock.hourOfDay(hours);
    int minutes = VmPlan.HOURS * 60 / secondsPerDay;
    String speed = minutes < 60 ? minutes + " min" : minutes / 60 + " h";
    String time =
        "day %d %02d:%02d"
            .formatted((int) hours / VmPlan.HOURS + 1, (int) hour, (int) (hour * 60) % 60);
    return style.bold(" vmpower demo")
        + " ".repeat(20)
        + style.bold(time)
        + "  (1 s is "
        + speed
        + ")"
        + "   Ctrl-C ends it";
  }

  private String cpu(CpuView cpu) {
    Integer target = cpu.targetKhz();
    String bar = style.dim(style.empty(BAR));
    if (target != null) {
      double part = (double) (target - cpu.minKhz()) / (cpu.maxKhz() - cpu.minKhz());
      bar = style.bar((1 + part * (BAR - 1)) / BAR, BAR);
    }
    String rest =
        String.format(
            " %-5s  %-5s  %-25s%s",
            target == null ? "-" : ghz(cpu, target),
            ghz(cpu, cpu.currentKhz()),
            cut(asked(cpu), ASKED - 1),
            cut(why(cpu), WHY));
    return String.format(" %2d%s %s", cpu.cpu(), tie(cpu), bar)
        + (target == null ? style.dim(rest) : rest);
  }

  /** Says which pCPUs are tied to each other. */
  private String tie(CpuView cpu) {
    CpuSet tied = CpuSet.parse(cpu.siblings()).union(CpuSet.parse(cpu.domainCpus()));
    return tied.size() < 2 ? " " : style.tie(cpu.cpu() == tied.get(0));
  }

  private static String asked(CpuView cpu) {
    String asked =
        cpu.votes().stream()
            .filter(CpuView.VoteView::counts)
            .map(vote -> vote.vm() + " " + ghz(cpu, vote.khz()))
            .collect(Collectors.joining(", "));
    return asked.isEmpty() ? "-" : asked;
  }

  private static String why(CpuView cpu) {
    if (!cpu.managed() && !cpu.reserved()) {
      return cpu.why() + ": the kernel's";
    }
    return KHZ.matcher(Objects.requireNonNullElse(cpu.problem(), cpu.why()))
        .replaceAll(khz -> ghz(cpu, Integer.parseInt(khz.group())));
  }

  private static String ghz(CpuView cpu, int khz) {
    return khz == cpu.maxKhz() ? "turbo" : ghz(khz);
  }

  static String ghz(long khz) {
    return String.format(Locale.ROOT, "%.2f", khz / KHZ_PER_GHZ);
  }

  private String vm(VmPlan plan, Frame frame) {
    double hour = DayClock.hourOfDay(frame.hours());
    StringBuilder sparks = new StringBuilder();
    for (int i = 0; i < VmPlan.HOURS; i++) {
      String spark = plan.isOnAt(i) ? style.spark(plan.loadAt(i)) : " ";
      sparks.append(i == (int) hour ? style.inverse(spark) : spark);
    }
    VmView view =
        frame.vms().stream().filter(vm -> vm.name().equals(plan.name())).findFirst().orElseThrow();
    String now =
        plan.isOnAt(hour) ? String.format(Locale.ROOT, "%.0f %%", 100 * plan.loadAt(hour)) : "off";
    return String.format(" %-8s", plan.name())
        + sparks
        + String.format("    %4s  %8d  ", now, view.requests())
        + refused(view);
  }

  private String refused(VmView view) {
    long count = view.refusals().values().stream().mapToLong(Long::longValue).sum();
    if (count == 0) {
      return "0";
    }
    Map.Entry<String, Long> first = view.refusals().entrySet().iterator().next();
    return style.warning(cut(count + ": " + reason(first.getKey()), 29));
  }

  /** The reason that goes by {@code label}, in words. */
  static String reason(String label) {
    return Arrays.stream(Refusal.values())
        .filter(refusal -> refusal.label().equals(label))
        .map(Refusal::text)
        .findFirst()
        .orElse(label);
  }

  /** A time, with the unit that suits it. */
  static String time(double us) {
    return us < US_PER_MS
        ? String.format(Locale.ROOT, "%.0f us", us)
        : String.format(Locale.ROOT, "%.1f ms", us / US_PER_MS);
  }

  private static String cut(String text, int length) {
    return text.length() <= length ? text : text.substring(0, length - 1) + "~";
  }
}
