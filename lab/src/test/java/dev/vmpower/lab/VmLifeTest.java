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

/** A VM that ends or reboots, in each way that it can, under one daemon. */
@Tag("lab")
@Order(4)
@ExtendWith(Lab.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class VmLifeTest {
  private final LabLibvirt libvirt;
  private final LabGuest guest;

  VmLifeTest(LabLibvirt libvirt) {
    this.libvirt = libvirt;
    this.guest = LabGuest.boot(libvirt, "life", "0", "1");
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
  void theClaimEndsWithAKilledQemuAndBeginsAgainAfterTheNextStart(TestInfo test) {
    try (LabHost host = LabHost.start(test, libvirt)) {
      guest.startApplication(0, 1);
      guest.ask("min", 0).isAck();
      guest.ask("min", 1).isAck();

      guest.killQemu();
      host.awaitAsFound();

      guest.awaitOff();
      guest.start();
      guest.startApplication(0);
      guest.ask("min", 0).isAck();
      assertThat(host.tree().speed(0)).isEqualTo(PlainCpuTree.MIN);
      assertThat(host.tree().speed(1)).isEqualTo("2300000");
    }
  }

  @Test
  void theClaimEndsWithADestroyedVm(TestInfo test) {
    try (LabHost host = LabHost.start(test, libvirt)) {
      guest.startApplication(0);
      guest.ask("min", 0).isAck();

      guest.destroy();

      host.awaitAsFound();
      guest.start();
    }
  }

  @Test
  void aResetBeginsAtMaxAndEndsTheClaimOnceThePortIsClosed(TestInfo test) {
    try (LabHost host = LabHost.start(test, libvirt)) {
      guest.startApplication(0);
      guest.ask("min", 0).isAck();

      guest.virsh("reset");
      host.awaitSpeed(0, PlainCpuTree.TURBO);
      host.awaitAsFound(LabHost.AFTER_PORT_CLOSED);

      guest.awaitReboot();
      guest.startApplication(0);
      guest.ask("min", 0).isAck();
      assertThat(host.tree().speed(0)).isEqualTo(PlainCpuTree.MIN);
    }
  }
}
