package dev.vmpower.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The programs that take part: the daemon under test, and those in C, compiled into {@code
 * bench/target}.
 *
 * @param daemonCommand starts the daemon, but for {@code --config FILE}
 * @param ctlCommand starts vmpowerctl, but for its arguments
 * @param floor starts the floor, but for its arguments
 */
record Tools(
    Path jdk, List<String> daemonCommand, List<String> ctlCommand, Path load, List<String> floor) {

  /** Compiles what is in C. */
  static Tools build(Path checkout, List<String> daemon, List<String> ctl) throws IOException {
    Path jdk = Path.of(System.getProperty("java.home"));
    Path sources = checkout.resolve("bench/c");
    Path out = Files.createDirectories(checkout.resolve("bench/target/c"));
    Path load = out.resolve("load");
    Path floor = out.resolve("floor");
    compile(jdk, load, List.of("" + sources.resolve("load.c"), "" + sources.resolve("guests.c")));
    compile(jdk, floor, List.of("" + sources.resolve("floor.c")));
    return new Tools(jdk, daemon, ctl, load, List.of(floor.toString()));
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
