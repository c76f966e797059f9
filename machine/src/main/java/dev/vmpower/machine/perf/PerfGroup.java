package dev.vmpower.machine.perf;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.vmpower.machine.libc.CFunction;
import dev.vmpower.machine.libc.ErrnoException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Events that the kernel counts on one pCPU together, whoever runs there: it gives all of them a
 * hardware counter at the same time or none, so their ratio is true even where counters are short.
 *
 * <p>Not thread-safe.
 */
final class PerfGroup implements AutoCloseable {
  /**
   * One thing to count.
   *
   * @param type and {@code config}: what, as {@code <linux/perf_event.h>} numbers it
   */
  record Event(int type, long config) {}

  /** Of perf_event_open(2) on x86-64. */
  private static final int SYSCALL_NUMBER = 298;

  // struct perf_event_attr as Linux 2.6.31 had it; newer kernels take it for all that they added.
  private static final int ATTR_BYTES = 64;
  private static final int ATTR_TYPE = 0;
  private static final int ATTR_SIZE = 4;
  private static final int ATTR_CONFIG = 8;
  private static final int ATTR_READ_FORMAT = 32;

  private static final long FORMAT_TOTAL_TIME_ENABLED = 1;
  private static final long FORMAT_TOTAL_TIME_RUNNING = 2;
  private static final long FORMAT_GROUP = 8;

  private static final int EVERY_PROCESS = -1;
  private static final int NO_GROUP = -1;
  private static final long FLAG_FD_CLOEXEC = 8;

  /** What a read gives before the counts: how many there are, time enabled, time running. */
  private static final int HEAD_LONGS = 3;

  private static final CFunction SYSCALL =
      CFunction.variadic(
          "syscall", 1, JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG);
  private static final CFunction READ =
      CFunction.of("read", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
  private static final CFunction CLOSE = CFunction.of("close", JAVA_INT, JAVA_INT);

  private final String what;
  private final int cpu;
  private final int[] descriptors;
  private int opened;

  private PerfGroup(String what, int cpu, int size) {
    this.what = what;
    this.cpu = cpu;
    this.descriptors = new int[size];
  }

  /**
   * Begins to count on {@code cpu}.
   *
   * @param what the events in words, for messages
   * @throws PerfException if the kernel refuses
   */
  static PerfGroup open(String what, int cpu, Event... events) throws PerfException {
    PerfGroup group = new PerfGroup(what, cpu, events.length);
    try {
      for (Event event : events) {
        group.add(event);
      }
      return group;
    } catch (ErrnoException refused) {
      group.close();
      throw PerfException.opening(what, cpu, refused);
    }
  }

  private void add(Event event) throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment attr = arena.allocate(ATTR_BYTES, Long.BYTES);
      attr.set(JAVA_INT, ATTR_TYPE, event.type());
      attr.set(JAVA_INT, ATTR_SIZE, ATTR_BYTES);
      attr.set(JAVA_LONG, ATTR_CONFIG, event.config());
      attr.set(
          JAVA_LONG,
          ATTR_READ_FORMAT,
          FORMAT_TOTAL_TIME_ENABLED | FORMAT_TOTAL_TIME_RUNNING | FORMAT_GROUP);
      int leader = opened == 0 ? NO_GROUP : descriptors[0];
      descriptors[opened] =
          (int)
              SYSCALL.call(
                  (long) SYSCALL_NUMBER, attr, EVERY_PROCESS, cpu, leader, FLAG_FD_CLOEXEC);
      opened++;
    }
  }

  /**
   * The counts since the group was opened, in the order of its events; where the kernel counted a
   * part of the time only, what they would have been.
   *
   * @throws PerfException if the pCPU is gone, or the kernel refuses
   */
  long[] read() throws PerfException {
    int longs = HEAD_LONGS + descriptors.length;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment values = arena.allocate(JAVA_LONG, longs);
      long bytes = READ.call(descriptors[0], values, values.byteSize());
      if (bytes != values.byteSize()) { // an event in error reads as end of file
        throw PerfException.reading(what, cpu, "the kernel counts them no more", null);
      }
      long enabledNs = values.getAtIndex(JAVA_LONG, 1);
      long runningNs = values.getAtIndex(JAVA_LONG, 2);
      long[] counts = new long[descriptors.length];
      for (int i = 0; i < counts.length; i++) {
        counts[i] = scaled(values.getAtIndex(JAVA_LONG, HEAD_LONGS + i), enabledNs, runningNs);
      }
      return counts;
    } catch (ErrnoException refused) {
      throw PerfException.reading(what, cpu, refused.getMessage(), refused);
    }
  }

  /** What {@code count} would be, had it been counted all the time. */
  static long scaled(long count, long enabledNs, long runningNs) {
    if (runningNs == 0 || runningNs >= enabledNs) {
      return count;
    }
    return Math.round(count * ((double) enabledNs / runningNs));
  }

  @Override
  public void close() {
    while (opened > 0) {
      opened--;
      try {
        CLOSE.call(descriptors[opened]);
      } catch (ErrnoException ignored) {
        // The descriptor is closed all the same.
      }
    }
  }
}
