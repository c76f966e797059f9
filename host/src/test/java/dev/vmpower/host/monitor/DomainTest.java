package dev.vmpower.host.monitor;

import static dev.vmpower.protocol.ReplyKind.ACK;
import static dev.vmpower.protocol.ReplyKind.NACK;
import static dev.vmpower.protocol.Unit.SCALE_DOWN;
import static dev.vmpower.protocol.Unit.SCALE_MAX;
import static dev.vmpower.protocol.Unit.SCALE_MIN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.vmpower.host.FakeGuest;
import dev.vmpower.host.FakeQemu;
import dev.vmpower.host.Rig;
import dev.vmpower.host.arbiter.Envelope;
import dev.vmpower.host.config.Config;
import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.libvirt.DomainInfo;
import dev.vmpower.machine.sysfs.Errno;
import dev.vmpower.protocol.Command;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** VMs as libvirt tells of them: pinning, pausing, resetting, neighbours, and impostors. */
class DomainTest {
  private static final String ALPHA = "11111111-0000-0000-0000-000000000000";
  private static final String BETA = "22222222-0000-0000-0000-000000000000";

  @TempDir Path directory;

  @Test
  void aRunningDomainIsServedAndFollowsItsPinning() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 4).start();
        FakeGuest guest = FakeGuest.listen(directory.resolve("guest"));
        FakeQemu qemu = FakeQemu.start("alpha", directory.resolve("alpha.0"), guestPath())) {
      rig.post(changed(ALPHA, "alpha", DomainInfo.State.RUNNING, "0"));
      serve(rig, guest, 1);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(1_200_000);

      rig.post(changed(ALPHA, "alpha", DomainInfo.State.RUNNING, "2"));
      rig.sync();
      assertThat(rig.governor(0)).isEqualTo("schedutil");
      assertThat(rig.khz(2)).isEqualTo(1_200_000);

      rig.post(new Event.DomainRebooted(ALPHA));
      rig.sync();
      assertThat(rig.khz(2)).as("begins again at max").isEqualTo(2_601_000);

      qemu.kill();
      await().until(() -> rig.status().channels() == 0);
      rig.sync();
      assertThat(rig.governor(2)).isEqualTo("schedutil");
    }
  }

  private Path guestPath() {
    return directory.resolve("guest");
  }

  /** No vote counts there, so the target would stay at what was refused. */
  @Test
  void turboThatCannotBeSwitchedOffElsewhereLeavesThePCpuOfAPausedVmWhereItWas() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 4).start();
        FakeGuest guest = FakeGuest.listen(directory.resolve("guest"));
        FakeQemu qemu = FakeQemu.start("alpha", directory.resolve("alpha.0"), guestPath())) {
      rig.post(changed(ALPHA, "alpha", DomainInfo.State.RUNNING, "0"));
      serve(rig, guest, 1);
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(ACK);
      rig.post(changed(ALPHA, "alpha", DomainInfo.State.PAUSED, "0"));
      rig.sync();
      assertThat(rig.khz(0)).isEqualTo(2_601_000);
      rig.sysfs.failWrites("cpufreq/policy2/scaling_governor", Errno.EIO);

      assertThatThrownBy(() -> rig.ask(new Verb.SwitchTurbo(CpuSet.of(0, 2), false, "ann")))
          .hasMessageStartingWith("policy2");
      rig.sysfs.failWrites("cpufreq/policy2/scaling_governor", null);

      assertThat(rig.khz(0)).isEqualTo(2_601_000);
      assertThat(qemu).isNotNull();
    }
  }

  @Test
  void aPeerThatIsNotTheDomainsQemuIsNotServed() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 4).start();
        FakeGuest guest = FakeGuest.listen(directory.resolve("guest"));
        FakeQemu qemu = FakeQemu.start("mallory", directory.resolve("alpha.0"), guestPath())) {
      rig.post(changed(ALPHA, "alpha", DomainInfo.State.RUNNING, "0"));
      guest.awaitConnection();
      guest.send(Command.CPU_POWER, SCALE_MIN, 0);

      rig.monitor().awaitServing();

      assertThat(rig.status().channels()).isZero();
      assertThat(rig.sysfs.takeWrites()).isEmpty();
    }
  }

  @Test
  void aClosedPortEndsTheClaimAndAnOpenOneBeginsAnother() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 4).start();
        FakeGuest guest = FakeGuest.listen(directory.resolve("guest"));
        FakeQemu qemu = FakeQemu.start("alpha", directory.resolve("alpha.0"), guestPath())) {
      rig.post(changed(ALPHA, "alpha", DomainInfo.State.RUNNING, "0"));
      serve(rig, guest, 1);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);

      rig.post(new Event.GuestPort(ALPHA, 0, false));
      rig.sync();
      assertThat(rig.governor(0)).isEqualTo("schedutil");

      rig.post(new Event.GuestPort(ALPHA, 0, true));
      assertThat(guest.ask(SCALE_DOWN, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).as("one below max").isEqualTo(2_600_000);
    }
  }

  @Test
  void aNeighbourThatNeverAskedIsNotSlowedDownAndItsPauseFreesTheVote() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 4).vm("vm0", "1").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      rig.post(changed(BETA, "beta", DomainInfo.State.RUNNING, "1"));

      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(rig.khz(1)).isEqualTo(2_601_000);
      assertThat(rig.cpu(1).why()).contains("beta vCPU 0 never asked");

      rig.post(changed(BETA, "beta", DomainInfo.State.PAUSED, "1"));
      rig.sync();
      assertThat(rig.khz(1)).isEqualTo(1_200_000);

      rig.post(changed(BETA, "beta", DomainInfo.State.RUNNING, "3"));
      rig.sync();
      assertThat(rig.khz(1)).isEqualTo(1_200_000);
      assertThat(rig.governor(3)).as("it makes nothing managed").isEqualTo("schedutil");
    }
  }

  @Test
  void aPausedVmsVoteDoesNotCountUntilItResumes() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 4).vm("vm0", "0").start();
        FakeGuest guest = FakeGuest.listen(directory.resolve("guest"));
        FakeQemu qemu = FakeQemu.start("alpha", directory.resolve("alpha.0"), guestPath())) {
      FakeGuest other = rig.guest("vm0", 0);
      assertThat(other.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      rig.post(changed(ALPHA, "alpha", DomainInfo.State.RUNNING, "0"));
      serve(rig, guest, 2);
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(2_601_000);

      rig.post(changed(ALPHA, "alpha", DomainInfo.State.PAUSED, "0"));
      rig.sync();
      assertThat(rig.khz(0)).isEqualTo(1_200_000);

      rig.post(changed(ALPHA, "alpha", DomainInfo.State.RUNNING, "0"));
      rig.sync();
      assertThat(rig.khz(0)).isEqualTo(2_601_000);
    }
  }

  /** A target that was given back is none that could stay. */
  @Test
  void aPausedVmCountsAsAfterAStartWhereWritingBeginsAgain() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 4).start();
        FakeGuest guest = FakeGuest.listen(directory.resolve("guest"));
        FakeQemu qemu = FakeQemu.start("alpha", directory.resolve("alpha.0"), guestPath())) {
      rig.post(changed(ALPHA, "alpha", DomainInfo.State.RUNNING, "0"));
      serve(rig, guest, 1);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      rig.post(changed(ALPHA, "alpha", DomainInfo.State.PAUSED, "0"));
      rig.ask(new Verb.Pause(false));
      assertThat(rig.khz(0)).as("it stays").isEqualTo(1_200_000);
      rig.ask(new Verb.Pause(true));
      assertThat(rig.governor(0)).isEqualTo("schedutil");

      rig.ask(new Verb.Pause(false));

      assertThat(rig.khz(0)).isEqualTo(2_601_000);
    }
  }

  @Test
  void aTargetDoesNotOutliveItsClaimWhereTheKernelRefusesToTakeTheClockBack() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 4).vm("vm0", "0").start();
        FakeGuest guest = FakeGuest.listen(directory.resolve("guest"));
        FakeQemu qemu = FakeQemu.start("alpha", directory.resolve("alpha.0"), guestPath())) {
      FakeGuest other = rig.guest("vm0", 0);
      assertThat(other.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      rig.post(changed(ALPHA, "alpha", DomainInfo.State.PAUSED, "0"));
      serve(rig, guest, 2);
      rig.sysfs.fail("cpufreq/policy0/scaling_governor", Errno.EIO);
      other.close();
      await().until(() -> rig.status().channels() == 1);

      rig.sysfs.fail("cpufreq/policy0/scaling_governor", null);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);

      assertThat(rig.khz(0)).as("nobody counts, and none did before").isEqualTo(2_601_000);
    }
  }

  @Test
  void aFloatingDomainIsRefusedAndWorksOnceItIsPinned() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 4).start();
        FakeGuest guest = FakeGuest.listen(directory.resolve("guest"));
        FakeQemu qemu = FakeQemu.start("alpha", directory.resolve("alpha.0"), guestPath())) {
      rig.post(changed(ALPHA, "alpha", DomainInfo.State.RUNNING, "0-3"));
      serve(rig, guest, 1);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(NACK);
      assertThat(rig.ask(new Verb.ListVms()).getFirst().vcpus().getFirst().refused())
          .contains("vmpowerctl pin");

      rig.post(changed(ALPHA, "alpha", DomainInfo.State.RUNNING, "3"));
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(rig.khz(3)).isEqualTo(1_200_000);
    }
  }

  @Test
  void anEnforcedEnvelopeHoldsFromTheStartOfADomain() throws Exception {
    Envelope low = new Envelope(0, 1_700_000, true, true);
    Rig limited =
        Rig.withCpus(directory, 4)
            .entry(new Config.VmEntry("alpha", null, List.of(), null, false, low));
    try (Rig rig = limited.start()) {
      rig.post(changed(ALPHA, "alpha", DomainInfo.State.RUNNING, "2"));
      rig.sync();
      assertThat(rig.khz(2)).isEqualTo(1_700_000);

      rig.post(changed(ALPHA, "alpha", DomainInfo.State.SHUT_OFF, "2"));
      rig.sync();
      assertThat(rig.governor(2)).isEqualTo("schedutil");
      rig.post(new Event.DomainGone(ALPHA));
      assertThat(rig.ask(new Verb.ListVms())).isEmpty();
    }
  }

  @Test
  void aPortThatIsOpenOnArrivalCountsAsMaxUntilItAsks() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 4).start();
        FakeGuest guest = FakeGuest.listen(directory.resolve("guest"));
        FakeQemu qemu = FakeQemu.start("alpha", directory.resolve("alpha.0"), guestPath())) {
      rig.post(arriving(DomainInfo.State.PAUSED, null));
      serve(rig, guest, 1);
      rig.post(new Event.GuestPort(ALPHA, 0, true));
      rig.sync();
      assertThat(rig.governor(0)).as("a paused VM has no vote").isEqualTo("schedutil");

      rig.post(arriving(DomainInfo.State.RUNNING, true));
      rig.sync();
      assertThat(rig.khz(0)).isEqualTo(2_601_000);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      rig.post(arriving(DomainInfo.State.RUNNING, true));
      rig.sync();
      assertThat(rig.khz(0)).as("it has asked here").isEqualTo(1_200_000);

      rig.post(new Event.GuestPort(ALPHA, 0, false));
      rig.post(new Event.GuestPort(ALPHA, 0, true));
      rig.sync();
      assertThat(rig.governor(0)).as("another program opened it").isEqualTo("schedutil");
    }
  }

  @Test
  void aVmThatArrivedBeforeItsSocketWasConnectedCountsAsMaxToo() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 4).start();
        FakeGuest guest = FakeGuest.listen(directory.resolve("guest"))) {
      rig.post(arriving(DomainInfo.State.RUNNING, true));
      rig.sync();
      assertThat(rig.governor(0)).isEqualTo("schedutil");
      try (FakeQemu qemu = FakeQemu.start("alpha", directory.resolve("alpha.0"), guestPath())) {
        serve(rig, guest, 1);
        rig.sync();
        assertThat(rig.khz(0)).isEqualTo(2_601_000);
      }
    }
  }

  @Test
  void aPortThatIsOpenOfAVmThatWasBootedHereClaimsNothing() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 4).start();
        FakeGuest guest = FakeGuest.listen(directory.resolve("guest"));
        FakeQemu qemu = FakeQemu.start("alpha", directory.resolve("alpha.0"), guestPath())) {
      rig.post(changed(ALPHA, "alpha", DomainInfo.State.RUNNING, "0"));
      serve(rig, guest, 1);
      rig.post(new Event.GuestPort(ALPHA, 0, true));
      rig.sync();
      assertThat(rig.governor(0)).isEqualTo("schedutil");
    }
  }

  @Test
  void aRenamedDomainIsTheSameByItsUuidAndAStaticVmOfItsOldNameCountsAgain() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 4).vm("vm0", "1").start()) {
      rig.post(changed(ALPHA, "vm0", DomainInfo.State.RUNNING, "0"));
      assertThat(names(rig)).containsExactly("vm0 libvirt");

      rig.post(changed(ALPHA, "vm1", DomainInfo.State.RUNNING, "0"));
      assertThat(names(rig)).containsExactly("vm0 static", "vm1 libvirt");

      rig.post(changed(BETA, "vm1", DomainInfo.State.RUNNING, "2"));
      rig.post(new Event.DomainGone(ALPHA));
      assertThat(names(rig)).containsExactly("vm0 static", "vm1 libvirt");
      rig.post(changed(ALPHA, "vm2", DomainInfo.State.RUNNING, "0"));
      rig.post(new Event.LibvirtConnected(List.of())); // all events of what follows were lost
      assertThat(names(rig)).containsExactly("vm0 static");
    }
  }

  private static List<String> names(Rig rig) throws Exception {
    rig.sync();
    return rig.ask(new Verb.ListVms()).stream().map(vm -> vm.name() + " " + vm.source()).toList();
  }

  @Test
  void ofTwoDomainsThatNameOneSocketItsOwnerIsServed() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 4).start();
        FakeGuest guest = FakeGuest.listen(directory.resolve("guest"));
        FakeQemu qemu = FakeQemu.start("alpha", directory.resolve("alpha.0"), guestPath())) {
      rig.post(at(ALPHA, "alpha", directory.resolve("alpha.0"), "0"));
      serve(rig, guest, 1);
      rig.post(at(BETA, "beta", directory.resolve("alpha.0"), "1"));
      rig.monitor().awaitServing();
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(1_200_000);
      assertThat(rig.status().channels()).isEqualTo(1);
      assertThat(rig.governor(1)).isEqualTo("schedutil");
    }
  }

  @Test
  void aPathThatNoSocketCanHaveHindersNobody() throws Exception {
    Path longPath = directory.resolve("x".repeat(108));
    Files.writeString(longPath, "");
    try (Rig rig = Rig.withCpus(directory, 4).start();
        FakeGuest guest = FakeGuest.listen(directory.resolve("guest"));
        FakeQemu qemu =
            FakeQemu.start("../../etc = x", directory.resolve("alpha.0"), guestPath())) {
      rig.post(at(BETA, "beta", longPath, "1"));
      rig.post(at(ALPHA, "../../etc = x", directory.resolve("alpha.0"), "0"));
      serve(rig, guest, 1);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(1_200_000);
    }
  }

  private static Event at(String uuid, String name, Path socket, String cpus) {
    return new Event.DomainChanged(
        new DomainInfo(
            uuid,
            name,
            1,
            DomainInfo.State.RUNNING,
            List.of(new DomainInfo.VcpuInfo(0, CpuSet.parse(cpus))),
            List.of(new DomainInfo.ChannelInfo(0, socket, null)),
            List.of()));
  }

  @Test
  void fiveHundredDomainsAndOneOfFiveHundredChannelsAreTakenUpAtOnce() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 4).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      List<DomainInfo> domains = new ArrayList<>();
      for (int i = 0; i < 500; i++) {
        List<DomainInfo.ChannelInfo> channels = new ArrayList<>();
        for (int n = 0; n < (i == 0 ? 500 : 8); n++) {
          Path socket = directory.resolve("many/" + i + "." + n);
          channels.add(new DomainInfo.ChannelInfo(n, socket, null));
        }
        String uuid = String.format(Locale.ROOT, "%08d-0000-0000-0000-000000000000", i);
        List<DomainInfo.VcpuInfo> vcpus = List.of(new DomainInfo.VcpuInfo(0, CpuSet.of(i % 4)));
        domains.add(
            new DomainInfo(uuid, "d" + i, i, DomainInfo.State.RUNNING, vcpus, channels, List.of()));
      }
      rig.post(new Event.LibvirtConnected(domains));
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(rig.ask(new Verb.ListVms())).hasSize(501);
      assertThat(rig.khz(0)).as("neighbours that never asked").isEqualTo(2_601_000);
      rig.post(new Event.LibvirtConnected(List.of()));
      rig.sync();
      assertThat(rig.khz(0)).isEqualTo(1_200_000);
    }
  }

  private Event arriving(DomainInfo.State state, @Nullable Boolean open) {
    return new Event.DomainChanged(
        new DomainInfo(
            ALPHA,
            "alpha",
            7,
            state,
            List.of(new DomainInfo.VcpuInfo(0, CpuSet.of(0))),
            List.of(new DomainInfo.ChannelInfo(0, directory.resolve("alpha.0"), open)),
            List.of(),
            true));
  }

  private static void serve(Rig rig, FakeGuest guest, int channels) throws Exception {
    guest.awaitConnection();
    await().until(() -> rig.status().channels() == channels);
  }

  private Event changed(String uuid, String name, DomainInfo.State state, String... pinning) {
    List<DomainInfo.VcpuInfo> vcpus = new ArrayList<>();
    for (String cpus : pinning) {
      vcpus.add(new DomainInfo.VcpuInfo(vcpus.size(), CpuSet.parse(cpus)));
    }
    Path socket = directory.resolve(name + ".0");
    return new Event.DomainChanged(
        new DomainInfo(
            uuid,
            name,
            state == DomainInfo.State.SHUT_OFF ? -1 : 1,
            state,
            vcpus,
            List.of(new DomainInfo.ChannelInfo(0, socket, null)),
            List.of()));
  }
}
