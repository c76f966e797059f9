package dev.vmpower.cli;

import java.util.Comparator;
import java.util.List;

/**
 * What the keys of {@code top} have chosen: which list they move, its order, and where it begins.
 */
final class TopState {
  /** A list on the screen. */
  enum Pane {
    CPUS,
    VMS
  }

  private record Order<T>(String name, Comparator<T> comparator) {}

  private static final List<Order<TopSample.Cpu>> CPU_ORDERS =
      List.of(
          new Order<>("number", Comparator.comparingInt(TopSample.Cpu::number)),
          new Order<>("target", Comparator.comparingLong(TopSample.Cpu::targetKhz).reversed()),
          new Order<>("speed", Comparator.comparingLong(TopSample.Cpu::nowKhz).reversed()));

  private static final List<Order<TopSample.Vm>> VM_ORDERS =
      List.of(
          new Order<>(
              "requests/s", Comparator.comparingDouble(TopSample.Vm::requestRate).reversed()),
          new Order<>(
              "refused/s", Comparator.comparingDouble(TopSample.Vm::refusalRate).reversed()),
          new Order<>("requests", Comparator.comparingLong(TopSample.Vm::requests).reversed()),
          new Order<>("refused", Comparator.comparingLong(TopSample.Vm::refused).reversed()),
          new Order<>("name", Comparator.comparing(TopSample.Vm::name)));

  private final int[] orders = new int[2];
  private final boolean[] reversed = new boolean[2];
  private final int[] offsets = new int[2];
  private Pane pane = Pane.CPUS;

  /** Obeys a key: a character, or the name of a special one. False where it ends the program. */
  boolean press(String key, int pageRows) {
    int at = pane.ordinal();
    switch (key) {
      case "q", "Q" -> {
        return false;
      }
      case "\t" -> pane = pane == Pane.CPUS ? Pane.VMS : Pane.CPUS;
      case "s", "S" -> {
        orders[at] = (orders[at] + 1) % (pane == Pane.CPUS ? CPU_ORDERS : VM_ORDERS).size();
        offsets[at] = 0;
      }
      case "r", "R" -> reversed[at] = !reversed[at];
      case "up", "k" -> offsets[at]--;
      case "down", "j" -> offsets[at]++;
      case "page-up" -> offsets[at] -= pageRows;
      case "page-down", " " -> offsets[at] += pageRows;
      case "home", "g" -> offsets[at] = 0;
      case "end", "G" -> offsets[at] = Integer.MAX_VALUE / 2;
      default -> {
        return true;
      }
    }
    return true;
  }

  Pane pane() {
    return pane;
  }

  /** How the list that the keys move is sorted. */
  String order() {
    int at = pane.ordinal();
    String name =
        pane == Pane.CPUS ? CPU_ORDERS.get(orders[at]).name() : VM_ORDERS.get(orders[at]).name();
    return name + (reversed[at] ? " reversed" : "");
  }

  /** The first row to show, of a list that has so many and room for so few. */
  int offset(Pane pane, int rows, int room) {
    int at = pane.ordinal();
    offsets[at] = Math.clamp(offsets[at], 0, Math.max(0, rows - room));
    return offsets[at];
  }

  List<TopSample.Cpu> cpus(TopSample sample) {
    return sorted(Pane.CPUS, sample.cpus, CPU_ORDERS, Comparator.comparing(TopSample.Cpu::number));
  }

  List<TopSample.Vm> vms(TopSample sample) {
    return sorted(Pane.VMS, sample.vms, VM_ORDERS, Comparator.comparing(TopSample.Vm::name));
  }

  private <T> List<T> sorted(
      Pane pane, List<T> items, List<Order<T>> orders, Comparator<T> otherwise) {
    Comparator<T> order = orders.get(this.orders[pane.ordinal()]).comparator();
    Comparator<T> chosen = reversed[pane.ordinal()] ? order.reversed() : order;
    return items.stream().sorted(chosen.thenComparing(otherwise)).toList();
  }
}
