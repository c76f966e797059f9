package dev.vmpower.machine.process;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Looks for programs that are known to set CPU frequencies, by the names of processes.
 *
 * <p>Only a process of root, or of this one's user, could do so; another's of that name is not
 * meant. TLP and the like do their work and end: systemd remembers that their unit was started.
 *
 * <p>Two small files are read for each process, so keep it off threads that must not wait.
 */
public final class PowerPrograms {
  /** How many processes are looked at; of more, those that the kernel lists first. */
  static final int PROCESSES_MAX = 65_536;

  /** How many are found; nobody needs a longer list of suspects. */
  static final int FOUND_MAX = 8;

  private static final int TEXT_BYTES_MAX = 4_096;
  private static final int COMM_CHARS_MAX = 15; // the kernel cuts the name of a process there
  private static final String DAEMON_CLASS = "dev.vmpower.host.Daemon";
  private static final String INTERPRETERS = "(python|perl|bash|dash|sh|java|busybox)[0-9.]*";

  private static final Map<String, String> NAMES = new LinkedHashMap<>();
  private static final Map<String, String> UNITS = new LinkedHashMap<>();

  static {
    NAMES.put("tuned", "TuneD");
    NAMES.put("tuned-ppd", "TuneD's tuned-ppd");
    NAMES.put("power-profiles-daemon", "power-profiles-daemon");
    NAMES.put("tlp", "TLP");
    NAMES.put("auto-cpufreq", "auto-cpufreq");
    NAMES.put("thermald", "thermald");
    NAMES.put("cpupower", "cpupower");
    NAMES.put("cpufreqd", "cpufreqd");
    NAMES.put("cpufreq-set", "cpufrequtils");
    NAMES.put("dpdk-vm_power_manager", "DPDK's vm_power_manager");
    NAMES.put("vm_power_manager", "DPDK's vm_power_manager");
    NAMES.put("dpdk-l3fwd-power", "DPDK's l3fwd-power");
    NAMES.put("l3fwd-power", "DPDK's l3fwd-power");
    UNITS.put("tlp.service", "TLP");
    UNITS.put("cpupower.service", "cpupower");
    UNITS.put("cpufrequtils.service", "cpufrequtils");
  }

  private final Path proc;
  private final Path units;
  private final long ownPid;

  /** Looks on this host. */
  public PowerPrograms() {
    this(Path.of("/proc"), Path.of("/run/systemd/units"), ProcessHandle.current().pid());
  }

  PowerPrograms(Path proc, Path units, long ownPid) {
    this.proc = proc;
    this.units = units;
    this.ownPid = ownPid;
  }

  /** Those that run now, and those whose unit was started; none where it cannot be seen. */
  public List<PowerProgram> find() {
    List<PowerProgram> found = new ArrayList<>();
    int looked = 0;
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(proc, "[1-9]*")) {
      for (Path process : entries) {
        if (looked++ == PROCESSES_MAX || found.size() == FOUND_MAX) {
          break;
        }
        int pid = Integer.parseInt(process.getFileName().toString());
        String name = pid == ownPid ? null : nameOf(process);
        if (name != null && mayWrite(process)) {
          found.add(new PowerProgram(name, pid, ""));
        }
      }
    } catch (IOException | NumberFormatException unseen) {
      // What was found until then stands.
    }
    UNITS.forEach(
        (unit, name) -> {
          boolean runs = found.stream().anyMatch(program -> program.name().equals(name));
          // A symbolic link to the number of its start, and no file.
          boolean started = Files.isSymbolicLink(units.resolve("invocation:" + unit));
          if (started && !runs && found.size() < FOUND_MAX) {
            found.add(new PowerProgram(name, 0, unit));
          }
        });
    return List.copyOf(found);
  }

  private boolean mayWrite(Path process) {
    try {
      Object owner = Files.getAttribute(process, "unix:uid");
      return owner.equals(0) || owner.equals(Files.getAttribute(proc.resolve("self"), "unix:uid"));
    } catch (IOException ended) {
      return false;
    }
  }

  private static @Nullable String nameOf(Path process) {
    String comm = text(process.resolve("comm")).strip();
    for (Map.Entry<String, String> known : NAMES.entrySet()) {
      String name = known.getKey();
      if (comm.equals(name.substring(0, Math.min(name.length(), COMM_CHARS_MAX)))) {
        return known.getValue();
      }
    }
    return comm.matches(INTERPRETERS) ? scriptOf(process, comm) : null;
  }

  /** What an interpreter runs: its first word that is no option; of Java, its main class. */
  private static @Nullable String scriptOf(Path process, String interpreter) {
    String[] words = text(process.resolve("cmdline")).split("\0");
    for (int i = 1; i < words.length; i++) {
      String word = words[i].substring(words[i].lastIndexOf('/') + 1);
      if (word.equals(DAEMON_CLASS)) {
        boolean restores = i + 1 < words.length && words[i + 1].equals("restore");
        return restores ? null : "another vmpowerd";
      }
      if (!interpreter.equals("java") && !word.startsWith("-")) {
        return words[i - 1].equals("-c") ? null : NAMES.get(word);
      }
    }
    return null;
  }

  private static String text(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      return new String(in.readNBytes(TEXT_BYTES_MAX), StandardCharsets.UTF_8);
    } catch (IOException ended) {
      return "";
    }
  }

  /** One sentence about {@code found}, honest about how much that says. */
  public static String accuse(List<PowerProgram> found) {
    List<String> names = found.stream().map(PowerProgram::toString).toList();
    if (names.isEmpty()) {
      return "no known power daemon runs here";
    }
    if (names.size() > 1) {
      return String.join(", ", names) + " run here: the cause is likely one of them";
    }
    return names.getFirst()
        + (found.getFirst().pid() > 0
            ? " runs here and is the likely cause"
            : " has run here and may be the cause");
  }
}
