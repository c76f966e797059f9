package dev.vmpower.machine.power;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.vmpower.machine.socket.PeerProcess;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How long each vCPU has run, and where: the threads {@code CPU N/KVM} of every QEMU with a name
 * (libvirt's have {@code debug-threads=on}, which names them), in {@code /proc/PID/task/TID/stat}
 * (proc(5): utime, stime and the pCPU that it ran on last).
 *
 * <p>Not thread-safe.
 */
public final class VcpuTimes {
  /** vCPUs that are looked at; more are left out. */
  public static final int VCPUS_MAX = 8_192;

  private static final Pattern PID = Pattern.compile("[1-9]\\d{0,9}");
  private static final Pattern VCPU = Pattern.compile("CPU (\\d{1,4})/(?:KVM|TCG)");
  private static final long TICK_MS = 10;

  /** Enough for the option -name, which comes early. */
  private static final int COMMAND_LINE_BYTES_MAX = 64 << 10;

  /**
   * What one vCPU did.
   *
   * @param cpu the pCPU that it ran on last
   * @param ranMs for how long it ran
   */
  public record Ran(String vm, int vcpu, int cpu, long ranMs) {}

  private record Key(PeerProcess qemu, int vcpu) {}

  private final Path proc;
  private Map<Key, Long> lastMs = new HashMap<>();

  /** Counts from now on, below {@code proc}, which is {@code /proc} on a host. */
  public VcpuTimes(Path proc) {
    this.proc = proc;
    advance();
  }

  /** What ran since the last call; a vCPU that is new has run since it began. */
  public List<Ran> advance() {
    Map<Key, Long> nowMs = new HashMap<>();
    List<Ran> ran = new ArrayList<>();
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(proc, VcpuTimes::isProcess)) {
      for (Path process : processes) {
        look(process, nowMs, ran);
      }
    } catch (IOException none) {
      return List.of();
    }
    lastMs = nowMs;
    return ran;
  }

  private static boolean isProcess(Path path) {
    return PID.matcher(path.getFileName().toString()).matches();
  }

  // Whatever ends while it is looked at ran for so little that it does not matter.
  private void look(Path process, Map<Key, Long> nowMs, List<Ran> ran) {
    try {
      String vm = PeerProcess.qemuName(commandLine(process));
      if (vm == null) {
        return;
      }
      PeerProcess qemu =
          new PeerProcess(
              Integer.parseInt(process.getFileName().toString()),
              Long.parseLong(fields(Files.readString(process.resolve("stat"), ISO_8859_1))[19]));
      try (DirectoryStream<Path> threads = Files.newDirectoryStream(process.resolve("task"))) {
        for (Path thread : threads) {
          look(vm, qemu, thread, nowMs, ran);
        }
      }
    } catch (IOException | NumberFormatException ended) {
      return;
    }
  }

  private static List<String> commandLine(Path process) throws IOException {
    try (InputStream in = Files.newInputStream(process.resolve("cmdline"))) {
      return List.of(new String(in.readNBytes(COMMAND_LINE_BYTES_MAX), UTF_8).split("\0"));
    }
  }

  // From field 3 on; the second one is a name in brackets, which may itself hold blanks.
  private static String[] fields(String stat) {
    return stat.substring(stat.lastIndexOf(')') + 2).split(" ");
  }

  private void look(String vm, PeerProcess qemu, Path thread, Map<Key, Long> nowMs, List<Ran> ran)
      throws IOException {
    String stat = Files.readString(thread.resolve("stat"), ISO_8859_1);
    Matcher name = VCPU.matcher(stat.substring(stat.indexOf('(') + 1, stat.lastIndexOf(')')));
    if (!name.matches() || nowMs.size() >= VCPUS_MAX) {
      return;
    }
    String[] fields = fields(stat); // utime is field 14, stime 15, processor 39
    long totalMs = (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) * TICK_MS;
    int vcpu = Integer.parseInt(name.group(1));
    Key key = new Key(qemu, vcpu);
    @Nullable Long before = lastMs.get(key);
    nowMs.put(key, totalMs);
    long ranMs = Math.max(totalMs - (before == null ? 0 : before), 0);
    ran.add(new Ran(vm, vcpu, Integer.parseInt(fields[36]), ranMs));
  }
}
