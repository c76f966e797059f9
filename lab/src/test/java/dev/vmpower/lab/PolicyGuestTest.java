package dev.vmpower.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The policies that a DPDK application can send, through the library itself. One boot serves all;
 * vCPU 0 runs on pCPU 0, vCPU 1 on 1.
 */
@Tag("lab")
@Order(3)
@ExtendWith(Lab.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PolicyGuestTest {
  /** Index n/2 of the ladder. */
  private static final String MEDIUM = "2000000";

  /** Packets are counted once a second, and a lower level waits for three such counts. */
  private static final Duration AFTER_TRAFFIC = Duration.ofSeconds(10);

  private static final String THRESHOLDS = " average=50 max=200";

  private final LabLibvirt libvirt;
  private final LabGuest guest;

  PolicyGuestTest(LabLibvirt libvirt) {
    this.libvirt = libvirt;
    this.guest = LabGuest.boot(libvirt, "policy", "0", "1");
  }

  @AfterEach
  void tidyUp() {
    guest.tidyUp();
  }

  @AfterAll
  void destroyGuest() {
    guest.close();
  }

  @Test
  void aWorkloadIsMaxMediumOrMinForEveryVcpuThatItNames(TestInfo test) {
    try (LabHost host = LabHost.start(test, libvirt)) {
      guest.startApplication(0, 1);

      guest.policy(1, "workload vcpus=0,1 load=2").isAck();
      speeds(host, PlainCpuTree.MIN, PlainCpuTree.MIN);
      guest.policy(1, "workload vcpus=0,1 load=1").isAck();
      speeds(host, MEDIUM, MEDIUM);
      guest.policy(1, "workload vcpus=0,1 load=0").isAck();
      speeds(host, PlainCpuTree.TURBO, PlainCpuTree.TURBO);

      // A VM has one policy: vCPU 0 goes by its own requests again, of which there is none.
      guest.policy(0, "workload vcpus=1 load=2").isAck();
      speeds(host, PlainCpuTree.TURBO, PlainCpuTree.MIN);
      host.daemon().terminate();
      host.isAsFound();
    }
  }

  @Test
  void theHourOfTheHostDecidesWhereTheGuestNamesHours(TestInfo test) {
    try (LabHost host = LabHost.start(test, libvirt)) {
      guest.startApplication(0);
      String now = hours(0);
      String later = hours(5);

      guest.policy(0, "time vcpus=0 busy=" + later + " quiet=" + now).isAck();
      assertThat(host.tree().speed(0)).as("quiet").isEqualTo(PlainCpuTree.MIN);
      guest.policy(0, "time vcpus=0 busy=" + now + " quiet=" + later).isAck();
      assertThat(host.tree().speed(0)).as("busy").isEqualTo(PlainCpuTree.TURBO);
      guest.policy(0, "workload vcpus=0 load=2").isAck();
      guest.policy(0, "time vcpus=0 busy=" + later + " quiet=" + hours(10)).isAck();
      assertThat(host.tree().speed(0)).as("in no list").isEqualTo(PlainCpuTree.TURBO);

      // Without any hour it has no opinion, so the guest's own requests count.
      guest.policy(0, "time vcpus=0").isAck();
      guest.ask("min", 0).isAck();
      assertThat(host.tree().speed(0)).isEqualTo(PlainCpuTree.MIN);
    }
  }

  @Test
  void whatIsWrongInAPolicyIsRefusedAndTheOneInForceStays(TestInfo test) {
    try (LabHost host = LabHost.start(test, libvirt)) {
      guest.startApplication(0, 1);
      guest.policy(0, "workload vcpus=0,1 load=2").isAck();

      for (String wrong :
          new String[] {
            "time vcpus=0 busy=24",
            "time vcpus=0 quiet=3,-1",
            "workload vcpus=0,2 load=0",
            "workload vcpus=0 count=9 load=0",
            "workload vcpus=0 load=3",
            "workload vcpus=0 load=0 core=1",
            "traffic vcpus=0" + THRESHOLDS,
            "traffic vcpus=0 macs=52:54:00:00:00:00" + THRESHOLDS, // not its own
          }) {
        guest.policy(0, wrong).isNack();
        speeds(host, PlainCpuTree.MIN, PlainCpuTree.MIN);
      }
    }
  }

  @Test
  void requestsAreRecordedWhileAPolicyIsInForce(TestInfo test) {
    try (LabHost host = LabHost.start(test, libvirt)) {
      guest.startApplication(0, 1);
      guest.policy(0, "workload vcpus=0 load=0").isAck();

      guest.ask("max", 0).isNack();
      guest.ask("min", 0).isNack();
      guest.ask("min", 1).isAck();
      speeds(host, PlainCpuTree.TURBO, PlainCpuTree.MIN);

      guest.removePolicy(1);
      host.awaitSpeed(0, PlainCpuTree.MIN);
      guest.ask("up", 0).isAck();
      speeds(host, "1400000", PlainCpuTree.MIN);
    }
  }

  @Test
  void aPolicyEndsWhenTheGuestConnectsAgainAndWhenTheVmIsReset(TestInfo test) {
    try (LabHost host = LabHost.start(test, libvirt)) {
      guest.startApplication(0, 1);
      guest.policy(0, "workload vcpus=0,1 load=2").isAck();
      speeds(host, PlainCpuTree.MIN, PlainCpuTree.MIN);

      assertThat(guest.step("exit 0").ok()).isTrue();
      guest.init(0);
      host.awaitSpeed(0, PlainCpuTree.TURBO);
      guest.ask("min", 0).isAck();
      guest.ask("min", 1).isAck();

      guest.policy(0, "workload vcpus=0,1 load=1").isAck();
      speeds(host, MEDIUM, MEDIUM);
      guest.virsh("reset");
      host.awaitSpeed(0, PlainCpuTree.TURBO);
      host.awaitSpeed(1, PlainCpuTree.TURBO);
      guest.awaitReboot();
      guest.startApplication(0);
      guest.ask("min", 0).isAck();
      assertThat(host.tree().speed(0)).isEqualTo(PlainCpuTree.MIN);
    }
  }

  @Test
  void theBranchRatioIsRefusedWhereTheMachineHasNoCounters(TestInfo test) {
    try (LabHost host = LabHost.start(test, libvirt)) {
      guest.startApplication(0);
      guest.ask("min", 0).isAck();

      Reply reply = guest.policy(0, "branch vcpus=0");

      if (host.daemon().log().stream()
          .noneMatch(line -> line.contains("policies by branch ratio are refused"))) {
        reply.isAck();
      } else {
        reply.isNack();
        assertThat(host.tree().speed(0)).isEqualTo(PlainCpuTree.MIN);
      }
    }
  }

  @Test
  void packetsOnTheTapMoveThePcpuUpAndDown(TestInfo test) {
    try (LabHost host = LabHost.start(test, libvirt)) {
      guest.startApplication(0);

      guest.policy(0, "traffic vcpus=0 macs=" + guest.nic().mac() + THRESHOLDS).isAck();
      host.awaitSpeed(0, PlainCpuTree.MIN, AFTER_TRAFFIC);
      whileSending(100, () -> host.awaitSpeed(0, MEDIUM, AFTER_TRAFFIC));
      whileSending(400, () -> host.awaitSpeed(0, PlainCpuTree.TURBO, AFTER_TRAFFIC));
      whileSending(100, () -> host.awaitSpeed(0, MEDIUM, AFTER_TRAFFIC));
      host.awaitSpeed(0, PlainCpuTree.MIN, AFTER_TRAFFIC);

      // By a traffic hour it is the same.
      guest
          .policy(0, "time vcpus=0 mixed=" + hours(0) + " macs=" + guest.nic().mac() + THRESHOLDS)
          .isAck();
      host.awaitSpeed(0, PlainCpuTree.MIN, AFTER_TRAFFIC);
    }
  }

  /** Nobody in the VM asks for anything here: an operator's policy speaks for it. */
  @Test
  void anOperatorsPolicyGoesByThePacketsOnTheTapToo(TestInfo test) throws IOException {
    try (LabHost host = LabHost.start(test, libvirt)) {
      Path policies = host.folder().resolve("policies.toml");
      Files.writeString(
          policies,
          """
          [[policy]]
          name = "packets"
          vm = "policy"
          vcpus = "0"
          type = "traffic"
          macs = ["%s"]
          average_packets = 50
          max_packets = 200
          """
              .formatted(guest.nic().mac()));
      host.ctl().json("policy", "apply", policies.toString());

      host.awaitSpeed(0, PlainCpuTree.MIN, AFTER_TRAFFIC);
      whileSending(400, () -> host.awaitSpeed(0, PlainCpuTree.TURBO, AFTER_TRAFFIC));
      assertThat(host.ctl().json("policy", "show", "packets")).contains("\"traffic\"");
      host.ctl().json("policy", "remove", "packets");
      host.awaitAsFound();
    }
  }

  private void whileSending(int perSecond, Runnable check) {
    Packets.whileSending(libvirt, guest, perSecond, check);
  }

  /** After an ACK nothing is waited for: what it answers has been written by then. */
  private static void speeds(LabHost host, String ofCpu0, String ofCpu1) {
    assertThat(host.tree().speed(0)).as("pCPU 0").isEqualTo(ofCpu0);
    assertThat(host.tree().speed(1)).as("pCPU 1").isEqualTo(ofCpu1);
  }

  /**
   * The hour that it is {@code from} hours from now and the next, lest the hour ends meanwhile.
   * Midnight comes first, for a 0 behind another hour is padding.
   */
  private static String hours(int from) {
    int now = LocalTime.now(ZoneId.systemDefault()).getHour();
    return Arrays.stream(new int[] {now + from, now + from + 1})
        .map(hour -> hour % 24)
        .sorted()
        .mapToObj(Integer::toString)
        .collect(Collectors.joining(","));
  }
}
