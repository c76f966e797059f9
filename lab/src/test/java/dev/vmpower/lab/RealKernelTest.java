package dev.vmpower.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The daemon on the kernel's real acpi-cpufreq, each pCPU on its own clock. vCPUs 0, 1 and 2 of a
 * VM run on pCPUs 1, 2 and 3. Each test has a VM of its own; a daemon serves on for the next test,
 * for it takes long to start here. Whatever a test does: when its VM has ended, governors and
 * limits are what they were when the machine booted.
 */
@Tag("lab")
@Order(7)
@ExtendWith(Lab.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RealKernelTest {
  /** The daemon's sweep, and as much again for the emulator. */
  private static final Duration SWEEP = Duration.ofSeconds(20);

  /** The sweep goes round in 5 s. */
  private static final Duration NOTICED = Duration.ofSeconds(8);

  private final InnerHost host = InnerHost.boot(1);
  private final CpufreqMachine machine = host.machine();
  private final String asBooted = host.settings();

  @BeforeEach
  void startVm() {
    host.startGuest("vm0", 3);
    startDaemon();
    assertThat(host.ask("vm0", "wait 0")).isEqualTo("connected");
  }

  @AfterEach
  void allIsGivenBackWhenTheVmEnds(TestInfo test) {
    boolean given = false;
    try {
      host.killGuest("vm0");
      await().atMost(SWEEP).untilAsserted(() -> assertThat(host.settings()).isEqualTo(asBooted));
      given = true;
    } finally {
      host.saveLog(test);
      if (!given) {
        host.startOver();
      }
    }
  }

  @AfterAll
  void powerOff() {
    host.close();
  }

  @Test
  void whatAGuestAsksForReachesTheHardware() {
    int before = machine.pStateCommands();

    for (String verb : new String[] {"min", "max", "min", "up", "noturbo", "max"}) {
      host.isAcked("vm0", verb + " 0");
    }

    assertThat(machine.pStates(1, before))
        .containsSubsequence("2601000", "1200000", "1400000", "2600000");
    assertThat(machine.read(1, "scaling_governor")).isEqualTo("userspace");
    assertThat(machine.read(1, "scaling_setspeed")).isEqualTo("2600000");
    assertThat(machine.read(2, "scaling_governor")).as("vCPU 1 never spoke").isEqualTo("schedutil");
  }

  @Test
  void aGuestIsToldTheFrequenciesOfItsVcpus() {
    host.isAcked("vm0", "min 0");
    host.isAcked("vm0", "max 1");
    host.isAcked("vm0", "min 2");

    assertThat(host.ask("vm0", "freqs 0")).isEqualTo("freqs 3 1200000 2601000 1200000 0 0 0 0 0");
    assertThat(host.ask("vm0", "caps 0")).isEqualTo("caps 3 1 1 1 0 0 0 0 0");
  }

  @Test
  void anOfflinePcpuIsRefusedAndComesBackByItself() {
    host.isAcked("vm0", "max 0");

    setOnline(1, false);
    // Also once the sweep has seen that it is gone.
    await().during(NOTICED).atMost(SWEEP).untilAsserted(() -> host.isNacked("vm0", "min 0"));
    setOnline(1, true);

    await()
        .atMost(SWEEP)
        .untilAsserted(
            () -> assertThat(machine.read(1, "scaling_setspeed")).isEqualTo(PlainCpuTree.MIN));
    host.isAcked("vm0", "up 0");
    assertThat(machine.read(1, "scaling_setspeed")).isEqualTo("1400000");
  }

  @Test
  void anotherProgramsGovernorIsLeftAloneUntilAnOperatorReclaims() {
    host.isAcked("vm0", "max 0");

    machine.run("echo performance >/sys/devices/system/cpu/cpu1/cpufreq/scaling_governor");
    host.isNacked("vm0", "min 0");
    assertThat(machine.read(1, "scaling_governor")).isEqualTo("performance");

    host.ctl("cpu reclaim 1");
    assertThat(machine.read(1, "scaling_setspeed")).isEqualTo(PlainCpuTree.MIN);
  }

  @Test
  void theAdministratorsLimitsBoundMaxAndMin() {
    String limits = "/sys/devices/system/cpu/cpu1/cpufreq/scaling_";
    machine.run("echo 2000000 >%1$smax_freq && echo 1400000 >%1$smin_freq".formatted(limits));
    try {
      host.isAcked("vm0", "max 0");
      assertThat(machine.read(1, "scaling_setspeed")).isEqualTo("2000000");
      host.isAcked("vm0", "min 0");
      assertThat(machine.read(1, "scaling_setspeed")).isEqualTo("1400000");

      host.killGuest("vm0");
      await()
          .atMost(SWEEP)
          .untilAsserted(
              () -> assertThat(machine.read(1, "scaling_governor")).isEqualTo("schedutil"));
      assertThat(machine.read(1, "scaling_max_freq")).isEqualTo("2000000");
      assertThat(machine.read(1, "scaling_min_freq")).isEqualTo("1400000");
    } finally {
      machine.run("echo 1200000 >%1$smin_freq && echo 2601000 >%1$smax_freq".formatted(limits));
    }
  }

  @Test
  void sigtermGivesAllBackUnderARunningVm() {
    host.isAcked("vm0", "min 0");
    host.isAcked("vm0", "max 2");

    assertThat(host.terminateDaemon()).isEqualTo("0");

    assertThat(host.settings()).isEqualTo(asBooted);
  }

  @Test
  void afterACrashTheNextDaemonKnowsTheOriginals() {
    host.isAcked("vm0", "min 0");

    assertThat(host.killDaemon()).isEqualTo("137");
    assertThat(machine.read(1, "scaling_governor")).isEqualTo("userspace");

    startDaemon();
    host.isAcked("vm0", "up 0");
    // That they are given back is seen when the VM ends.
  }

  private void startDaemon() {
    if (!host.daemonRuns()) {
      host.startDaemon(InnerHost.vm("vm0", "1", "2", "3"));
    }
  }

  private void setOnline(int cpu, boolean online) {
    machine.run("echo %d >/sys/devices/system/cpu/cpu%d/online".formatted(online ? 1 : 0, cpu));
  }
}
