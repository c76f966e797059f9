package dev.vmpower.host.metrics;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;

/**
 * What the daemon itself costs.
 *
 * @param cpuS CPU time used
 * @param startS when it started, in seconds since the epoch
 * @param maxFds how many descriptors it may have open
 */
public record ProcessFigures(
    double cpuS, double startS, long residentBytes, long threads, long openFds, long maxFds) {
  private static final int BYTES_PER_KIB = 1024;
  private static final double NS_PER_S = 1e9;

  /** As {@code self}, such as {@code /proc/self}, has them now; 0 for what it does not say. */
  public static ProcessFigures read(Path self) {
    ProcessHandle.Info info = ProcessHandle.current().info();
    String status = text(self.resolve("status"));
    return new ProcessFigures(
        info.totalCpuDuration().orElse(Duration.ZERO).toNanos() / NS_PER_S,
        info.startInstant().orElse(Instant.EPOCH).toEpochMilli() / 1000.0,
        after(status, "VmRSS:") * BYTES_PER_KIB,
        after(status, "Threads:"),
        count(self.resolve("fd")),
        after(text(self.resolve("limits")), "Max open files"));
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException unknown) {
      return "";
    }
  }

  /** The number behind {@code name}; 0 for none. */
  static long after(String text, String name) {
    int at = text.indexOf(name);
    int from = at < 0 ? text.length() : at + name.length();
    while (from < text.length() && Character.isWhitespace(text.charAt(from))) {
      from++;
    }
    int to = from;
    while (to < text.length() && Character.isDigit(text.charAt(to))) {
      to++;
    }
    return to == from ? 0 : Long.parseLong(text, from, to, 10);
  }

  private static long count(Path directory) {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      long count = 0;
      for (Path entry : entries) {
        count += entry == null ? 0 : 1;
      }
      return count;
    } catch (IOException unknown) {
      return 0;
    }
  }
}
