package dev.vmpower.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The programs that take part: the daemon under test, and those beside it, which are in C, compiled
 * into {@code bench/target}, or else in Java.
 *
 * @param daemonCommand starts the daemon, but for {@code --config FILE}
 * @param ctlCommand starts vmpowerctl, but for its arguments
 * @param load starts the load generator, but for its arguments
 * @param floor starts the floor, but for its arguments
 * @param twin starts the floor's twin in Java, to be measured too; empty if it is not
 */
record Tools(
    Path jdk,
    List<String> daemonCommand,
    List<String> ctlCommand,
    List<String> load,
    List<String> floor,
    List<String> twin) {

  /** Compiles what is in C, or takes its twins. */
  static Tools build(Options options) throws IOException {
    Path jdk = Path.of(System.getProperty("java.home"));
    List<String> twin = twin("Floor");
    if (!options.hasC()) {
      return new Tools(jdk, options.daemon(), options.ctl(), twin("Generator"), twin, List.of());
    }
    Path sources = options.checkout().resolve("bench/c");
    Path out = Files.createDirectories(options.checkout().resolve("bench/target/c"));
    Path load = out.resolve("load");
    Path floor = out.resolve("floor");
    compile(jdk, load, List.of("" + sources.resolve("load.c"), "" + sources.resolve("guests.c")));
    compile(jdk, floor, List.of("" + sources.resolve("floor.c")));
    return new Tools(
        jdk,
        options.daemon(),
        options.ctl(),
        List.of(load.toString()),
        List.of(floor.toString()),
        options.withTwin() ? twin : List.of());
  }

  /** A program in Java, run as the daemon is. */
  private static List<String> twin(String name) {
    List<String> command = new ArrayList<>();
    command.add(System.getProperty("java.home") + "/bin/java");
    command.addAll(List.of(System.getProperty("vmpower.jvm", "").split(" ")));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add("dev.vmpower.bench.nio." + name);
    return command;
  }

  /** Whether a floor has compilers of its own, for which it runs a while before it counts. */
  boolean hasJavaFloor() {
    return !twin.isEmpty() || floor.size() > 1;
  }

  /** Whether there is a C compiler. */
  static boolean hasCompiler() {
    return Arrays.stream(System.getenv().getOrDefault("PATH", "").split(":"))
        .anyMatch(directory -> Files.isExecutable(Path.of(directory, "gcc")));
  }

  private static void compile(Path jdk, Path program, List<String> sources) throws IOException {
    List<String> command =
        new ArrayList<>(List.of("gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-pthread", "-o"));
    command.add(program.toString());
    command.addAll(sources);
    Commands.output(command, jdk);
  }

  List<String> daemon(Path config) {
    List<String> command = new ArrayList<>(daemonCommand);
    command.add("--config");
    command.add(config.toString());
    return command;
  }

  List<String> ctl(Path socket, String... words) {
    List<String> command = new ArrayList<>(ctlCommand);
    command.add("--socket");
    command.add(socket.toString());
    command.addAll(List.of(words));
    return command;
  }
}
