package dev.vmpower.machine.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Time since the machine booted, its sleep included: the same for all processes, whatever becomes
 * of the wall clock.
 */
public final class BootClock {
  private static final Path UPTIME = Path.of("/proc/uptime");
  private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");
  private static final long MS_PER_S = 1_000;

  private BootClock() {}

  /** Milliseconds since the machine booted. */
  public static long nowMs() throws IOException {
    return parse(Files.readString(UPTIME));
  }

  /** Reads {@code 4711.42 9000.00}, in seconds. */
  static long parse(String uptime) throws IOException {
    try {
      return Math.round(Double.parseDouble(uptime.strip().split(" ", 2)[0]) * MS_PER_S);
    } catch (NumberFormatException notSeconds) {
      throw new IOException(UPTIME + ": '" + uptime.strip() + "' does not begin with seconds");
    }
  }

  /** What tells this boot of the machine from any other. */
  public static String bootId() throws IOException {
    return Files.readString(BOOT_ID).strip();
  }
}
