package dev.vmpower.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The daemon on the kernel's real acpi-cpufreq where two pCPUs share a clock. */
@Tag("lab")
@Order(8)
@ExtendWith(Lab.class)
class SharedClockTest {
  private static final Duration SOON = Duration.ofSeconds(10);

  /** The sweep finds it within 5 s. */
  private static final Duration FOUND = Duration.ofSeconds(20);

  @Test
  void theHighestVoteOfTheTwoReachesTheHardwareAndAllIsGivenBack() {
    try (InnerHost host = InnerHost.boot(2)) {
      CpufreqMachine machine = host.machine();
      String asBooted = host.settings();
      host.startGuest("left", 1);
      host.startGuest("right", 1);
      host.startDaemon(InnerHost.vm("left", "2"), InnerHost.vm("right", "3"));
      int before = machine.pStateCommands();

      // From the top, for where it is already nothing is sent to the hardware.
      host.isAcked("left", "max 0");
      host.isAcked("left", "min 0");
      assertThat(machine.read(3, "scaling_setspeed")).isEqualTo(PlainCpuTree.MIN);
      host.isAcked("right", "max 0");
      assertThat(machine.read(2, "scaling_setspeed")).isEqualTo(PlainCpuTree.TURBO);
      host.isAcked("left", "up 0");
      assertThat(machine.read(3, "scaling_setspeed")).isEqualTo(PlainCpuTree.TURBO);
      host.killGuest("right");
      await()
          .atMost(SOON)
          .untilAsserted(
              () -> assertThat(machine.read(2, "scaling_setspeed")).isEqualTo("1400000"));

      // SW_ANY: the kernel tells the hardware through the first pCPU of the two.
      assertThat(machine.pStates(2, before))
          .containsSubsequence(PlainCpuTree.MIN, PlainCpuTree.TURBO, "1400000");
      assertThat(machine.read(0, "scaling_governor")).as("the other clock").isEqualTo("schedutil");
      assertThat(host.terminateDaemon()).isEqualTo("0");
      assertThat(host.settings()).isEqualTo(asBooted);
    }
  }

  @Test
  void aClockThatLosesAMemberGoesOnForTheOtherAndIsToldAnewWhenItReturns() {
    try (InnerHost host = InnerHost.boot(2)) {
      CpufreqMachine machine = host.machine();
      String asBooted = host.settings();
      host.startGuest("left", 1);
      host.startGuest("right", 1);
      host.startDaemon(InnerHost.vm("left", "2"), InnerHost.vm("right", "3"));
      host.isAcked("left", "min 0");
      host.isAcked("right", "max 0");

      setOnline(machine, 3, false);
      await()
          .atMost(FOUND)
          .untilAsserted(() -> assertThat(setspeed(machine)).isEqualTo(PlainCpuTree.MIN));
      host.isNacked("right", "max 0");
      int before = machine.pStateCommands();
      host.isAcked("left", "up 0");
      assertThat(machine.pStates(2, before)).as("at the hardware").endsWith("1400000");

      setOnline(machine, 3, true);
      await()
          .atMost(FOUND)
          .untilAsserted(() -> assertThat(setspeed(machine)).isEqualTo(PlainCpuTree.TURBO));
      assertThat(machine.pStates(2, before)).endsWith(PlainCpuTree.TURBO);
      host.isAcked("right", "min 0");
      assertThat(setspeed(machine)).isEqualTo("1400000");
      assertThat(host.terminateDaemon()).isEqualTo("0");
      assertThat(host.settings()).isEqualTo(asBooted);
    }
  }

  private static void setOnline(CpufreqMachine machine, int cpu, boolean online) {
    machine.run("echo %d >/sys/devices/system/cpu/cpu%d/online".formatted(online ? 1 : 0, cpu));
  }

  private static String setspeed(CpufreqMachine machine) {
    return machine.read(2, "scaling_setspeed");
  }
}
