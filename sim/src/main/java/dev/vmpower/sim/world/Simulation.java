package dev.vmpower.sim.world;

import dev.vmpower.host.log.LogSetup;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/** Runs worlds, one after another, until one is not as the rules say. */
public final class Simulation {
  /** How long one world goes on, in wake-ups of the daemon. */
  public static final int STEPS = 5_000;

  private static final int EXIT_WRONG = 1;
  private static final int EXIT_USAGE = 2;
  private static final int NS_PER_S = 1_000_000_000;

  private Simulation() {}

  /** {@code [seed=N] [steps=N] [worlds=N]}; with a seed that world alone, and its last moments. */
  public static void main(String[] args) {
    long seed = -1;
    int steps = STEPS;
    long worlds = Long.MAX_VALUE;
    try {
      for (String arg : args) {
        long number = Long.parseLong(arg.substring(arg.indexOf('=') + 1));
        switch (arg.substring(0, arg.indexOf('='))) {
          case "seed" -> seed = number;
          case "steps" -> steps = Math.toIntExact(number);
          case "worlds" -> worlds = number;
          default -> throw new NumberFormatException(arg);
        }
      }
    } catch (RuntimeException bad) {
      System.err.println("usage: sim [seed=N] [steps=N] [worlds=N]");
      System.exit(EXIT_USAGE);
    }
    long first = seed;
    long count = seed >= 0 && worlds == Long.MAX_VALUE ? 1 : worlds;
    int each = steps;
    boolean[] well = {true};
    LogSetup.quietly(() -> well[0] = run(Math.max(first, 0), count, each, System.out));
    LogSetup.flush();
    Runtime.getRuntime().halt(well[0] ? 0 : EXIT_WRONG);
  }

  private static boolean run(long first, long worlds, int steps, PrintStream out) {
    long beganNs = System.nanoTime();
    long done = 0;
    for (long i = 0; i < worlds; i++) {
      String failure = run(first + i, steps);
      if (!failure.isEmpty()) {
        out.println(failure);
        return false;
      }
      done += steps;
      if (i % 100 == 99 || i == worlds - 1) {
        double seconds = (System.nanoTime() - beganNs) / (double) NS_PER_S;
        out.printf(
            "%d steps in %.0f s, %.0f a second, all well; the next seed is %d%n",
            done, seconds, done / seconds, first + i + 1);
      }
    }
    return true;
  }

  /** Runs one world; empty if all was well, else what was wrong and what came before. */
  public static String run(long seed, int steps) {
    Path directory = null;
    try {
      Path memory = Path.of("/dev/shm");
      directory =
          Files.isDirectory(memory)
              ? Files.createTempDirectory(memory, "vmpower-sim")
              : Files.createTempDirectory("vmpower-sim");
      return run(seed, steps, directory);
    } catch (IOException failed) {
      return "seed " + seed + ": " + failed;
    } finally {
      if (directory != null) {
        delete(directory);
      }
    }
  }

  private static String run(long seed, int steps, Path directory) throws IOException {
    World world = new World(seed, directory);
    Chance chance = new Chance(world);
    try {
      for (int i = 0; i < steps; i++) {
        chance.step();
      }
      return "";
    } catch (RuntimeException wrong) {
      StringBuilder text = new StringBuilder(world.shape + "\n");
      world.trace.forEach(line -> text.append(line).append('\n'));
      text.append("wrong at step ").append(world.steps).append(": ").append(wrong).append('\n');
      for (StackTraceElement frame : wrong.getStackTrace()) {
        text.append("    ").append(frame).append('\n');
      }
      return text + "seed " + seed + "; ./dev sim " + seed + " shows it again";
    }
  }

  private static void delete(Path directory) {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException left) {
      System.err.println(directory + " is left behind");
    }
  }
}
