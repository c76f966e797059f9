package dev.vmpower.machine.process;

import dev.vmpower.machine.libc.CFunction;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The process that this is. */
public final class OwnProcess {
  private static final Path COMMAND_LINE = Path.of("/proc/self/cmdline");
  private static final Path EXECUTABLE = Path.of("/proc/self/exe");

  private OwnProcess() {}

  /**
   * How this program was started, up to and with {@code mainClass}: what comes next are the
   * program's own arguments.
   *
   * @throws IOException if it was started otherwise
   */
  public static List<String> command(String mainClass) throws IOException {
    String text = new String(Files.readAllBytes(COMMAND_LINE), StandardCharsets.UTF_8);
    List<String> command = upTo(mainClass, List.of(text.split("\0")));
    Path executable = Files.readSymbolicLink(EXECUTABLE);
    if (Files.exists(executable)) { // an upgrade may have put another in its place
      command.set(0, executable.toString());
    }
    return command;
  }

  /** The words of {@code command} up to the one that names {@code mainClass}, or its jar. */
  static List<String> upTo(String mainClass, List<String> command) throws IOException {
    for (int i = 1; i < command.size(); i++) {
      String word = command.get(i);
      boolean jar = command.get(i - 1).equals("-jar");
      if (jar || word.equals(mainClass) || word.endsWith("/" + mainClass)) {
        return new ArrayList<>(command.subList(0, i + 1));
      }
    }
    throw new IOException("its command line does not name " + mainClass);
  }

  /**
   * Leaves the session of whoever started it, so that what ends that one does not end this. One
   * that leads a session already stays in it.
   */
  public static void leaveSession() {
    try {
      CFunction.of("setsid", ValueLayout.JAVA_INT).call();
    } catch (IOException leadsOneAlready) {
      // EPERM is the only refusal there is.
    }
  }
}
