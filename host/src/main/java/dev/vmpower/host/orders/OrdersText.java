package dev.vmpower.host.orders;

import dev.vmpower.machine.cpu.CpuSet;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Orders as lines of text. A name, which may have blanks, is the last word of its line.
 *
 * <pre>
 *   vmpower-orders 1
 *   hold 0-3,8 1700000 since=1764087600000 until=1764089400000 root (pid 7)
 *   turbo-off 2 since=1764087600000 root (pid 9)
 *   envelope min=0 max=2400000 turbo=false enforce=- vm0
 *   query true vm0
 *   disabled 0-1 vm0
 *   frozen 0 2601000 vm0
 *   policy since=1764087600000 [[policy]]\nname = "night"\n…
 *   end 6
 * </pre>
 */
final class OrdersText {
  static final String HEAD = "vmpower-orders 1";

  private static final String NONE = "-";

  private OrdersText() {}

  /**
   * What could be read.
   *
   * @param flaw the first thing that could not, in words; null if there was none
   */
  record Read(Orders orders, @Nullable String flaw) {}

  static String format(Orders orders) {
    List<String> lines = new ArrayList<>();
    for (Orders.Held held : orders.holds()) {
      String until = held.untilMs() == null ? NONE : held.untilMs().toString();
      lines.add(
          "hold %s %s since=%d until=%s %s"
              .formatted(held.cpus(), held.level(), held.sinceMs(), until, oneLine(held.who())));
    }
    for (Orders.TurboOff off : orders.turboOff()) {
      lines.add(
          "turbo-off %s since=%d %s".formatted(off.cpus(), off.sinceMs(), oneLine(off.who())));
    }
    orders.vms().forEach(vm -> format(vm, lines));
    for (Orders.Ruling policy : orders.policies()) {
      lines.add("policy since=%d %s".formatted(policy.sinceMs(), escape(policy.toml())));
    }
    StringBuilder text = new StringBuilder(HEAD).append('\n');
    lines.forEach(line -> text.append(line).append('\n'));
    return text.append("end ").append(lines.size()).append('\n').toString();
  }

  private static void format(Orders.OfVm vm, List<String> lines) {
    String name = oneLine(vm.vm());
    Orders.Limits limits = vm.limits();
    if (!limits.equals(Orders.Limits.NONE)) {
      lines.add(
          "envelope min=%s max=%s turbo=%s enforce=%s %s"
              .formatted(
                  orNone(limits.minKhz()),
                  orNone(limits.maxKhz()),
                  orNone(limits.turbo()),
                  orNone(limits.enforce()),
                  name));
    }
    if (vm.query() != null) {
      lines.add("query " + vm.query() + " " + name);
    }
    if (!vm.disabled().isEmpty()) {
      lines.add("disabled " + vm.disabled() + " " + name);
    }
    vm.frozenKhz().forEach((vcpu, khz) -> lines.add("frozen " + vcpu + " " + khz + " " + name));
  }

  private static String orNone(@Nullable Object value) {
    return value == null ? NONE : value.toString();
  }

  private static String escape(String text) {
    return text.replace("\\", "\\\\").replace("\n", "\\n");
  }

  private static String unescape(String line) {
    StringBuilder text = new StringBuilder(line.length());
    for (int i = 0; i < line.length(); i++) {
      char c = line.charAt(i);
      if (c == '\\') {
        c = line.charAt(++i) == 'n' ? '\n' : line.charAt(i);
      }
      text.append(c);
    }
    return text.toString();
  }

  private static String oneLine(String text) {
    return text.replaceAll("\\p{Cntrl}", "?");
  }

  /** Reads {@code text}; a line that is none of these is left out. */
  static Read parse(String text) {
    String[] lines = text.split("\n", -1);
    if (!lines[0].equals(HEAD)) {
      return new Read(Orders.NONE, "it does not begin with '" + HEAD + "'");
    }
    Parts parts = new Parts();
    String flaw = null;
    boolean ended = false;
    // What follows the last newline is no line: a line counts only if it has its end.
    for (int i = 1; i < lines.length - 1; i++) {
      if (lines[i].equals("end " + parts.count) && i == lines.length - 2) {
        ended = true;
      } else {
        try {
          parts.add(lines[i]);
        } catch (IllegalArgumentException | IndexOutOfBoundsException malformed) {
          flaw = flaw == null ? "line " + (i + 1) + " is no order" : flaw;
        }
      }
    }
    if (flaw == null && !ended) {
      flaw = "its end is missing";
    }
    return new Read(parts.orders(), flaw);
  }

  /** What the lines so far say. */
  private static final class Parts {
    private final List<Orders.Held> holds = new ArrayList<>();
    private final List<Orders.TurboOff> turboOff = new ArrayList<>();
    private final Map<String, Orders.OfVm> vms = new LinkedHashMap<>();
    private final List<Orders.Ruling> policies = new ArrayList<>();
    private int count;

    Orders orders() {
      return new Orders(holds, turboOff, List.copyOf(vms.values()), policies);
    }

    void add(String line) {
      String[] words = line.split(" ", 2);
      switch (words[0]) {
        case "hold" -> hold(words[1].split(" ", 5));
        case "turbo-off" -> turboOff(words[1].split(" ", 3));
        case "envelope" -> envelope(words[1].split(" ", 5));
        case "query" -> query(words[1].split(" ", 2));
        case "disabled" -> disabled(words[1].split(" ", 2));
        case "frozen" -> frozen(words[1].split(" ", 3));
        case "policy" -> policy(words[1].split(" ", 2));
        default -> throw new IllegalArgumentException(line);
      }
      count++;
    }

    private void hold(String[] words) {
      String level = words[1];
      if (!level.equals("max") && !level.equals("min") && Integer.parseInt(level) <= 0) {
        throw new IllegalArgumentException(level);
      }
      String until = value(words[3], "until=");
      holds.add(
          new Orders.Held(
              cpus(words[0]),
              level,
              words[4],
              Long.parseLong(value(words[2], "since=")),
              until.equals(NONE) ? null : (Long) Long.parseLong(until)));
    }

    private void turboOff(String[] words) {
      turboOff.add(
          new Orders.TurboOff(cpus(words[0]), words[2], Long.parseLong(value(words[1], "since="))));
    }

    private void envelope(String[] words) {
      Orders.Limits limits =
          new Orders.Limits(
              khz(value(words[0], "min=")),
              khz(value(words[1], "max=")),
              flag(value(words[2], "turbo=")),
              flag(value(words[3], "enforce=")));
      Orders.OfVm vm = vm(words[4]);
      put(new Orders.OfVm(vm.vm(), limits, vm.query(), vm.disabled(), vm.frozenKhz()));
    }

    private void query(String[] words) {
      Boolean allowed = flag(words[0]);
      Orders.OfVm vm = vm(words[1]);
      put(new Orders.OfVm(vm.vm(), vm.limits(), allowed, vm.disabled(), vm.frozenKhz()));
    }

    private void disabled(String[] words) {
      CpuSet channels = cpus(words[0]);
      Orders.OfVm vm = vm(words[1]);
      put(new Orders.OfVm(vm.vm(), vm.limits(), vm.query(), channels, vm.frozenKhz()));
    }

    private void frozen(String[] words) {
      int vcpu = Integer.parseInt(words[0]);
      int khz = Integer.parseInt(words[1]);
      if (vcpu < 0 || khz <= 0) {
        throw new IllegalArgumentException(words[0]);
      }
      Orders.OfVm vm = vm(words[2]);
      Map<Integer, Integer> frozen = new HashMap<>(vm.frozenKhz());
      frozen.put(vcpu, khz);
      put(new Orders.OfVm(vm.vm(), vm.limits(), vm.query(), vm.disabled(), frozen));
    }

    private void policy(String[] words) {
      policies.add(
          new Orders.Ruling(unescape(words[1]), Long.parseLong(value(words[0], "since="))));
    }

    private Orders.OfVm vm(String name) {
      if (name.isEmpty()) {
        throw new IllegalArgumentException("no name");
      }
      Orders.OfVm none = new Orders.OfVm(name, Orders.Limits.NONE, null, CpuSet.of(), Map.of());
      return vms.getOrDefault(name, none);
    }

    private void put(Orders.OfVm vm) {
      vms.put(vm.vm(), vm);
    }

    private static CpuSet cpus(String list) {
      CpuSet cpus = CpuSet.parse(list);
      if (cpus.isEmpty()) {
        throw new IllegalArgumentException(list);
      }
      return cpus;
    }

    private static @Nullable Integer khz(String text) {
      if (text.equals(NONE)) {
        return null;
      }
      int khz = Integer.parseInt(text);
      if (khz < 0) {
        throw new IllegalArgumentException(text);
      }
      return khz;
    }

    private static @Nullable Boolean flag(String text) {
      return switch (text) {
        case NONE -> null;
        case "true" -> true;
        case "false" -> false;
        default -> throw new IllegalArgumentException(text);
      };
    }

    private static String value(String word, String key) {
      if (!word.startsWith(key)) {
        throw new IllegalArgumentException(word);
      }
      return word.substring(key.length());
    }
  }
}
