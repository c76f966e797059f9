package dev.vmpower.cli;

import dev.vmpower.cli.Grammar.Parsed;
import dev.vmpower.guest.Policy;
import dev.vmpower.protocol.Workload;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedSet;
import org.jspecify.annotations.Nullable;

/**
 * The options of {@code policy send}. They are those of DPDK's guest, without its habit of mixing
 * them into a policy of its own: what was not said is not sent.
 */
final class GuestPolicy {
  // What DPDK's guest sends, for want of better ones.
  private static final long MIN_PACKETS = 96_000;
  private static final long AVERAGE_PACKETS = 1_800_000;
  private static final long MAX_PACKETS = 2_000_000;

  private static final int HOUR_MAX = 23;
  private static final int INTERFACE_MAX = 255;

  private final Parsed parsed;
  private final ThisVm vm;

  private GuestPolicy(Parsed parsed, ThisVm vm) {
    this.parsed = parsed;
    this.vm = vm;
  }

  /**
   * Makes a policy of a command line.
   *
   * @param notes gets a line for what is ignored
   * @throws FailureException if it says what cannot be
   */
  static Policy of(Parsed parsed, ThisVm vm, PrintStream notes) throws FailureException {
    if (parsed.option("--vm-name") != null) {
      notes.println("vmpower-guest: --vm-name is ignored: the host knows by the port who asks");
    }
    try {
      return new GuestPolicy(parsed, vm).policy();
    } catch (IllegalArgumentException wrong) {
      throw usage(String.valueOf(wrong.getMessage()));
    }
  }

  private Policy policy() throws FailureException {
    Policy.Builder builder = builder();
    builder.vcpus(NumberList.array(vcpus()));
    int[] busy = hours("--busy-hours");
    int[] quiet = hours("--quiet-hours");
    int[] traffic = hours("--traffic-hours");
    builder.busyHours(busy).quietHours(quiet).trafficHours(traffic);
    builder.macs(macs());
    builder.packets(
        packets("--min-packet-thresh", MIN_PACKETS),
        packets("--avg-packet-thresh", AVERAGE_PACKETS),
        packets("--max-packet-thresh", MAX_PACKETS));
    String turbo = parsed.option("--turbo");
    return builder.turbo(turbo != null && Guest.isOn(turbo)).build();
  }

  private Policy.Builder builder() throws FailureException {
    String kind = parsed.option("--policy");
    String workload = parsed.option("--workload");
    return switch (kind == null ? "TIME" : kind.toUpperCase(Locale.ROOT)) {
      case "TIME" -> Policy.time();
      case "TRAFFIC" -> Policy.traffic();
      case "BRANCH_RATIO" -> Policy.branchRatio();
      case "WORKLOAD" -> Policy.workload(level(workload));
      default -> throw usage("'" + kind + "' is none of TIME, TRAFFIC, WORKLOAD and BRANCH_RATIO");
    };
  }

  private static Workload level(@Nullable String word) throws FailureException {
    return switch (word == null ? "" : word.toUpperCase(Locale.ROOT)) {
      case "HIGH" -> Workload.HIGH;
      case "MEDIUM" -> Workload.MEDIUM;
      case "LOW" -> Workload.LOW;
      case "" -> throw usage("--policy WORKLOAD needs a --workload");
      default -> throw usage("'" + word + "' is none of HIGH, MEDIUM and LOW");
    };
  }

  private SortedSet<Integer> vcpus() throws FailureException {
    String list = parsed.option("--vcpu-list");
    if (list != null) {
      return NumberList.parse(list, Policy.VCPU_NUMBER_MAX, "vCPUs");
    }
    SortedSet<Integer> all = vm.vcpus();
    if (all.size() > Policy.VCPUS_MAX) {
      throw usage(
          "this VM has "
              + all.size()
              + " vCPUs, and a policy is for at most "
              + Policy.VCPUS_MAX
              + ": name them with --vcpu-list");
    }
    return all;
  }

  private int[] hours(String option) throws FailureException {
    String list = parsed.option(option);
    return list == null ? new int[0] : NumberList.array(NumberList.parse(list, HOUR_MAX, "hours"));
  }

  private long packets(String option, long otherwise) throws FailureException {
    String word = parsed.option(option);
    if (word == null) {
      return otherwise;
    }
    int number = NumberList.number(word, 0, word.length(), Integer.MAX_VALUE / 10 - 1);
    if (number < 0) {
      throw usage(option + ": '" + word + "' is no number of packets per second");
    }
    return number;
  }

  private String[] macs() throws FailureException {
    List<String> macs = new ArrayList<>();
    String addresses = parsed.option("--mac");
    if (addresses != null) {
      macs.addAll(words(addresses));
    }
    String ports = parsed.option("--port-list");
    if (ports != null) {
      Map<String, String> known = vm.macs();
      List<String> names = List.copyOf(known.keySet());
      for (String word : words(ports)) {
        int dash = word.indexOf('-');
        boolean range = dash > 0 && NumberList.number(word, 0, dash, INTERFACE_MAX) >= 0;
        boolean number = NumberList.number(word, 0, word.length(), INTERFACE_MAX) >= 0;
        if (range || number) {
          for (int index : NumberList.parse(word, INTERFACE_MAX, "network interfaces")) {
            macs.add(mac(known, index < names.size() ? names.get(index) : "" + index));
          }
        } else {
          macs.add(mac(known, word));
        }
      }
    }
    return macs.toArray(new String[0]);
  }

  private static String mac(Map<String, String> known, String name) throws FailureException {
    String mac = known.get(name);
    if (mac == null) {
      StringBuilder all = new StringBuilder();
      int index = 0;
      for (String each : known.keySet()) {
        all.append(all.isEmpty() ? "" : ", ").append(index++).append(' ').append(each);
      }
      throw usage(
          "there is no network interface "
              + name
              + " but "
              + (all.isEmpty() ? "none" : all)
              + ": name its --mac, as one that DPDK has taken is not to be seen");
    }
    return mac;
  }

  private static List<String> words(String list) {
    List<String> words = new ArrayList<>();
    int from = 0;
    while (from <= list.length()) {
      int comma = list.indexOf(',', from);
      int to = comma < 0 ? list.length() : comma;
      words.add(list.substring(from, to));
      from = to + 1;
    }
    return words;
  }

  private static FailureException usage(String line) {
    return new FailureException(
        FailureException.USAGE, line + "; try 'vmpower-guest policy send --help'");
  }
}
