package dev.vmpower.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A libvirtd that ends, hangs or forgets under a guest that goes on asking, and what libvirt does
 * to VMs in their lives. One guest, one libvirtd and one application serve all: vCPU 0 runs on pCPU
 * 0, vCPU 1, which can be unplugged, on 1.
 *
 * <p>That libvirt was away is seen in what happened meanwhile: bare VMs, which never ask and
 * therefore keep their pCPU fast, and threads that were moved.
 */
@Tag("lab")
@Order(5)
@ExtendWith(Lab.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class LibvirtFaultsTest {
  /** The promise: so long after libvirt is back all is right again. */
  private static final String SLOW_MIB_PER_S = "1";

  private static final String FAST_MIB_PER_S = "1000";
  private static final Duration RETURN = Duration.ofSeconds(5);

  /** What no event tells of is found by then. */
  private static final Duration SWEEP = Duration.ofSeconds(12);

  /** A call that hangs is begun within a sweep, and noticed 5 s later. */
  private static final Duration NOTICED = Duration.ofSeconds(12);

  /** Longer than libvirt's keepalive lets a connection live, 20 s. */
  private static final Duration LONG_HANG = Duration.ofSeconds(23);

  private static final String UUID_ONE = "11111111-1111-1111-1111-111111111111";
  private static final String UUID_TWO = "22222222-2222-2222-2222-222222222222";

  private final LabLibvirt libvirt = LabLibvirt.up("libvirt-faults");
  private final LabGuest guest = LabGuest.bootWithPlug(libvirt, "faults", "0", "1");
  private final LabHost host = start("LibvirtFaultsTest", libvirt);

  // Where the guest migrates to.
  private final LabLibvirt there = LabLibvirt.up("libvirt-there");
  private final LabHost hostThere = start("LibvirtFaultsTest.there", there);

  LibvirtFaultsTest() {
    guest.startApplication(0, 1);
    guest.ask("min", 0).isAck();
    guest.ask("min", 1).isAck();
  }

  private static LabHost start(String name, LabLibvirt libvirt) {
    Path folder = Checkout.emptyFolder("hosts", name);
    return LabHost.start(folder, PlainCpuTree.create(folder.resolve("cpu")), libvirt);
  }

  @AfterAll
  void end() {
    host.close();
    hostThere.close();
    libvirt.close();
    there.close();
  }

  @Test
  @Order(1)
  void aStoppedLibvirtdKeepsNobodyWaitingAndWhoDiedMeanwhileIsForgotten() {
    BareVm neighbour = BareVm.create(libvirt, "neighbour", UUID_ONE, "0");
    host.awaitSpeed(0, PlainCpuTree.TURBO, RETURN);

    libvirt.end("TERM");
    neighbour.signal("KILL");
    isServed(1);
    libvirt.startAgain();
    host.awaitSpeed(0, PlainCpuTree.MIN, RETURN);

    try (BareVm other = BareVm.create(libvirt, "other", UUID_TWO, "0")) {
      host.awaitSpeed(0, PlainCpuTree.TURBO, RETURN);
      isServed(1);
    }
    host.awaitSpeed(0, PlainCpuTree.MIN, RETURN);
  }

  @Test
  @Order(2)
  void aVcpuThatMovedWhileLibvirtdWasDeadIsFound() {
    libvirt.end("KILL");
    guest.moveThread(0, 1);
    isServed(1);
    assertThat(host.tree().speed(0)).as("nobody could know").isEqualTo(PlainCpuTree.MIN);

    libvirt.startAgain();
    host.awaitSpeed(0, PlainCpuTree.GOVERNOR, RETURN);
    guest.ask("max", 0).isAck();
    assertThat(host.tree().speed(1)).isEqualTo(PlainCpuTree.TURBO);

    guest.moveThread(0, 0);
    host.awaitSpeed(0, PlainCpuTree.TURBO, SWEEP);
    host.awaitSpeed(1, PlainCpuTree.MIN, SWEEP);
    guest.ask("min", 0).isAck();
  }

  @Test
  @Order(3)
  void aLibvirtdThatHangsKeepsNobodyWaitingAndIsFollowedAgain() {
    BareVm neighbour = BareVm.create(libvirt, "neighbour", UUID_ONE, "0");
    host.awaitSpeed(0, PlainCpuTree.TURBO, RETURN);

    libvirt.signal("STOP");
    long endNs = System.nanoTime() + LONG_HANG.toNanos();
    neighbour.signal("KILL");
    awaitNoticed();
    while (System.nanoTime() - endNs < 0) {
      isServed(1);
    }
    assertThat(host.ctl().json("status")).doesNotContain("\"connected\"");
    libvirt.signal("CONT");

    host.awaitSpeed(0, PlainCpuTree.MIN, RETURN);
    assertThat(host.ctl().json("status")).contains("\"connected\"");
    guest.virsh("vcpupin", "0", "1", "--live");
    host.awaitSpeed(0, PlainCpuTree.GOVERNOR, RETURN);
    guest.virsh("vcpupin", "0", "0", "--live");
    host.awaitSpeed(0, PlainCpuTree.MIN, RETURN);
  }

  /** Its keepalive is answered, so nothing breaks: only the call's age tells. */
  @Test
  @Order(3)
  void aCallThatHangsWhileItsEventLoopLivesIsNoticedAndMadeGood() {
    host.daemon().terminate();
    try (HoldingProxy proxy =
        new HoldingProxy(LabGuest.sockets().resolve("held"), libvirt.socket())) {
      host.reachLibvirtBy(proxy.uri());
      host.startDaemonAgain();
      guest.ask("min", 0).isAck();
      BareVm neighbour = BareVm.create(libvirt, "neighbour", UUID_ONE, "0");
      host.awaitSpeed(0, PlainCpuTree.TURBO, RETURN);

      proxy.hold();
      long endNs = System.nanoTime() + LONG_HANG.toNanos();
      neighbour.signal("KILL");
      awaitNoticed();
      while (System.nanoTime() - endNs < 0) {
        isServed(1);
      }
      assertThat(host.ctl().json("status")).contains("libvirt has not answered for 5 s");
      proxy.release();

      host.awaitSpeed(0, PlainCpuTree.MIN, RETURN);
      await()
          .atMost(RETURN)
          .untilAsserted(() -> assertThat(host.ctl().json("status")).contains("\"connected\""));
      host.daemon().terminate();
    }
    host.reachLibvirtBy(libvirt.uri());
    host.startDaemonAgain();
    guest.ask("min", 0).isAck();
    guest.ask("min", 1).isAck();
  }

  /** In status, metrics and the log, in one line. */
  private void awaitNoticed() {
    host.awaitLog("libvirt has not answered for 5 s \\(", NOTICED);
    assertThat(host.ctl().json("status")).contains("libvirt has not answered for 5 s (");
    assertThat(host.ctl().metrics()).contains("vmpower_libvirt_connected 0");
    isServed(1);
  }

  @Test
  @Order(4)
  void aDaemonThatStartsWhileLibvirtdHangsIsReadyAndServesOnceItGoesOn() {
    host.daemon().terminate();
    libvirt.signal("STOP");
    host.startDaemonAgain();
    host.awaitLog("libvirt is slow");
    libvirt.signal("CONT");
    host.awaitSpeed(0, PlainCpuTree.TURBO, RETURN);
    guest.ask("min", 0).isAck();

    libvirt.signal("STOP");
    host.daemon().terminate();
    host.isAsFound();
    host.startDaemonAgain();
    libvirt.end("KILL"); // it never goes on
    libvirt.startAgain();
    host.awaitSpeed(0, PlainCpuTree.TURBO, RETURN);
    guest.ask("min", 0).isAck();
    guest.ask("min", 1).isAck();
  }

  @Test
  @Order(5)
  void aDaemonThatStartsWithoutLibvirtdTakesUpItsVmsWhenItComes() {
    libvirt.end("TERM");
    host.daemon().terminate();
    host.startDaemonAgain();
    host.isAsFound();

    libvirt.startAgain();

    host.awaitSpeed(0, PlainCpuTree.TURBO, RETURN);
    guest.ask("min", 0).isAck();
    guest.ask("min", 1).isAck();
    assertThat(host.tree().speed(0)).isEqualTo(PlainCpuTree.MIN);
  }

  @Test
  @Order(6)
  void aConnectionThatBreaksIsMadeAgainAndItsEventsWithIt() {
    libvirt.dropClients();
    try (BareVm other = BareVm.create(libvirt, "other", UUID_TWO, "0")) {
      host.awaitSpeed(0, PlainCpuTree.TURBO, RETURN);
    }
    host.awaitSpeed(0, PlainCpuTree.MIN, RETURN);
    isServed(1);
  }

  @Test
  @Order(7)
  void anUndefinedVmIsServedAsLongAsItRuns() {
    guest.virsh("undefine");
    isServed(0);
    isServed(1);
    guest.virsh("vcpupin", "0", "1", "--live");
    host.awaitSpeed(0, PlainCpuTree.GOVERNOR, RETURN);
    guest.virsh("vcpupin", "0", "0", "--live");
    host.awaitSpeed(0, PlainCpuTree.MIN, RETURN);
  }

  @Test
  @Order(8)
  void aVmIsWhoItIsByItsUuidWhateverItsName() {
    try (BareVm first = BareVm.define(libvirt, "first", UUID_ONE, "0")) {
      libvirt.virsh("start", "first");
      host.awaitLog("first channel 0 is connected", RETURN);
      libvirt.virsh("destroy", "first");
      libvirt.virsh("domrename", "first", "second");
      libvirt.virsh("start", "second");
      host.awaitLog("second channel 0 is connected", RETURN);
      host.awaitLog("first is known no more", RETURN);
      libvirt.virsh("destroy", "second");
      libvirt.virsh("undefine", "second");
    }
    try (BareVm again = BareVm.create(libvirt, "first", UUID_TWO, "0")) {
      host.awaitSpeed(0, PlainCpuTree.TURBO, RETURN);
      assertThat(host.ctl().json("vm", "list")).contains(UUID_TWO).doesNotContain("second");
    }
    try (BareVm namesake = BareVm.create(libvirt, "first", UUID_ONE, "1")) {
      host.awaitSpeed(1, PlainCpuTree.TURBO, RETURN);
      host.awaitSpeed(0, PlainCpuTree.MIN, RETURN);
      assertThat(host.ctl().json("vm", "list")).contains(UUID_ONE).doesNotContain(UUID_TWO);
    }
    host.awaitSpeed(1, PlainCpuTree.MIN, RETURN);
  }

  @Test
  @Order(9)
  void aQemuThatHangsHindersNoOtherVm() {
    try (BareVm hung = BareVm.create(libvirt, "hung", UUID_ONE, "1")) {
      host.awaitSpeed(1, PlainCpuTree.TURBO, RETURN);
      hung.signal("STOP");
      isServed(0);
      guest.virsh("vcpupin", "0", "1", "--live");
      host.awaitSpeed(0, PlainCpuTree.GOVERNOR, RETURN);
      guest.virsh("vcpupin", "0", "0", "--live");
      host.awaitSpeed(0, PlainCpuTree.MIN, RETURN);
      hung.signal("CONT");
    }
  }

  @Test
  @Order(10)
  void aMigrationThatFailsChangesNothing() {
    CompletableFuture<String> migration = migrate();
    there.awaitVm("faults");
    there.signalVm("faults", "STOP");
    isServed(0);
    there.signalVm("faults", "KILL");

    assertThatThrownBy(migration::join).isInstanceOf(CompletionException.class);
    isServed(0);
    isServed(1);
  }

  @Test
  @Order(10)
  void aMigrationThatIsCancelledChangesNothing() {
    libvirt.virsh("migrate-setspeed", "faults", SLOW_MIB_PER_S); // or it would be there soon
    CompletableFuture<String> migration = migrate();
    there.awaitVm("faults");
    isServed(0);
    await()
        .atMost(SWEEP)
        .ignoreExceptions()
        .untilAsserted(() -> libvirt.virsh("domjobabort", "faults"));

    assertThatThrownBy(migration::join).isInstanceOf(CompletionException.class);
    libvirt.virsh("migrate-setspeed", "faults", FAST_MIB_PER_S);
    isServed(0);
    isServed(1);
    assertThat(hostThere.tree().speed(0)).isEqualTo(PlainCpuTree.GOVERNOR);
  }

  @Test
  @Order(11)
  void aVmThatMigratesIsGivenBackHereAndCountsAsMaxThereUntilItAsks() {
    migrate().join();
    guest.arrived(there, away());

    hostThere.awaitSpeed(0, PlainCpuTree.TURBO, RETURN);
    hostThere.awaitSpeed(1, PlainCpuTree.TURBO, RETURN);
    host.awaitAsFound(RETURN);
    guest.ask("min", 0).isAck();
    assertThat(hostThere.tree().speed(0)).isEqualTo(PlainCpuTree.MIN);
    assertThat(hostThere.tree().speed(1)).isEqualTo(PlainCpuTree.TURBO);
  }

  /** libvirt 9.0 does not notice that the guest let the vCPU go, until it is restarted. */
  @Test
  @Order(12)
  void theVoteOfAVcpuGoesWithItAndNoOtherIsLostSightOf() {
    guest.virsh("vcpupin", "1", "0", "--live");
    guest.ask("max", 1).isAck();
    hostThere.awaitSpeed(0, PlainCpuTree.TURBO, RETURN);
    hostThere.awaitSpeed(1, PlainCpuTree.GOVERNOR, RETURN);

    there.tryVirsh("setvcpu", "faults", "1", "--disable", "--live");
    guest.virsh("vcpupin", "0", "1", "--live");
    hostThere.awaitSpeed(1, PlainCpuTree.MIN, SWEEP);

    there.end("KILL");
    there.startAgain();
    hostThere.awaitSpeed(0, PlainCpuTree.GOVERNOR, RETURN);
    assertThat(guest.step("max 1").ok()).isTrue();
    guest.step("ack 1").isNack();
    guest.ask("max", 0).isAck();
    assertThat(hostThere.tree().speed(1)).isEqualTo(PlainCpuTree.TURBO);
  }

  private CompletableFuture<String> migrate() {
    String[] words = guest.migration(there, away()).toArray(String[]::new);
    return CompletableFuture.supplyAsync(() -> libvirt.virsh(words));
  }

  private static Path away() {
    return LabGuest.sockets().resolve("there");
  }

  /** The guest asks and is answered, and its pCPU obeys; at the end it is at its lowest. */
  private void isServed(int vcpu) {
    guest.ask("max", vcpu).isAck();
    assertThat(host.tree().speed(vcpu)).isEqualTo(PlainCpuTree.TURBO);
    guest.ask("min", vcpu).isAck();
    assertThat(host.tree().speed(vcpu)).isEqualTo(PlainCpuTree.MIN);
  }
}
