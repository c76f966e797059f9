package dev.vmpower.guest.governor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class ProcStatTest {
  @Test
  void stealIsLoadAndGuestTimeIsNotCountedTwice() {
    String text =
        """
        cpu  10 20 30 400 50 6 7 8 9 10
        cpu0 1 2 3 100 20 4 5 6 1 2
        cpu2 9 0 0 1 0 0 0 0 9 0
        intr 1 2 3
        cpufreq 1 2
        cpu3 not a number
        cpu-1 1 2 3 4 5 6 7 8
        ctxt 5
        """;

    assertThat(ProcStat.parse(text))
        .containsOnlyKeys(0, 2)
        .containsEntry(0, new CpuTimes(1 + 2 + 3 + 4 + 5 + 6, 141))
        .containsEntry(2, new CpuTimes(9, 10));
    assertThat(ProcStat.parse("")).isEmpty();
  }

  @Test
  void thisMachinesOwnIsUnderstood() throws IOException {
    var times = ProcStat.parse(Files.readString(Path.of("/proc/stat")));

    assertThat(times).hasSize(Runtime.getRuntime().availableProcessors() <= 1 ? 1 : times.size());
    assertThat(times.values()).allMatch(each -> each.totalTicks() > each.busyTicks());
  }

  @Test
  void aLoadIsOfTheTimeThatPassed() {
    CpuTimes start = new CpuTimes(100, 1_000);

    assertThat(new CpuTimes(150, 1_100).loadPercent(start)).isEqualTo(50);
    assertThat(new CpuTimes(200, 1_100).loadPercent(start)).isEqualTo(100);
    assertThat(new CpuTimes(100, 1_100).loadPercent(start)).isZero();
    assertThat(new CpuTimes(99, 1_100).loadPercent(start)).isZero();
    assertThat(new CpuTimes(300, 1_100).loadPercent(start)).isEqualTo(100);
    assertThat(start.loadPercent(start)).isEqualTo(-1);
    assertThat(new CpuTimes(1, 10).loadPercent(start)).isEqualTo(-1);
  }
}
