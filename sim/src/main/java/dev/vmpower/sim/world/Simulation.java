package dev.vmpower.sim.world;

import dev.vmpower.host.log.LogSetup;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** Runs worlds, one after another, until one is not as the rules say. */
public final class Simulation {
  /** How long one world goes on, in wake-ups of the daemon. */
  public static final int STEPS = 5_000;

  private static final int EXIT_WRONG = 1;
  private static final int EXIT_USAGE = 2;
  private static final int NS_PER_S = 1_000_000_000;
  private static final int WORLDS_PER_LINE = 50;

  private final PrintStream out;
  private final long beganNs = System.nanoTime();
  private long first;
  private int steps = STEPS;
  private long worlds;
  private long failuresMax = 1;
  private long begun;
  private long ended;
  private long failures;

  private Simulation(PrintStream out) {
    this.out = out;
  }

  /**
   * {@code [seed=N] [steps=N] [worlds=N] [threads=N] [failures=N]}; with a seed that world alone,
   * and its last moments. It ends when so many worlds were wrong, 1 if not told otherwise.
   */
  public static void main(String[] args) {
    Simulation simulation = new Simulation(System.out);
    long worlds = Long.MAX_VALUE;
    int threads = 1;
    boolean one = false;
    try {
      for (String arg : args) {
        long number = Long.parseLong(arg.substring(arg.indexOf('=') + 1));
        switch (arg.substring(0, arg.indexOf('='))) {
          case "seed" -> {
            simulation.first = number;
            one = true;
          }
          case "steps" -> simulation.steps = Math.toIntExact(number);
          case "worlds" -> worlds = number;
          case "threads" -> threads = Math.toIntExact(number);
          case "failures" -> simulation.failuresMax = number;
          default -> throw new NumberFormatException(arg);
        }
      }
    } catch (RuntimeException bad) {
      System.err.println("usage: sim [seed=N] [steps=N] [worlds=N] [threads=N] [failures=N]");
      System.exit(EXIT_USAGE);
    }
    simulation.worlds = one && worlds == Long.MAX_VALUE ? 1 : worlds;
    int all = threads;
    LogSetup.quietly(() -> simulation.runAll(all));
    LogSetup.flush();
    Runtime.getRuntime().halt(simulation.failures == 0 ? 0 : EXIT_WRONG);
  }

  private void runAll(int threads) {
    List<Thread> others = new ArrayList<>();
    for (int i = 1; i < threads; i++) {
      others.add(Thread.ofPlatform().start(this::runSome));
    }
    runSome();
    others.forEach(Simulation::await);
  }

  private static void await(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }

  private void runSome() {
    for (long seed = take(); seed >= 0; seed = take()) {
      done(seed, run(seed, steps));
    }
  }

  /** The seed of the next world; negative if there is to be none. */
  private synchronized long take() {
    return begun == worlds || failures >= failuresMax ? -1 : first + begun++;
  }

  private synchronized void done(long seed, String failure) {
    ended++;
    if (!failure.isEmpty()) {
      failures++;
      out.println(failure);
    }
    if (ended % WORLDS_PER_LINE == 0 || ended == worlds) {
      double seconds = (System.nanoTime() - beganNs) / (double) NS_PER_S;
      long all = ended * steps;
      out.printf(
          "%d steps in %.0f s, %.0f a second, %s; the last seed was %d%n",
          all,
          seconds,
          all / seconds,
          failures == 0 ? "all well" : failures + " worlds wrong",
          seed);
    }
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
