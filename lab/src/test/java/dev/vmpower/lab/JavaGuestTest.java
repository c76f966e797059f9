package dev.vmpower.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * vmpower-guest and its agent in a real VM, on real virtio-serial ports. vCPU 0 runs on pCPU 0,
 * vCPU 1 on 1. Java is slow to start there: what must hold at once on a real host may take a while.
 */
@Tag("lab")
@Order(4)
@Timeout(600)
@ExtendWith(Lab.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class JavaGuestTest {
  private static final Duration SLOWLY = Duration.ofSeconds(90);
  private static final String PORTS = "/dev/virtio-ports/virtio.serial.port.poweragent.";
  private static final JavaGuest.Done DONE = new JavaGuest.Done(0, "");

  private final LabLibvirt libvirt;
  private final JavaGuest guest;

  JavaGuestTest(LabLibvirt libvirt) {
    this.libvirt = libvirt;
    this.guest = JavaGuest.boot(libvirt, "java", "0", "1");
  }

  /** A test that failed may have left something behind. */
  @AfterEach
  void endAll() {
    guest.run("killall -KILL java yes");
  }

  @AfterAll
  void destroyGuest() {
    guest.close();
  }

  @Test
  void aWishHoldsAsLongAsItsPortIsOpen(TestInfo test) {
    try (LabHost host = LabHost.start(test, libvirt)) {
      guest.start("held", "vmpower-guest min 0-1 --hold");
      host.awaitSpeed(0, PlainCpuTree.MIN, SLOWLY);
      host.awaitSpeed(1, PlainCpuTree.MIN, SLOWLY);
      assertThat(guest.run("vmpower-guest max 0"))
          .isEqualTo(
              new JavaGuest.Done(
                  1,
                  "vmpower-guest: "
                      + PORTS
                      + "0 is busy: another program, such as one that uses DPDK, has it open\n"));
      assertThat(host.tree().speed(0)).isEqualTo(PlainCpuTree.MIN);
      assertThat(guest.end("held", "TERM")).isTrue();

      host.awaitAsFound(LabHost.AFTER_PORT_CLOSED);
      assertThat(guest.said("held")).isEmpty();
    }
  }

  @Test
  void onePortSpeaksForAllVcpusAndAnswersAreReal(TestInfo test) {
    try (LabHost host = LabHost.start(test, libvirt)) {
      assertThat(guest.run("vmpower-guest max 0-1 --channel 1")).isEqualTo(DONE);
      assertThat(guest.run("vmpower-guest max 0-2 --channel 1").output())
          .isEqualTo(
              "vmpower-guest: the host refuses vCPU 2 (NACK); its log and vmpowerctl say why\n");
      assertThat(guest.run("vmpower-guest freq all").output())
          .startsWith("vmpower-guest: the host does not tell (NACK)");

      // An answer that nobody read is kept for whoever opens the port next: here a refusal.
      host.ctl().json("cpu", "set", "0", "1700000");
      guest.run("cat /opt/scale-max-lcore0.bin >" + PORTS + "0");
      host.ctl().json("cpu", "release", "0");
      assertThat(guest.run("vmpower-guest max 0")).isEqualTo(DONE);
    }
  }

  @Test
  void aPolicyHoldsAndIsRemoved(TestInfo test) {
    try (LabHost host = LabHost.start(test, libvirt)) {
      guest.start(
          "policy",
          "vmpower-guest policy send --policy WORKLOAD --workload LOW --channel 1 --hold"
              + " --vcpu-list 1 --vm-name ubuntu2");
      host.awaitSpeed(1, PlainCpuTree.MIN, SLOWLY);
      assertThat(guest.run("vmpower-guest max 1 --channel 0").output()).contains("(NACK)");
      assertThat(guest.run("vmpower-guest policy remove")).isEqualTo(DONE);
      assertThat(guest.run("vmpower-guest max 1 --channel 0")).isEqualTo(DONE);
      assertThat(guest.end("policy", "TERM")).isTrue();
      assertThat(guest.said("policy"))
          .isEqualTo("vmpower-guest: --vm-name is ignored: the host knows by the port who asks\n");
    }
  }

  @Test
  void whatStandsInTheWayIsOneLine(TestInfo test) {
    LabHost host = LabHost.start(test, libvirt);
    host.close();
    assertThat(guest.run("vmpower-guest max 0"))
        .isEqualTo(
            new JavaGuest.Done(
                1,
                "vmpower-guest: no host is attached to "
                    + PORTS
                    + "0: vmpowerd does not run, or is not told\n"));
    assertThat(guest.run("vmpower-guest max 7").output())
        .startsWith("vmpower-guest: there is no port " + PORTS + "7");
    assertThat(guest.run("su nobody -c 'vmpower-guest max 0'").output())
        .isEqualTo("vmpower-guest: no permission for " + PORTS + "0: be root, or its owner\n");
  }

  @Test
  void theAgentFollowsTheLoadOfEachVcpu(TestInfo test) {
    try (LabHost host = LabHost.start(test, libvirt)) {
      guest.start("agent", "vmpower-guest agent --interval 1s");
      host.awaitSpeed(0, PlainCpuTree.MIN, SLOWLY);
      host.awaitSpeed(1, PlainCpuTree.MIN, SLOWLY);

      guest.start("load", "taskset 2 yes >/dev/null");
      host.awaitSpeed(1, PlainCpuTree.TURBO, SLOWLY);
      assertThat(host.tree().speed(0)).as("the other vCPU").isNotEqualTo(PlainCpuTree.TURBO);
      assertThat(guest.end("load", "KILL")).isTrue();
      host.awaitSpeed(1, PlainCpuTree.MIN, SLOWLY);

      // The daemon goes and comes: the same agent begins anew.
      host.daemon().terminate();
      host.isAsFound();
      await().atMost(SLOWLY).until(() -> guest.said("agent").contains("no host is attached"));
      host.startDaemonAgain();
      await().atMost(SLOWLY).until(() -> guest.said("agent").contains("grants what is asked"));
      host.awaitSpeed(1, PlainCpuTree.MIN, SLOWLY);

      assertThat(guest.end("agent", "TERM")).isTrue();
      host.awaitAsFound(LabHost.AFTER_PORT_CLOSED);
    }
  }
}
