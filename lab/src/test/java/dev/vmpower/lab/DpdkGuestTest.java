package dev.vmpower.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * What a VM can ask for, and what an operator can do meanwhile. One boot serves all: each test has
 * a DPDK application, a daemon and a CPU tree of its own. vCPU 0 runs on pCPU 0, vCPU 1 on 1.
 *
 * <p>After an ACK nothing is waited for: what it answers has been written by then.
 */
@Tag("lab")
@Order(2)
@ExtendWith(Lab.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DpdkGuestTest {
  private static final String QUERIES_ALLOWED =
      """
      [[vm]]
      name = "alpha"
      query = true
      """;

  private final LabLibvirt libvirt;
  private final LabGuest guest;

  DpdkGuestTest(LabLibvirt libvirt) {
    this.libvirt = libvirt;
    this.guest = LabGuest.boot(libvirt, "alpha", "0", "1");
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
  void aGuestThatConnectsCountsAsMaxUntilItAsks(TestInfo test) {
    try (LabHost host = LabHost.start(test, libvirt)) {
      host.isAsFound();
      guest.startApplication(0);

      host.awaitSpeed(0, PlainCpuTree.TURBO);
      assertThat(host.tree().speed(1)).as("vCPU 1 never spoke").isEqualTo("2300000");
    }
  }

  @Test
  void minMaxUpAndDownMoveThePcpuOfTheVcpuThatAsked(TestInfo test) {
    try (LabHost host = LabHost.start(test, libvirt)) {
      guest.startApplication(0, 1);

      guest.ask("min", 0).isAck();
      assertThat(host.tree().speed(0)).isEqualTo(PlainCpuTree.MIN);
      assertThat(host.tree().speed(1)).isEqualTo(PlainCpuTree.TURBO);
      guest.ask("down", 0).isAck();
      assertThat(host.tree().speed(0)).isEqualTo(PlainCpuTree.MIN);
      guest.ask("up", 0).isAck();
      assertThat(host.tree().speed(0)).isEqualTo("1400000");
      guest.ask("up", 0).isAck();
      assertThat(host.tree().speed(0)).isEqualTo("1700000");
      guest.ask("down", 0).isAck();
      assertThat(host.tree().speed(0)).isEqualTo("1400000");
      guest.ask("min", 1).isAck();
      assertThat(host.tree().speed(1)).isEqualTo(PlainCpuTree.MIN);
      guest.ask("max", 0).isAck();
      assertThat(host.tree().speed(0)).isEqualTo(PlainCpuTree.TURBO);
      assertThat(host.tree().speed(1)).isEqualTo(PlainCpuTree.MIN);

      host.daemon().terminate();
      host.isAsFound();
    }
  }

  @Test
  void withoutTurboMaxIsTheNextEntryOfTheLadder(TestInfo test) {
    try (LabHost host = LabHost.start(test, libvirt)) {
      guest.startApplication(0);

      guest.ask("max", 0).isAck();
      assertThat(host.tree().speed(0)).isEqualTo(PlainCpuTree.TURBO);
      guest.ask("noturbo", 0).isAck();
      assertThat(host.tree().speed(0)).isEqualTo(PlainCpuTree.TOP);
      guest.ask("up", 0).isAck();
      assertThat(host.tree().speed(0)).isEqualTo(PlainCpuTree.TOP);
      guest.ask("min", 0).isAck();
      guest.ask("max", 0).isAck();
      assertThat(host.tree().speed(0)).isEqualTo(PlainCpuTree.TOP);
      guest.ask("min", 0).isAck();
      guest.ask("turbo", 0).isAck();
      assertThat(host.tree().speed(0)).isEqualTo(PlainCpuTree.TURBO);
    }
  }

  @Test
  void aGuestThatMayAskIsToldFrequenciesAndCapabilities(TestInfo test) {
    try (LabHost host = LabHost.start(test, libvirt, QUERIES_ALLOWED)) {
      guest.startApplication(0, 1);
      guest.ask("min", 0).isAck();
      guest.ask("max", 1).isAck();
      // Nothing follows in a plain tree, so here the test is the kernel.
      host.tree().write(0, "scaling_cur_freq", PlainCpuTree.MIN);
      host.tree().write(1, "scaling_cur_freq", PlainCpuTree.TURBO);

      Reply freqs = guest.query("freqs", 0);
      freqs.isFreqList();
      assertThat(freqs.number("vcpus")).isEqualTo(2);
      assertThat(freqs.numbers("khz")).containsExactly(1200000, 2601000, 0, 0, 0, 0, 0, 0);
      Reply freq = guest.query("freq", 1);
      freq.isFreqList();
      assertThat(freq.numbers("khz")).containsExactly(0, 2601000, 0, 0, 0, 0, 0, 0);
      Reply caps = guest.query("caps", 0);
      caps.isCapsList();
      assertThat(caps.number("vcpus")).isEqualTo(2);
      assertThat(caps.numbers("turbo")).containsExactly(1, 1, 0, 0, 0, 0, 0, 0);
      Reply cap = guest.query("cap", 1);
      cap.isCapsList();
      assertThat(cap.numbers("turbo")).containsExactly(0, 1, 0, 0, 0, 0, 0, 0);
    }
  }

  @Test
  void aGuestThatMayNotAskIsRefusedAndStaysInStep(TestInfo test) {
    try (LabHost host = LabHost.start(test, libvirt)) {
      guest.startApplication(0);

      guest.query("freqs", 0).isRefusedQuery(88);
      guest.query("freq", 0).isRefusedQuery(88);
      guest.query("caps", 0).isRefusedQuery(184);
      guest.query("cap", 0).isRefusedQuery(184);
      guest.ask("min", 0).isAck();
      assertThat(host.tree().speed(0)).isEqualTo(PlainCpuTree.MIN);
    }
  }

  @Test
  void aLiveRePinMovesTheEffectToTheOtherPcpu(TestInfo test) {
    try (LabHost host = LabHost.start(test, libvirt)) {
      guest.startApplication(0);
      guest.ask("min", 0).isAck();
      assertThat(host.tree().speed(0)).isEqualTo(PlainCpuTree.MIN);

      guest.virsh("vcpupin", "0", "1", "--live");
      host.awaitSpeed(1, PlainCpuTree.MIN);
      host.awaitSpeed(0, PlainCpuTree.GOVERNOR);
      guest.ask("max", 0).isAck();
      assertThat(host.tree().speed(1)).isEqualTo(PlainCpuTree.TURBO);

      // Two of eight pCPUs are a pinning, too: the vote counts on both.
      guest.virsh("vcpupin", "0", "0-1", "--live");
      host.awaitSpeed(0, PlainCpuTree.TURBO);
      guest.ask("min", 0).isAck();
      assertThat(host.tree().speed(0)).isEqualTo(PlainCpuTree.MIN);
      assertThat(host.tree().speed(1)).isEqualTo(PlainCpuTree.MIN);
    } finally {
      guest.virsh("vcpupin", "0", "0", "--live");
    }
  }

  @Test
  void theClaimEndsWithTheApplication(TestInfo test) {
    try (LabHost host = LabHost.start(test, libvirt)) {
      guest.startApplication(0, 1);
      guest.ask("min", 0).isAck();
      guest.ask("min", 1).isAck();

      assertThat(guest.step("exit 0").ok()).isTrue();
      guest.endApplication();

      host.awaitAsFound(LabHost.AFTER_PORT_CLOSED);
      guest.startApplication(0);
      guest.ask("min", 0).isAck();
      assertThat(host.tree().speed(0)).isEqualTo(PlainCpuTree.MIN);
    }
  }

  @Test
  void theClaimEndsWithAnApplicationThatIsKilled(TestInfo test) {
    try (LabHost host = LabHost.start(test, libvirt)) {
      guest.startApplication(1);
      guest.ask("min", 1).isAck();

      assertThat(guest.step("kill").line()).isEqualTo("ok status=0 signal=9");

      host.awaitAsFound(LabHost.AFTER_PORT_CLOSED);
    }
  }

  @Test
  void hyperThreadsOfACoreGoTogether(TestInfo test) {
    Path folder = LabHost.folder(test);
    PlainCpuTree tree = PlainCpuTree.create(folder.resolve("cpu"), 8, 4, 1);
    try (LabHost host = LabHost.start(folder, tree, libvirt)) {
      guest.startApplication(0);

      guest.ask("min", 0).isAck();

      assertThat(tree.speed(0)).isEqualTo(PlainCpuTree.MIN);
      assertThat(tree.speed(4)).as("the sibling").isEqualTo(PlainCpuTree.MIN);
      assertThat(tree.speed(5)).as("another core").isEqualTo(PlainCpuTree.GOVERNOR);
      host.daemon().terminate();
      host.isAsFound();
    }
  }

  @Test
  void pcpusOnOneClockGoAtTheHighestVote(TestInfo test) {
    Path folder = LabHost.folder(test);
    PlainCpuTree tree = PlainCpuTree.create(folder.resolve("cpu"), 8, 8, 2);
    try (LabHost host = LabHost.start(folder, tree, libvirt)) {
      guest.startApplication(0, 1);

      guest.ask("min", 0).isAck();
      assertThat(tree.speed(0)).isEqualTo(PlainCpuTree.TURBO);
      guest.ask("min", 1).isAck();
      assertThat(tree.speed(0)).isEqualTo(PlainCpuTree.MIN);
      guest.ask("up", 1).isAck();
      assertThat(tree.speed(0)).isEqualTo("1400000");
      host.daemon().terminate();
      host.isAsFound();
    }
  }

  @Test
  void aHoldGoesBeforeTheVoteWhichCountsOnceItIsReleased(TestInfo test) {
    try (LabHost host = LabHost.start(test, libvirt)) {
      guest.startApplication(0);
      guest.ask("max", 0).isAck();

      host.ctl().json("cpu", "set", "0", "1700000");
      assertThat(host.tree().speed(0)).isEqualTo("1700000");
      guest.ask("min", 0).isNack();
      assertThat(host.tree().speed(0)).isEqualTo("1700000");
      assertThat(host.ctl().json("cpu", "list")).contains("1700000");

      host.ctl().json("cpu", "release", "0");
      assertThat(host.tree().speed(0)).isEqualTo(PlainCpuTree.MIN);
    }
  }

  @Test
  void aDisabledChannelKeepsItsTargetUntilItIsEnabled(TestInfo test) {
    try (LabHost host = LabHost.start(test, libvirt)) {
      guest.startApplication(0);
      guest.ask("max", 0).isAck();

      host.ctl().json("channel", "disable", "alpha", "0");
      guest.ask("min", 0).isNack();
      assertThat(host.tree().speed(0)).isEqualTo(PlainCpuTree.TURBO);

      host.ctl().json("channel", "enable", "alpha", "all");
      assertThat(host.tree().speed(0)).isEqualTo(PlainCpuTree.MIN);
      assertThat(host.ctl().json("channel", "list")).startsWith("[").contains("\"alpha\"");
      assertThat(host.ctl().json("vm", "list")).startsWith("[").contains("\"alpha\"");
    }
  }
}
