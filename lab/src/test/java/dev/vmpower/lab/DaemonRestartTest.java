package dev.vmpower.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** A daemon that ends and starts again under a guest that goes on and never opens its port anew. */
@Tag("lab")
@Order(3)
@ExtendWith(Lab.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DaemonRestartTest {
  /** Claimed again or given back: that is decided 5 s after the start, or in the 10 s sweep. */
  private static final Duration SETTLED = Duration.ofSeconds(16);

  private final LabLibvirt libvirt;
  private final LabGuest guest;

  DaemonRestartTest(LabLibvirt libvirt) {
    this.libvirt = libvirt;
    this.guest = LabGuest.boot(libvirt, "restart", "0", "1");
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
  void sigtermGivesAllBackAndTheNextDaemonServesOn(TestInfo test) {
    try (LabHost host = LabHost.start(test, libvirt)) {
      guest.startApplication(0, 1);
      guest.ask("min", 0).isAck();
      guest.ask("min", 1).isAck();

      host.daemon().terminate();
      host.isAsFound();

      host.startDaemonAgain();
      // A request may have been lost meanwhile, so who held a claim counts as MAX at first.
      host.awaitSpeed(0, PlainCpuTree.TURBO);
      host.awaitSpeed(1, PlainCpuTree.TURBO);
      guest.ask("min", 0).isAck();
      assertThat(host.tree().speed(0)).isEqualTo(PlainCpuTree.MIN);
      host.daemon().terminate();
      host.isAsFound();
    }
  }

  @Test
  void sigkillLosesNeitherTheOriginalsNorTheGuest(TestInfo test) {
    try (LabHost host = LabHost.start(test, libvirt)) {
      guest.startApplication(0, 1);
      guest.ask("min", 0).isAck();
      guest.ask("min", 1).isAck();

      host.daemon().kill();
      assertThat(host.tree().speed(0)).as("a crash restores nothing").isEqualTo(PlainCpuTree.MIN);

      host.startDaemonAgain();
      host.awaitSpeed(0, PlainCpuTree.TURBO);
      guest.ask("min", 0).isAck();
      assertThat(host.tree().speed(0)).isEqualTo(PlainCpuTree.MIN);
      host.daemon().terminate();
      host.isAsFound();
    }
  }

  @Test
  void whatWasClaimedBeforeACrashAndIsNoLongerIsGivenBack(TestInfo test) {
    try (LabHost host = LabHost.start(test, libvirt)) {
      guest.startApplication(0);
      guest.ask("min", 0).isAck();

      host.daemon().kill();
      guest.endApplication();
      host.startDaemonAgain();

      host.awaitAsFound(SETTLED);
    }
  }
}
