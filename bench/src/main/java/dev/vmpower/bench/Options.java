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
 * @param withTwin whether the floor's twin in Java is measured beside it
 * @param hasC whether floor and load generator are in C
 * @param markdown the document whose table is replaced; null for none
 */
record Options(
    Path checkout,
    List<String> daemon,
    List<String> ctl,
    List<String> only,
    Path json,
    @Nullable Path markdown,
    boolean withTwin,
    boolean hasC) {
  /** No promises: they take their time only when asked for. */
  private static final List<String> BY_NAME_ONLY = List.of("growth", "jmh");

  private static final List<String> WITH_FLOOR =
      List.of("paced", "saturated", "64", "shared", "1000");

  private static final String USAGE =
      "usage: ./dev bench [--installed DIRECTORY] [--twin | --no-gcc] [--json FILE]"
          + " [--markdown FILE] [SCENARIO...]";

  static Options parse(String[] args) {
    Path checkout = Path.of(System.getProperty("vmpower.checkout", ".")).toAbsolutePath();
    String launcher = checkout.resolve("vmpower").toString();
    List<String> daemon = List.of(launcher, "daemon");
    List<String> ctl = List.of(launcher, "ctl");
    Path json = checkout.resolve("bench/target/bench.json");
    Path markdown = null;
    boolean withTwin = false;
    boolean hasC = Tools.hasCompiler();
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
        case "--twin" -> withTwin = true;
        case "--no-gcc" -> hasC = false;
        default -> only.add(args[i]);
      }
    }
    return new Options(checkout, daemon, ctl, List.copyOf(only), json, markdown, withTwin, hasC);
  }

  private static String value(String[] args, int at) {
    if (at == args.length) {
      System.err.println(USAGE);
      System.exit(2);
    }
    return args[at];
  }

  boolean isWanted(String scenario) {
    if (!only.isEmpty()) {
      return only.contains(scenario);
    }
    return withTwin ? WITH_FLOOR.contains(scenario) : !BY_NAME_ONLY.contains(scenario);
  }

  /** The command as the documents have it: which table of theirs it fills. */
  String command() {
    String option = withTwin ? " --twin" : "";
    return "./dev bench" + option + (only.equals(List.of("jmh")) ? " jmh" : "");
  }
}
