package dev.vmpower.sim;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import sun.misc.Signal;

/** The program {@code ./vmpower demo}: see what vmpower does, without a host that has VMs. */
public final class Demo {
  private static final String USAGE = "usage: ./vmpower demo [--seconds N]";
  private static final int SECONDS_MAX = 86_400;

  private static final int EXIT_FAILED = 1;
  private static final int EXIT_USAGE = 2;

  private Demo() {}

  /** Runs for a while, or until Ctrl-C, and then says what it came to. */
  public static void main(String[] args) {
    int status = run(args);
    System.out.flush();
    Runtime.getRuntime().halt(status);
  }

  private static int run(String[] args) {
    if (args.length == 1 && (args[0].equals("--help") || args[0].equals("-h"))) {
      System.out.println(USAGE + "\nShows vmpower at work on a simulated host. Ctrl-C ends it.");
      return 0;
    }
    OptionalInt seconds = parse(args);
    if (seconds.isEmpty()) {
      System.err.println(
          "vmpower demo: " + USAGE + ", N from 1 to " + SECONDS_MAX + "; not: " + join(args));
      return EXIT_USAGE;
    }
    CountDownLatch stop = new CountDownLatch(1);
    for (String name : new String[] {"INT", "TERM", "HUP"}) {
      Signal.handle(new Signal(name), signal -> stop.countDown());
    }
    try {
      Summary summary = new DemoRun(seconds.getAsInt(), System.out, isTerminal(), stop).run();
      summary.lines().forEach(System.out::println);
      return summary.isAsFound() ? 0 : EXIT_FAILED;
    } catch (IOException | InterruptedException failed) {
      System.err.println("vmpower demo: " + failed.getMessage());
      return EXIT_FAILED;
    }
  }

  /** How many seconds; empty if the arguments are malformed. */
  private static OptionalInt parse(String[] args) {
    if (args.length == 0) {
      return OptionalInt.of(DemoRun.ENDLESS);
    }
    String number =
        switch (args.length) {
          case 1 -> args[0].startsWith("--seconds=") ? args[0].substring(10) : "";
          case 2 -> args[0].equals("--seconds") ? args[1] : "";
          default -> "";
        };
    if (!number.matches("[0-9]{1,5}")) {
      return OptionalInt.empty();
    }
    int seconds = Integer.parseInt(number);
    return seconds >= 1 && seconds <= SECONDS_MAX ? OptionalInt.of(seconds) : OptionalInt.empty();
  }

  private static String join(String[] args) {
    return String.join(" ", args).replaceAll("\\p{Cntrl}", "?");
  }

  /** Whether stdout is a terminal that can do more than type. */
  private static boolean isTerminal() {
    String kind = System.getenv("TERM");
    if (kind == null || kind.equals("dumb")) {
      return false;
    }
    try {
      Path stdout = Files.readSymbolicLink(Path.of("/proc/self/fd/1"));
      return stdout.startsWith("/dev/pts") || stdout.toString().startsWith("/dev/tty");
    } catch (IOException unknown) {
      return false;
    }
  }
}
