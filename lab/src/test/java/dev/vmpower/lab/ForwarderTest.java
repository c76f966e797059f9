package dev.vmpower.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * An application that knows nothing of this project, and whose own scaling moves the pCPU: {@code
 * forwarder.c}, which goes by l3fwd-power's rules.
 */
@Tag("lab")
@Order(3)
@ExtendWith(Lab.class)
class ForwarderTest {
  /**
   * What a packet costs the application, in microseconds. It manages 100 packets a second: few
   * enough that an emulator on busy CPUs brings more.
   */
  private static final String COST_US = "10000";

  private static final int LIGHT_PER_SECOND = 5;
  private static final int TOO_MANY_PER_SECOND = 1000;

  /** It scales up within a few bursts, and down a step each 100 ms. */
  private static final Duration AFTER_LOAD = Duration.ofSeconds(10);

  @Test
  void anApplicationsOwnScalingMovesThePcpuUpUnderLoadAndDownWhenIdle(
      LabLibvirt libvirt, TestInfo test) {
    try (LabGuest guest = LabGuest.boot(libvirt, "forward", "0", "1");
        LabHost host = LabHost.start(test, libvirt)) {
      guest.startForwarder(COST_US);
      try {
        host.awaitSpeed(1, PlainCpuTree.MIN, AFTER_LOAD);
        assertThat(host.tree().speed(0)).as("lcore 0 scales nothing").isEqualTo("schedutil");

        for (int round = 0; round < 2; round++) {
          Packets.whileSending(
              libvirt,
              guest,
              TOO_MANY_PER_SECOND,
              () -> host.awaitSpeed(1, PlainCpuTree.TURBO, AFTER_LOAD));
          // Once it has worked off what waits, it sleeps for most of its time.
          Packets.whileSending(
              libvirt,
              guest,
              LIGHT_PER_SECOND,
              () -> host.awaitSpeed(1, PlainCpuTree.MIN, AFTER_LOAD));
        }
      } finally {
        guest.endApplication(); // on its console, what it did
      }
      host.awaitAsFound(LabHost.AFTER_PORT_CLOSED);
    }
  }
}
