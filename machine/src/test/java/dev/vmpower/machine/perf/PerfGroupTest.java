package dev.vmpower.machine.perf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Counters of this very machine; it may have those of software only. */
class PerfGroupTest {
  private static final int TYPE_SOFTWARE = 1;
  private static final PerfGroup.Event CPU_CLOCK = new PerfGroup.Event(TYPE_SOFTWARE, 0);
  private static final PerfGroup.Event CONTEXT_SWITCHES = new PerfGroup.Event(TYPE_SOFTWARE, 3);
  private static final PerfGroup.Event NOTHING = new PerfGroup.Event(TYPE_SOFTWARE, 9_999);
  private static final int CPU = 0;
  private static final int NO_SUCH_CPU = 4_095;

  @Test
  void aGroupCountsWhileItIsOpen() throws Exception {
    long descriptors = openDescriptors();
    try (PerfGroup group = PerfGroup.open("ticks", CPU, CPU_CLOCK, CONTEXT_SWITCHES)) {
      long[] first = group.read();
      long beganNs = System.nanoTime();
      while (System.nanoTime() - beganNs < 20_000_000) {
        Thread.onSpinWait();
      }
      long[] second = group.read();
      long passedNs = System.nanoTime() - beganNs;

      assertThat(first).hasSize(2);
      assertThat(second[0] - first[0]).as("ns").isBetween(10_000_000L, passedNs + 10_000_000);
      assertThat(second[1]).as("switches").isGreaterThanOrEqualTo(first[1]);
    }
    assertThat(openDescriptors()).isEqualTo(descriptors);
  }

  @Test
  void aRefusedEventLeavesNothingOpenAndSaysWhyInOneLine() throws Exception {
    long descriptors = openDescriptors();

    PerfException refused =
        catchThrowableOfType(
            PerfException.class, () -> PerfGroup.open("ticks", CPU, CPU_CLOCK, NOTHING));

    assertThat(refused.reason()).isEqualTo(PerfException.Reason.NO_COUNTER);
    assertThat(refused).hasMessage("this machine has no counter of ticks");
    assertThat(openDescriptors()).isEqualTo(descriptors);
  }

  @Test
  void aCpuThatIsNotThereIsNamed() {
    assertThatThrownBy(() -> PerfGroup.open("ticks", NO_SUCH_CPU, CPU_CLOCK))
        .isInstanceOf(PerfException.class)
        .hasMessage("pCPU 4095 is not online: no ticks to count")
        .extracting(refused -> ((PerfException) refused).reason())
        .isEqualTo(PerfException.Reason.NO_CPU);
  }

  @Test
  void countsOfAPartOfTheTimeAreScaledToTheWhole() {
    assertThat(PerfGroup.scaled(1_000, 100, 100)).isEqualTo(1_000);
    assertThat(PerfGroup.scaled(1_000, 100, 25)).isEqualTo(4_000);
    assertThat(PerfGroup.scaled(0, 100, 0)).isZero();
    assertThat(PerfGroup.scaled(1L << 60, 3, 2)).isEqualTo(3L << 59);
  }

  /** Few virtual machines have such counters; then it is the reason that must be right. */
  @Test
  void branchesAreCountedOrSaidToBeUncountable() throws Exception {
    String why = BranchCounters.unavailable();
    if (why != null) {
      assertThat(why).isEqualTo("this machine has no counter of branches");
      assertThat(Path.of("/sys/bus/event_source/devices/cpu")).doesNotExist();
      return;
    }
    try (BranchCounters counters = BranchCounters.open(CPU)) {
      BranchCounters.Counts first = counters.read();
      long beganNs = System.nanoTime();
      while (System.nanoTime() - beganNs < 20_000_000) {
        Thread.onSpinWait();
      }
      BranchCounters.Counts second = counters.read();
      assertThat(second.branches()).isGreaterThan(first.branches());
      assertThat(second.misses()).isBetween(first.misses(), second.branches());
    }
  }

  private static long openDescriptors() throws Exception {
    try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
      return all.count();
    }
  }
}
