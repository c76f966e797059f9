package dev.vmpower.cli;

import dev.vmpower.cli.TopState.Pane;
import java.util.ArrayList;
import java.util.List;

/**
 * One screenful of {@code top} as lines, for a terminal of any size: what does not fit is a row
 * that can be scrolled to, or a column that is left out. Lines are never wider than the terminal.
 */
final class TopPage {
  static final int WIDTH_MIN = 60;
  static final int HEIGHT_MIN = 15;

  /** Two of the head, one above each list, and the keys. */
  private static final int FIXED_ROWS = 5;

  private static final int CELL_WIDTH = 38;
  private static final int CELL_GAP = 2;
  private static final int CELL_TEXT_WIDTH = 21;
  private static final int WIDE = 84;
  private static final int KHZ_PER_MHZ = 1000;

  /** A line and whether it should catch the eye. */
  record Line(String text, boolean strong, boolean alarm) {}

  private final TopState state;
  private final boolean unicode;
  private final List<Line> lines = new ArrayList<>();
  private final int width;
  private final int height;

  private TopPage(TopState state, boolean unicode, int width, int height) {
    this.state = state;
    this.unicode = unicode;
    this.width = width;
    this.height = height;
  }

  /**
   * The lines of a terminal of this size.
   *
   * @param trouble what keeps newer figures from coming; empty for nothing
   */
  static List<Line> of(
      TopSample sample,
      TopState state,
      String trouble,
      String time,
      boolean unicode,
      int width,
      int height) {
    TopPage page = new TopPage(state, unicode, width, height);
    if (width < WIDTH_MIN || height < HEIGHT_MIN) {
      page.tooSmall();
    } else {
      page.fill(sample, trouble, time);
    }
    return page.lines;
  }

  private void tooSmall() {
    add("too small for top:", false, true);
    add("here are " + width + "x" + height, false, true);
    add(WIDTH_MIN + "x" + HEIGHT_MIN + " at least; q quits", false, true);
    while (lines.size() > height) {
      lines.removeLast();
    }
  }

  private void fill(TopSample sample, String trouble, String time) {
    head(sample, trouble, time);
    int columns = Math.max(1, (width + CELL_GAP) / (CELL_WIDTH + CELL_GAP));
    int cpuRows = Math.ceilDiv(sample.cpus.size(), columns);
    int room = height - FIXED_ROWS;
    int vmRoom = Math.max(Math.min(sample.vms.size(), room / 2), room - cpuRows);
    int cpuRoom = room - vmRoom;
    cpus(state.cpus(sample), columns, cpuRoom);
    vms(state.vms(sample), vmRoom);
    String keys =
        unicode
            ? "q quit  Tab list  s sort  r reverse  ↑↓ scroll"
            : "q quit  Tab list  s sort  r reverse  arrows scroll";
    String by = (state.pane() == Pane.CPUS ? "  pCPUs" : "  VMs") + " by " + state.order();
    add(keys + by, true, false);
  }

  private void head(TopSample sample, String trouble, String time) {
    String first =
        "vmpower "
            + sample.mode
            + "  libvirt "
            + sample.libvirt
            + "  VMs "
            + sample.vms.size()
            + "  channels "
            + sample.channels;
    String fitting = cut(first, width - time.length() - 2);
    add(fitting + " ".repeat(width - fitting.length() - time.length()) + time, true, false);
    if (trouble.isEmpty()) {
      String second =
          "requests "
              + rate(sample.requestRate)
              + "/s  refused "
              + rate(sample.refusalRate)
              + "/s  writes "
              + rate(sample.writeRate)
              + "/s  answers p99 "
              + Math.round(sample.p99Us)
              + " us";
      add(second, false, sample.refusedWriteRate > 0);
    } else {
      add(trouble, false, true);
    }
  }

  private void cpus(List<TopSample.Cpu> cpus, int columns, int room) {
    int cellWidth = (width - CELL_GAP * (columns - 1)) / columns;
    int rows = Math.ceilDiv(cpus.size(), columns);
    int offset = state.offset(Pane.CPUS, rows, room);
    StringBuilder heads = new StringBuilder();
    for (int column = 0; column < Math.min(columns, Math.max(cpus.size(), 1)); column++) {
      heads.append(pad(" CPU TARGET_MHZ   NOW", cellWidth + CELL_GAP));
    }
    String range = range("pCPUs", offset * columns, room * columns, cpus.size());
    add(over(heads.toString(), range), true, false);
    for (int row = offset; row < offset + room; row++) {
      StringBuilder line = new StringBuilder();
      for (int i = row * columns; i < Math.min((row + 1) * columns, cpus.size()); i++) {
        line.append(pad(cell(cpus.get(i), cellWidth), cellWidth + CELL_GAP));
      }
      add(line.toString(), false, false);
    }
  }

  private String cell(TopSample.Cpu cpu, int cellWidth) {
    String target = cpu.targetKhz() > 0 ? "" + cpu.targetKhz() / KHZ_PER_MHZ : "-";
    String now = cpu.nowKhz() > 0 ? "" + cpu.nowKhz() / KHZ_PER_MHZ : "-";
    String text =
        left("" + cpu.number(), 4) + left(target, 9) + pad(cpu.mark(), 1) + left(now, 6) + " ";
    String bar = cpu.online() ? bar(cpu, cellWidth - CELL_TEXT_WIDTH) : "offline";
    return text + bar;
  }

  /** As long as the speed now, of the highest there is; the target is marked. */
  private String bar(TopSample.Cpu cpu, int length) {
    if (cpu.maxKhz() <= 0 || length <= 0) {
      return "";
    }
    long filled = Math.clamp(Math.round((double) cpu.nowKhz() * length / cpu.maxKhz()), 0, length);
    long mark = Math.clamp(Math.round((double) cpu.targetKhz() * length / cpu.maxKhz()), 1, length);
    StringBuilder bar = new StringBuilder();
    for (int i = 1; i <= length; i++) {
      if (cpu.targetKhz() > 0 && i == mark) {
        bar.append(unicode ? '┃' : '|');
      } else if (i <= filled) {
        bar.append(unicode ? '█' : '#');
      } else {
        bar.append(unicode ? '·' : '.');
      }
    }
    return bar.toString();
  }

  private void vms(List<TopSample.Vm> vms, int room) {
    boolean wide = width >= WIDE;
    int nameWidth = width - (wide ? 55 : 33);
    int offset = state.offset(Pane.VMS, vms.size(), room);
    String head =
        pad("VM", nameWidth)
            + left("STATE", 9)
            + left("CLAIMS", 8)
            + left("REQ/S", 8)
            + left("REF/S", 8)
            + (wide ? left("REQUESTS", 12) + left("REFUSED", 10) : "");
    add(over(head, range("VMs", offset, room, vms.size())), true, false);
    for (int row = offset; row < offset + room; row++) {
      if (row >= vms.size()) {
        add("", false, false);
        continue;
      }
      TopSample.Vm vm = vms.get(row);
      String line =
          pad(cut(vm.name(), nameWidth), nameWidth)
              + left(vm.state(), 9)
              + left(vm.claims() + "/" + vm.vcpus(), 8)
              + left(rate(vm.requestRate()), 8)
              + left(rate(vm.refusalRate()), 8)
              + (wide ? left("" + vm.requests(), 12) + left("" + vm.refused(), 10) : "");
      add(line, false, vm.refusalRate() > 0);
    }
  }

  /** Which part of a list is shown; empty for all of it. */
  private static String range(String what, int from, int room, int all) {
    if (room >= all) {
      return "";
    }
    return " " + what + " " + (from + 1) + "-" + Math.min(from + room, all) + " of " + all;
  }

  /** The end of {@code line} gives way to {@code mark}. */
  private String over(String line, String mark) {
    return pad(cut(line, width - mark.length()), width - mark.length()) + mark;
  }

  private static String rate(double rate) {
    if (rate < 0) {
      return "-";
    }
    long tenths = Math.round(rate * 10);
    return tenths == 0 || tenths >= 100 || tenths % 10 == 0
        ? "" + Math.round(rate)
        : tenths / 10 + "." + tenths % 10;
  }

  private void add(String text, boolean strong, boolean alarm) {
    lines.add(new Line(cut(text.stripTrailing(), width), strong, alarm));
  }

  private String cut(String text, int to) {
    return text.length() <= to
        ? text
        : text.substring(0, Math.max(0, to - 1)) + (unicode ? "…" : "~");
  }

  private static String pad(String text, int to) {
    return text + " ".repeat(Math.max(0, to - text.length()));
  }

  private static String left(String text, int to) {
    return " ".repeat(Math.max(0, to - text.length())) + text;
  }
}
