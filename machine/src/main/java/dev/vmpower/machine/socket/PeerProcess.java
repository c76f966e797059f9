package dev.vmpower.machine.socket;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * One run of a process: its pid and when it started, since pids come back.
 *
 * @param pid the process
 * @param startTicks field 22 of {@code /proc/PID/stat}: clock ticks after boot
 */
public record PeerProcess(int pid, long startTicks) {
  /** What is read of a command line; QEMU's under libvirt have some kilobytes. */
  private static final int COMMAND_LINE_BYTES_MAX = 1 << 20;

  private static final Path PROC = Path.of("/proc");

  /**
   * Finds the process {@code pid}.
   *
   * @throws IOException if there is none, or it cannot be seen
   */
  public static PeerProcess of(int pid) throws IOException {
    String stat = Files.readString(PROC.resolve(pid + "/stat"), StandardCharsets.ISO_8859_1);
    // The second field is the name in brackets, which may itself hold blanks and brackets.
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    return new PeerProcess(pid, Long.parseLong(fields[19]));
  }

  /** The words of its command line; none for a process that has ended. */
  public List<String> commandLine() throws IOException {
    try (var in = Files.newInputStream(PROC.resolve(pid + "/cmdline"))) {
      String text = new String(in.readNBytes(COMMAND_LINE_BYTES_MAX), StandardCharsets.UTF_8);
      return text.isEmpty() ? List.of() : new ArrayList<>(List.of(text.split("\0", -1)));
    }
  }

  /**
   * Whether this is the QEMU of the domain {@code name}: {@code -name guest=NAME} in its command
   * line, with QEMU's doubling of commas undone.
   */
  public boolean isQemuOf(String name) throws IOException {
    List<String> words = commandLine();
    for (int i = 0; i + 1 < words.size(); i++) {
      if (words.get(i).equals("-name")) {
        return guestName(words.get(i + 1)).equals(name);
      }
    }
    return false;
  }

  /** The value of {@code guest=} in {@code guest=NAME,debug-threads=on}. */
  static String guestName(String option) {
    String rest = option.startsWith("guest=") ? option.substring("guest=".length()) : option;
    StringBuilder name = new StringBuilder();
    for (int i = 0; i < rest.length(); i++) {
      if (rest.charAt(i) == ',') {
        if (i + 1 >= rest.length() || rest.charAt(i + 1) != ',') {
          break;
        }
        i++;
      }
      name.append(rest.charAt(i));
    }
    return name.toString();
  }
}
