package dev.vmpower.host.policy;

import static dev.vmpower.host.policy.Level.MAX;
import static dev.vmpower.host.policy.Level.MEDIUM;
import static dev.vmpower.host.policy.Level.MIN;
import static org.assertj.core.api.Assertions.assertThat;

import dev.vmpower.machine.cpu.CpuSet;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a policy asks for, by what it is told. */
class PolicyRunTest {
  private static final Policy.Traffic TRAFFIC = new Policy.Traffic(List.of(1L), 100, 1000);
  private static final CpuSet CPU = CpuSet.of(0);

  private static PolicyRun run(Policy policy) {
    return new PolicyRun(policy, 0);
  }

  private static Policy time(int[] busy, int[] quiet, int[] traffic) throws PolicyException {
    return new Policy.Time(HourTable.of(busy, quiet, traffic), TRAFFIC);
  }

  @Test
  void anHourOfNoListKeepsTheLevelAndTheFirstIsMax() throws PolicyException {
    PolicyRun run = run(time(new int[] {8}, new int[] {20}, new int[] {}));

    run.atHour(2);
    assertThat(run.level(CPU)).isEqualTo(MAX);
    run.atHour(20);
    assertThat(run.level(CPU)).isEqualTo(MIN);
    run.atHour(21);
    assertThat(run.level(CPU)).isEqualTo(MIN);
    run.atHour(8);
    assertThat(run.level(CPU)).isEqualTo(MAX);
  }

  @Test
  void aTrafficHourGoesByPacketsAndBeginsAtMax() throws PolicyException {
    PolicyRun run = run(time(new int[] {}, new int[] {20}, new int[] {21}));
    run.atHour(20);
    assertThat(run.countedTraffic()).isNull();

    run.atHour(21);
    assertThat(run.countedTraffic()).isEqualTo(TRAFFIC);
    assertThat(run.level(CPU)).isEqualTo(MAX);
    packets(run, 0, 0, 0);
    assertThat(run.level(CPU)).isEqualTo(MIN);
    run.packets(500);
    assertThat(run.level(CPU)).isEqualTo(MEDIUM);
    run.atHour(22);
    assertThat(run.level(CPU)).as("the last level stays").isEqualTo(MEDIUM);
    packets(run, 5000);
    assertThat(run.level(CPU)).as("packets count in traffic hours alone").isEqualTo(MEDIUM);
  }

  @Test
  void trafficRisesAtOnceAndFallsAfterThreeSamples() {
    PolicyRun run = run(TRAFFIC);
    assertThat(run.level(CPU)).as("at first").isEqualTo(MAX);

    packets(run, 0, 0);
    assertThat(run.level(CPU)).isEqualTo(MAX);
    packets(run, 0);
    assertThat(run.level(CPU)).isEqualTo(MIN);
    packets(run, 99);
    assertThat(run.level(CPU)).isEqualTo(MIN);
    packets(run, 100);
    assertThat(run.level(CPU)).isEqualTo(MEDIUM);
    packets(run, 1000);
    assertThat(run.level(CPU)).isEqualTo(MAX);
    packets(run, 999, 0, 999);
    assertThat(run.level(CPU)).as("the highest of the three").isEqualTo(MEDIUM);
  }

  @Test
  void trafficAboutAThresholdDoesNotFlap() {
    PolicyRun run = run(TRAFFIC);
    int changes = 0;
    Level before = run.level(CPU);
    for (int second = 0; second < 1000; second++) {
      run.packets(second % 2 == 0 ? 999 : 1001);
      changes += run.level(CPU) == before ? 0 : 1;
      before = run.level(CPU);
    }
    assertThat(changes).isZero();
  }

  @Test
  void packetsThatCannotBeCountedAskForMaxAndSayWhy() {
    PolicyRun run = run(TRAFFIC);
    packets(run, 0, 0, 0);

    run.packetsUnknown("vnet0 is gone");
    assertThat(run.level(CPU)).isEqualTo(MAX);
    assertThat(run.why()).isEqualTo("vnet0 is gone");
    run.packets(5000);
    assertThat(run.why()).isEqualTo("packets per second");
  }

  private static void packets(PolicyRun run, long... rates) {
    for (long rate : rates) {
      run.packets(rate);
    }
  }

  @Test
  void workloadIsALevelForEver() {
    for (Level level : Level.values()) {
      PolicyRun run = run(new Policy.Workload(level));
      run.atHour(3);
      run.packets(0);
      assertThat(run.level(CPU)).isEqualTo(level);
    }
  }

  @Test
  void branchesAskForMaxAtOnceAndForMinAfterAWindow() {
    PolicyRun run = run(new Policy.BranchRatio(0.1));
    assertThat(run.level(CPU)).isEqualTo(MAX);

    for (int i = 1; i < BranchMeter.WINDOW_SAMPLES; i++) {
      run.branches(0, 1_000_000, 999);
    }
    assertThat(run.level(CPU)).isEqualTo(MAX);
    run.branches(0, 1_000_000, 999);
    assertThat(run.level(CPU)).as("0.0999 % for a window").isEqualTo(MIN);
    run.branches(0, 1_000_000, 1000);
    assertThat(run.level(CPU)).as("0.1 % once").isEqualTo(MAX);
  }

  @Test
  void aPcpuThatSleepsHasNothingToDo() {
    PolicyRun run = run(new Policy.BranchRatio(0.1));
    for (int i = 0; i < BranchMeter.WINDOW_SAMPLES; i++) {
      run.branches(0, BranchMeter.BRANCHES_MIN - 1, BranchMeter.BRANCHES_MIN - 1);
    }

    assertThat(run.level(CPU)).isEqualTo(MIN);
    run.branchesUnknown(0, "the counter was taken away");
    assertThat(run.level(CPU)).isEqualTo(MAX);
    assertThat(run.why()).isEqualTo("the counter was taken away");
  }

  @Test
  void ofSeveralPcpusTheOneWithMostToDoCounts() {
    PolicyRun run = run(new Policy.BranchRatio(0.1));
    for (int i = 0; i < BranchMeter.WINDOW_SAMPLES; i++) {
      run.branches(0, 1_000_000, 0);
      run.branches(300, 1_000_000, 50_000);
    }

    assertThat(run.level(CpuSet.of(0))).isEqualTo(MIN);
    assertThat(run.level(CpuSet.of(0, 300))).isEqualTo(MAX);
    assertThat(run.level(CpuSet.of(0, 7))).as("7 was never counted").isEqualTo(MAX);
  }
}
