package dev.vmpower.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What {@code ./dev bench} is told.
 *
 * @param daemon starts the daemon under test
 * @param ctl starts its vmpowerctl
 * @param only the scenarios to measure; all that is promised if empty
 * @param markdown the document whose table is replaced; null for none
 */
record Options(
    Path checkout,
    List<String> daemon,
    List<String> ctl,
    List<String> only,
    Path json,
    @Nullable Path markdown) {
  /** No promises: they take their time only when asked for. */
  private static final List<String> BY_NAME_ONLY = List.of("growth", "jmh");

  private static final String USAGE =
      "usage: ./dev bench [--installed DIRECTORY] [--json FILE] [--markdown FILE] [SCENARIO...]";

  static Options parse(String[] args) {
    Path checkout = Path.of(System.getProperty("vmpower.checkout", ".")).toAbsolutePath();
    String launcher = checkout.resolve("vmpower").toString();
    List<String> daemon = List.of(launcher, "daemon");
    List<String> ctl = List.of(launcher, "ctl");
    Path json = checkout.resolve("bench/target/bench.json");
    Path markdown = null;
    List<String> only = new ArrayList<>();
    for (int i = 0; i < args.length; i++) {
      switch (args[i]) {
        case "--installed" -> {
          Path bin = Path.of(value(args, ++i)).toAbsolutePath();
          daemon = List.of(bin.resolve("vmpowerd").toString());
          ctl = List.of(bin.resolve("vmpowerctl").toString());
        }
        case "--json" -> json = Path.of(value(args, ++i));
        case "--markdown" -> markdown = Path.of(value(args, ++i));
        default -> only.add(args[i]);
      }
    }
    return new Options(checkout, daemon, ctl, List.copyOf(only), json, markdown);
  }

  private static String value(String[] args, int at) {
    if (at == args.length) {
      System.err.println(USAGE);
      System.exit(2);
    }
    return args[at];
  }

  boolean isWanted(String scenario) {
    return only.isEmpty() ? !BY_NAME_ONLY.contains(scenario) : only.contains(scenario);
  }

  /** The command as the documents have it: which table of theirs it fills. */
  String command() {
    return only.equals(List.of("jmh")) ? "./dev bench jmh" : "./dev bench";
  }
}
