package dev.vmpower.sim;

import dev.vmpower.host.RunningDaemon;
import dev.vmpower.host.config.ConfigException;
import dev.vmpower.host.config.ConfigFile;
import dev.vmpower.host.log.LogSetup;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** One run of the demo: a simulated host and its VMs around the real daemon, all in a directory. */
final class DemoRun {
  /** It runs until it is stopped. */
  static final int ENDLESS = 0;

  private static final int SECONDS_PER_DAY = 60;
  private static final int FRAME_MS = 200;

  /** Without a terminal, a table is printed every so many seconds. */
  private static final int PRINT_EVERY_SECONDS = 5;

  private final int seconds;
  private final PrintStream out;
  private final boolean terminal;
  private final CountDownLatch stop;
  private final int secondsPerDay;

  /**
   * A run that prints to {@code out}.
   *
   * @param seconds how long, or {@link #ENDLESS}; a day passes in that time, or in a minute
   * @param stop ends it earlier
   */
  DemoRun(int seconds, PrintStream out, boolean terminal, CountDownLatch stop) {
    this.seconds = seconds;
    this.out = out;
    this.terminal = terminal;
    this.stop = stop;
    this.secondsPerDay = seconds == ENDLESS ? SECONDS_PER_DAY : Math.min(seconds, SECONDS_PER_DAY);
  }

  /**
   * Runs, and removes what it made.
   *
   * @throws IOException in one line, if it cannot go on; the directory then stays, with its log
   */
  Summary run() throws IOException, InterruptedException {
    Path directory = createDirectory();
    Path log = directory.resolve("vmpowerd.log");
    Summary summary;
    try (PrintStream logStream = new PrintStream(Files.newOutputStream(log))) {
      LogSetup.redirect(logStream);
      summary = simulate(directory);
    } catch (IOException | ConfigException | RuntimeException failed) {
      throw new IOException(failed.getMessage() + "; see " + log, failed);
    } finally {
      LogSetup.redirect(System.err);
    }
    remove(directory);
    return summary;
  }

  /** In memory where it can be, as {@code /run} is, where a daemon keeps its state. */
  static Path parentDirectory() {
    Path memory = Path.of("/dev/shm");
    return Files.isWritable(memory) ? memory : Path.of(System.getProperty("java.io.tmpdir"));
  }

  // A short name, for users to type and for socket paths, which are short in the kernel.
  private static Path createDirectory() throws IOException {
    Path parent = parentDirectory();
    String name = "vmpower-demo-" + ProcessHandle.current().pid();
    for (int i = 1; true; i++) {
      Path directory = parent.resolve(i == 1 ? name : name + "-" + i);
      try {
        return Files.createDirectory(
            directory,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      } catch (FileAlreadyExistsException leftBehind) {
        // by a demo that was killed
      }
    }
  }

  private Summary simulate(Path directory)
      throws IOException, ConfigException, InterruptedException {
    SimulatedHost host = SimulatedHost.create(directory.resolve("cpu"));
    Map<String, String> before = host.snapshot();
    Path channels = Files.createDirectory(directory.resolve("channels"));
    Path config = directory.resolve("vmpower.toml");
    Files.writeString(config, config(directory, host.root(), channels));
    DayClock clock = new DayClock(secondsPerDay);
    Tally tally = new Tally();
    Frame last;
    try (SimulatedHardware hardware = new SimulatedHardware(host);
        SimulatedVms vms = new SimulatedVms(channels, clock)) {
      hardware.start();
      vms.start();
      try (RunningDaemon daemon = RunningDaemon.start(config, ConfigFile.read(config))) {
        clock.start();
        watch(
            new Table(directory, secondsPerDay, Style.of(out, terminal)),
            clock,
            daemon,
            vms,
            tally);
        vms.stopAsking();
        last = Frame.of(clock.hours(), daemon, vms);
      }
    }
    Map<String, String> after = host.snapshot();
    return new Summary(
        clock.seconds(), last, tally, before.size(), differences(before, after), directory);
  }

  private static String config(Path directory, Path root, Path channels) {
    StringBuilder toml = new StringBuilder();
    toml.append("[cpu]\nroot = \"" + root + "\"\nreserved = \"0\"   # for the host itself\n");
    toml.append("\n[state]\ndir = \"" + directory.resolve("run") + "\"\n");
    toml.append("lib = \"" + directory.resolve("lib") + "\"\n");
    toml.append("\n[control]\nsocket = \"" + directory.resolve("control.sock") + "\"\n");
    toml.append("\n[libvirt]\nuri = \"\"         # none: the VMs are these\n");
    for (VmPlan plan : VmPlan.ALL) {
      String cpus =
          plan.cpus().stream().map(cpu -> "\"" + cpu + "\"").collect(Collectors.joining(", "));
      toml.append("\n[[vm]]\nname = \"" + plan.name() + "\"\n");
      toml.append("channels = \"" + channels + "\"\n");
      toml.append("vcpus = [" + cpus + "]  # the CPU that each vCPU runs on\n");
    }
    return toml.toString();
  }

  /** Shows and counts what happens, until the time is over or somebody stops it. */
  private void watch(
      Table table, DayClock clock, RunningDaemon daemon, SimulatedVms vms, Tally tally)
      throws IOException, InterruptedException {
    double showEvery = terminal ? 0 : Math.clamp(secondsPerDay / 2.0, 1, PRINT_EVERY_SECONDS);
    double showAt = showEvery;
    double endAt = seconds == ENDLESS ? Double.MAX_VALUE : seconds;
    try (Screen screen = new Screen(out, terminal)) {
      while (clock.seconds() < endAt && !screen.isBroken()) {
        Frame frame = Frame.of(clock.hours(), daemon, vms);
        tally.add(frame);
        if (clock.seconds() >= showAt) {
          showAt += showEvery;
          screen.show(table.lines(frame));
        }
        if (stop.await(FRAME_MS, TimeUnit.MILLISECONDS)) {
          return;
        }
      }
    }
  }

  static List<String> differences(Map<String, String> before, Map<String, String> after) {
    TreeSet<String> names = new TreeSet<>(before.keySet());
    names.addAll(after.keySet());
    names.removeIf(name -> before.getOrDefault(name, "").equals(after.getOrDefault(name, "")));
    return new ArrayList<>(names);
  }

  private static void remove(Path directory) throws IOException {
    try (Stream<Path> all = Files.walk(directory)) {
      all.sorted(Comparator.reverseOrder())
          .forEach(
              path -> {
                try {
                  Files.delete(path);
                } catch (IOException failed) {
                  throw new UncheckedIOException(failed);
                }
              });
    } catch (UncheckedIOException failed) {
      throw failed.getCause();
    }
  }
}
