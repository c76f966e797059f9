package dev.vmpower.machine.power;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * How long each pCPU has not been idle: {@code cpuN} of {@code /proc/stat} (proc(5)), in clock
 * ticks, whose first fields are user, nice, system, idle, iowait, irq, softirq and steal. The time
 * of guests is in user already.
 */
public final class BusyTimes {
  private static final long TICK_MS = 10;
  private static final int IDLE = 4;
  private static final int IOWAIT = 5;
  private static final int STEAL = 8;

  private final Path stat;
  private Map<Integer, Long> lastMs;

  /** Counts from now on, by {@code stat}, which is {@code /proc/stat} on a host. */
  public BusyTimes(Path stat) {
    this.stat = stat;
    lastMs = read();
  }

  /**
   * Milliseconds since the last call, by pCPU; those that the kernel does not list are left out.
   */
  public Map<Integer, Long> advance() {
    Map<Integer, Long> nowMs = read();
    Map<Integer, Long> spent = new HashMap<>();
    nowMs.forEach(
        (cpu, ms) -> {
          Long before = lastMs.get(cpu);
          if (before != null) {
            spent.put(cpu, Math.max(ms - before, 0));
          }
        });
    lastMs = nowMs;
    return spent;
  }

  private Map<Integer, Long> read() {
    Map<Integer, Long> times = new HashMap<>();
    try {
      for (String line : Files.readString(stat).split("\n")) {
        String[] words = line.split(" +");
        if (words[0].matches("cpu\\d+") && words.length > STEAL) {
          times.put(Integer.parseInt(words[0].substring(3)), busyTicks(words) * TICK_MS);
        }
      }
    } catch (IOException | NumberFormatException none) {
      return Map.of();
    }
    return times;
  }

  private static long busyTicks(String[] words) {
    long ticks = 0;
    for (int i = 1; i <= STEAL; i++) {
      if (i != IDLE && i != IOWAIT) {
        ticks += Long.parseLong(words[i]);
      }
    }
    return ticks;
  }
}
