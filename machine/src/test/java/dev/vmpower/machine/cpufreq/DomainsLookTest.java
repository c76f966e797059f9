package dev.vmpower.machine.cpufreq;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.fake.FakeSysfs;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Sweeps over a host of a hundred frequency domains, and over a small one. */
class DomainsLookTest {
  private static final int CPUS = 100;
  private static final String TABLE = "2401000 2400000 1200000";

  private final FakeSysfs sysfs = new FakeSysfs();
  private final CpuSet present = CpuSet.parse("0-99");

  @BeforeEach
  void build() {
    sysfs.addCpus(0, CPUS, TABLE);
  }

  private int sweepsUntilSeen(DomainsLook look) {
    int sweeps = 1;
    while (look.isSame(sysfs, present) && sweeps < 100) {
      sweeps++;
    }
    return sweeps;
  }

  @Test
  void whatStaysIsTheSameHoweverOftenOneLooks() {
    DomainsLook look = DomainsLook.of(sysfs, present);
    for (int i = 0; i < 20; i++) {
      assertThat(look.isSame(sysfs, present)).isTrue();
    }
  }

  @Test
  void anyOfThemThatChangesIsSeenWithinFourSweeps() {
    for (int cpu = 0; cpu < CPUS; cpu += 7) {
      DomainsLook look = DomainsLook.of(sysfs, present);
      sysfs.put("cpufreq/policy" + cpu + "/base_frequency", "1200000");
      assertThat(sweepsUntilSeen(look)).as("policy%d", cpu).isBetween(1, DomainsLook.SWEEPS_MAX);
    }
  }

  @Test
  void ofAFewEachIsSeenAtOnce() {
    CpuSet few = CpuSet.parse("0-15");
    FakeSysfs small = new FakeSysfs().addCpus(0, DomainsLook.AT_ONCE_MIN, TABLE);
    for (int cpu = 0; cpu < DomainsLook.AT_ONCE_MIN; cpu++) {
      DomainsLook look = DomainsLook.of(small, few);
      assertThat(look.isSame(small, few)).isTrue();
      small.put("cpufreq/policy" + cpu + "/base_frequency", "1200000");
      assertThat(look.isSame(small, few)).as("policy%d", cpu).isFalse();
    }
  }

  @Test
  void oneThatComesOrGoesAndADriverThatDoesAreSeenAtOnce() {
    DomainsLook look = DomainsLook.of(sysfs, present);
    sysfs.addCpus(CPUS, 1, TABLE);
    assertThat(look.isSame(sysfs, present)).as("one more").isFalse();

    look = DomainsLook.of(sysfs, present);
    sysfs.unloadDriver();
    assertThat(look.isSame(sysfs, present)).as("the driver is unloaded").isFalse();

    look = DomainsLook.of(sysfs, present);
    assertThat(look.isSame(sysfs, present)).as("there is none").isTrue();
    sysfs.addCpus(0, 1, TABLE);
    assertThat(look.isSame(sysfs, present)).as("it is loaded again").isFalse();
  }
}
