package dev.vmpower.guest.governor;

import java.util.SortedMap;
import java.util.StringTokenizer;
import java.util.TreeMap;

/**
 * The text of {@code /proc/stat}: a line for each online vCPU with its user, nice, system, idle,
 * iowait, irq, softirq and steal ticks; what follows is in user and nice already.
 */
public final class ProcStat {
  private static final int TIMES = 8;
  private static final int IDLE = 3;
  private static final int IOWAIT = 4;

  private ProcStat() {}

  /** The times of each vCPU that is online; what is no line of a vCPU is passed over. */
  public static SortedMap<Integer, CpuTimes> parse(String text) {
    SortedMap<Integer, CpuTimes> vcpus = new TreeMap<>();
    StringTokenizer lines = new StringTokenizer(text, "\n");
    while (lines.hasMoreTokens()) {
      StringTokenizer words = new StringTokenizer(lines.nextToken(), " ");
      String name = words.hasMoreTokens() ? words.nextToken() : "";
      if (name.length() > 3 && name.startsWith("cpu")) {
        try {
          vcpus.put(Integer.parseUnsignedInt(name, 3, name.length(), 10), times(words));
        } catch (NumberFormatException otherLine) {
          // Not one of a vCPU.
        }
      }
    }
    return vcpus;
  }

  private static CpuTimes times(StringTokenizer words) {
    long busy = 0;
    long total = 0;
    for (int i = 0; i < TIMES && words.hasMoreTokens(); i++) {
      long ticks = Long.parseLong(words.nextToken());
      total += ticks;
      busy += i == IDLE || i == IOWAIT ? 0 : ticks;
    }
    return new CpuTimes(busy, total);
  }
}
