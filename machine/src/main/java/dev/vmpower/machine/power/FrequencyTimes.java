package dev.vmpower.machine.power;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/**
 * How long a frequency domain was at each frequency, as the kernel counts it: {@code
 * stats/time_in_state} (kernel: {@code Documentation/cpufreq/cpufreq-stats.rst}), in units of 10
 * ms. Where the kernel counts none, the frequency that is set now stands for all of the time.
 */
public final class FrequencyTimes {
  private static final long UNIT_MS = 10;
  private static final int LEVELS_MAX = 256;

  private final Path policy;
  private Map<Integer, Long> lastMs;

  /** Counts from now on, for {@code policy}, the directory of its cpufreq policy. */
  public FrequencyTimes(Path policy) {
    this.policy = policy;
    lastMs = read();
  }

  /**
   * How many milliseconds at each frequency, in kHz, since the last call.
   *
   * @param passedMs how long that is
   */
  public Map<Integer, Long> advance(long passedMs) {
    Map<Integer, Long> nowMs = read();
    Map<Integer, Long> spent = new TreeMap<>();
    nowMs.forEach(
        (khz, ms) -> {
          long more = ms - lastMs.getOrDefault(khz, 0L);
          if (more > 0) {
            spent.put(khz, more);
          }
        });
    lastMs = nowMs;
    // No counters, or they began anew: the driver was loaded again, or somebody reset them.
    if (spent.isEmpty() && passedMs > 0) {
      int khz = presentKhz();
      return khz > 0 ? Map.of(khz, passedMs) : Map.of();
    }
    return spent;
  }

  private Map<Integer, Long> read() {
    Map<Integer, Long> times = new TreeMap<>();
    try {
      for (String line : Files.readString(policy.resolve("stats/time_in_state")).split("\n")) {
        String[] words = line.strip().split(" +");
        if (words.length == 2 && times.size() < LEVELS_MAX) {
          times.put(Integer.parseInt(words[0]), Long.parseLong(words[1]) * UNIT_MS);
        }
      }
    } catch (IOException | NumberFormatException none) {
      return Map.of();
    }
    return times;
  }

  private int presentKhz() {
    int set = khz("scaling_setspeed");
    return set > 0 ? set : khz("scaling_cur_freq");
  }

  private int khz(String file) {
    try {
      return Integer.parseInt(Files.readString(policy.resolve(file)).strip());
    } catch (IOException | NumberFormatException none) {
      return 0;
    }
  }
}
