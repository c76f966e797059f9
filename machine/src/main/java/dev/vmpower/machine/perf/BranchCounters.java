package dev.vmpower.machine.perf;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.vmpower.machine.libc.CFunction;
import dev.vmpower.machine.libc.ErrnoException;
import org.jspecify.annotations.Nullable;

/**
 * The branches of one pCPU and how many of them were mispredicted, whoever ran there: guests,
 * processes, the kernel.
 *
 * <p>It takes two hardware counters of the pCPU while it is open. Not thread-safe.
 */
public final class BranchCounters implements AutoCloseable {
  /**
   * Counts since the counters were opened.
   *
   * @param branches branch instructions retired
   * @param misses those of them that were mispredicted
   */
  public record Counts(long branches, long misses) {}

  // From <linux/perf_event.h>.
  private static final int TYPE_HARDWARE = 0;
  private static final long COUNT_HW_BRANCH_INSTRUCTIONS = 4;
  private static final long COUNT_HW_BRANCH_MISSES = 5;

  private static final PerfGroup.Event BRANCHES =
      new PerfGroup.Event(TYPE_HARDWARE, COUNT_HW_BRANCH_INSTRUCTIONS);
  private static final PerfGroup.Event MISSES =
      new PerfGroup.Event(TYPE_HARDWARE, COUNT_HW_BRANCH_MISSES);

  private static final CFunction SCHED_GETCPU = CFunction.of("sched_getcpu", JAVA_INT);

  private final PerfGroup group;

  private BranchCounters(PerfGroup group) {
    this.group = group;
  }

  /** Why branches cannot be counted on this machine, in one line; null if they can. */
  public static @Nullable String unavailable() {
    try {
      open((int) SCHED_GETCPU.call()).close(); // the pCPU that this thread is on is online
      return null;
    } catch (PerfException | ErrnoException cannot) {
      return cannot.getMessage();
    }
  }

  /**
   * Begins to count the branches of a pCPU.
   *
   * @throws PerfException if they cannot be counted, in one line
   */
  public static BranchCounters open(int cpu) throws PerfException {
    return new BranchCounters(PerfGroup.open("branches", cpu, BRANCHES, MISSES));
  }

  /**
   * Reads what has been counted.
   *
   * @throws PerfException if the pCPU went offline meanwhile, or the kernel refuses
   */
  public Counts read() throws PerfException {
    long[] counts = group.read();
    return new Counts(counts[0], counts[1]);
  }

  /** Ends counting. */
  @Override
  public void close() {
    group.close();
  }
}
