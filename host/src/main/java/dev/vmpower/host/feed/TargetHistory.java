package dev.vmpower.host.feed;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The targets of each frequency domain in the last 15 minutes, for those who come to look now.
 *
 * <p>Of the changes within two seconds the last one is kept. So what it holds has a limit, whatever
 * guests ask for, and nothing happens while nothing changes.
 */
public final class TargetHistory {
  /** How far back it goes. */
  public static final long SPAN_MS = 900_000;

  /** Changes closer together than this are one. */
  static final long APART_MS = 2_000;

  /** Frequency domains whose targets it keeps; those that come later are left out. */
  public static final int DOMAINS_MAX = 1_024;

  /** What {@link Course#targetKhz} has while nobody asked. */
  static final int NONE_KHZ = 0;

  /**
   * The targets of one frequency domain.
   *
   * @param domain N of its {@code policyN}
   * @param atMs since when each target was in force, in milliseconds of Unix time
   * @param targetKhz the targets; 0 where it was not managed
   */
  public record Course(int domain, List<Long> atMs, List<Integer> targetKhz) {}

  private static final class Points {
    private final List<Long> atMs = new ArrayList<>();
    private final List<Integer> khz = new ArrayList<>();

    void add(long nowMs, int targetKhz) {
      int last = atMs.size() - 1;
      if (last > 0 && nowMs - atMs.get(last) < APART_MS) {
        khz.set(last, targetKhz);
      } else if (last < 0 || khz.get(last) != targetKhz) {
        atMs.add(nowMs);
        khz.add(targetKhz);
      }
    }

    /** The last one before the span stays: it was in force as the span began. */
    void forget(long beforeMs) {
      int gone = 0;
      while (gone + 1 < atMs.size() && atMs.get(gone + 1) <= beforeMs) {
        gone++;
      }
      atMs.subList(0, gone).clear();
      khz.subList(0, gone).clear();
    }
  }

  private final TreeMap<Integer, Points> byDomain = new TreeMap<>();

  /** Takes the target that a frequency domain came to; null once nobody asks. */
  public synchronized void add(int domain, long nowMs, @Nullable Integer targetKhz) {
    Points points = byDomain.get(domain);
    if (points == null) {
      if (byDomain.size() >= DOMAINS_MAX) {
        return;
      }
      points = new Points();
      byDomain.put(domain, points);
    }
    points.add(nowMs, targetKhz == null ? NONE_KHZ : targetKhz);
    points.forget(nowMs - SPAN_MS);
  }

  /** All that is kept, by frequency domain. */
  public synchronized List<Course> courses() {
    List<Course> courses = new ArrayList<>(byDomain.size());
    byDomain.forEach(
        (domain, points) ->
            courses.add(new Course(domain, List.copyOf(points.atMs), List.copyOf(points.khz))));
    return courses;
  }
}
