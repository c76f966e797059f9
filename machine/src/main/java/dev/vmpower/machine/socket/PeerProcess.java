package dev.vmpower.machine.socket;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

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
      // Each word has a NUL at its end.
      String words = text.endsWith("\0") ? text.substring(0, text.length() - 1) : text;
      return text.isEmpty() ? List.of() : List.of(words.split("\0", -1));
    }
  }

  /**
   * Whether this is the QEMU of the domain {@code name}: {@code -name guest=NAME} in its command
   * line, with QEMU's doubling of commas undone.
   *
   * @throws IOException if it cannot be seen, or has ended
   */
  public boolean isQemuOf(String name) throws IOException {
    List<String> words = commandLine();
    // Another process may have got the pid meanwhile.
    return of(pid).equals(this) && name.equals(qemuName(words));
  }

  /** The guest's name in the command line of a QEMU; null if it has none. */
  public static @Nullable String qemuName(List<String> words) {
    int option = words.indexOf("-name");
    return option < 0 || option + 1 >= words.size() ? null : guestName(words.get(option + 1));
  }

  /**
   * The value of {@code guest=} in {@code guest=NAME,debug-threads=on}, or of its first part if
   * that has no key; null if there is none.
   */
  static @Nullable String guestName(String option) {
    String name = null;
    List<String> parts = parts(option);
    for (String part : parts) {
      if (part.startsWith("guest=")) {
        name = part.substring("guest=".length());
      }
    }
    String first = parts.get(0);
    return name == null && !first.contains("=") ? first : name;
  }

  /** The parts between single commas; a doubled one stands for one that belongs to the part. */
  private static List<String> parts(String option) {
    List<String> parts = new ArrayList<>();
    StringBuilder part = new StringBuilder();
    for (int i = 0; i < option.length(); i++) {
      if (option.charAt(i) != ',') {
        part.append(option.charAt(i));
      } else if (i + 1 < option.length() && option.charAt(i + 1) == ',') {
        part.append(',');
        i++;
      } else {
        parts.add(part.toString());
        part.setLength(0);
      }
    }
    parts.add(part.toString());
    return parts;
  }
}
