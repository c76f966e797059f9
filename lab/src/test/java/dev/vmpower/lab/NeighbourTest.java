package dev.vmpower.lab;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** Two VMs whose vCPUs 0 share pCPU 0. */
@Tag("lab")
@Order(5)
@ExtendWith(Lab.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class NeighbourTest {
  private final LabLibvirt libvirt;
  private final LabGuest left;
  private final LabGuest right;

  NeighbourTest(LabLibvirt libvirt) {
    this.libvirt = libvirt;
    this.left = LabGuest.boot(libvirt, "left", "0", "1");
    this.right = LabGuest.boot(libvirt, "right", "0", "1");
  }

  @AfterEach
  void tidyUp() {
    left.tidyUp();
    right.tidyUp();
  }

  @AfterAll
  void destroyGuests() {
    left.close();
    right.close();
  }

  @Test
  void theHigherVoteWinsWhicheverCameFirst(TestInfo test) {
    try (LabHost host = LabHost.start(test, libvirt)) {
      left.startApplication(0);
      right.startApplication(0);

      left.ask("min", 0).isAck();
      assertThat(host.tree().speed(0)).isEqualTo(PlainCpuTree.TURBO);
      right.ask("min", 0).isAck();
      assertThat(host.tree().speed(0)).isEqualTo(PlainCpuTree.MIN);
      right.ask("up", 0).isAck();
      assertThat(host.tree().speed(0)).isEqualTo("1400000");
      left.ask("max", 0).isAck();
      assertThat(host.tree().speed(0)).isEqualTo(PlainCpuTree.TURBO);
      right.ask("min", 0).isAck();
      assertThat(host.tree().speed(0)).isEqualTo(PlainCpuTree.TURBO);
      left.ask("min", 0).isAck();
      assertThat(host.tree().speed(0)).isEqualTo(PlainCpuTree.MIN);
    }
  }

  @Test
  void aNeighbourThatNeverAskedIsNotSlowedDown(TestInfo test) {
    try (LabHost host = LabHost.start(test, libvirt)) {
      left.startApplication(0);

      left.ask("min", 0).isAck();
      assertThat(host.tree().speed(0)).isEqualTo(PlainCpuTree.TURBO);

      right.startApplication(0);
      right.ask("min", 0).isAck();
      assertThat(host.tree().speed(0)).isEqualTo(PlainCpuTree.MIN);
    }
  }

  @Test
  void theVoteOfASuspendedVmDoesNotCountUntilItResumes(TestInfo test) {
    try (LabHost host = LabHost.start(test, libvirt)) {
      left.startApplication(0);
      right.startApplication(0);
      left.ask("max", 0).isAck();
      right.ask("min", 0).isAck();
      assertThat(host.tree().speed(0)).isEqualTo(PlainCpuTree.TURBO);

      left.virsh("suspend");
      host.awaitSpeed(0, PlainCpuTree.MIN);
      left.virsh("resume");
      host.awaitSpeed(0, PlainCpuTree.TURBO);
    }
  }

  @Test
  void theLowerVoteComesIntoForceWhenTheOtherVmDies(TestInfo test) {
    try (LabHost host = LabHost.start(test, libvirt)) {
      left.startApplication(0);
      right.startApplication(0);
      left.ask("max", 0).isAck();
      right.ask("min", 0).isAck();

      left.killQemu();
      // Until libvirt has noticed, after a second or two, it is a running VM that has not asked.
      left.awaitOff();
      host.awaitSpeed(0, PlainCpuTree.MIN);

      left.start();
      // It runs again and has not asked yet.
      host.awaitSpeed(0, PlainCpuTree.TURBO);
    }
  }
}
