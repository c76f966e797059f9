package dev.vmpower.host.monitor;

import static dev.vmpower.protocol.ReplyKind.ACK;
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
import dev.vmpower.host.orders.Orders;
import dev.vmpower.host.view.VmView;
import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.libvirt.DomainInfo;
import dev.vmpower.protocol.Command;
import dev.vmpower.protocol.Replies;
import dev.vmpower.protocol.ReplyKind;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** VMs added, removed and limited by operators, and what of that lasts. */
class VmVerbTest {
  private static final String ALPHA = "11111111-0000-0000-0000-000000000000";
  private static final Orders.Limits NO_LIMITS = Orders.Limits.NONE;

  @TempDir Path directory;

  private Verb.AddVm add(String name, String... vcpus) {
    return new Verb.AddVm(
        name,
        directory.resolve("channels"),
        java.util.Arrays.stream(vcpus).map(CpuSet::parse).toList(),
        null,
        null,
        NO_LIMITS);
  }

  private static Verb.AddVm takeUpAgain(String name) {
    return new Verb.AddVm(name, null, List.of(), null, null, NO_LIMITS);
  }

  private static Verb.SetEnvelope max(String vm, int khz) {
    return new Verb.SetEnvelope(vm, new Orders.Limits(null, khz, null, null), false);
  }

  private static List<String> names(Rig rig) throws Exception {
    return rig.ask(new Verb.ListVms()).stream().map(VmView::name).toList();
  }

  private static void reload(Rig rig) throws Exception {
    CompletableFuture<Void> done = new CompletableFuture<>();
    rig.post(new Event.Configured(rig.config(), done));
    done.get(20, TimeUnit.SECONDS);
  }

  @Test
  void anAddedVmIsServedSurvivesAReloadAndIsGoneAfterARestart() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 4).vm("vm0", "0").start()) {
      VmView added = rig.ask(add("vm7", "2", "3"));
      assertThat(added.source()).isEqualTo("static");
      assertThat(added.vcpus()).extracting(VmView.VcpuView::cpus).containsExactly("2", "3");
      FakeGuest guest = rig.guest("vm7", 0);
      assertThat(guest.ask(SCALE_MIN, 1)).isEqualTo(ACK);
      assertThat(rig.khz(3)).isEqualTo(1_200_000);

      reload(rig);
      assertThat(guest.ask(SCALE_MAX, 1)).isEqualTo(ACK);
      assertThat(names(rig)).containsExactly("vm0", "vm7");

      rig.ask(new Verb.RemoveVm("vm7"));
      assertThat(rig.governor(3)).isEqualTo("schedutil");
      assertThat(names(rig)).containsExactly("vm0");
      rig.ask(add("vm7", "1"));
      rig.stop();
      rig.start();
      assertThat(names(rig)).containsExactly("vm0");
    }
  }

  @Test
  void aRemovedConfiguredVmStaysAwayUntilItIsAddedAgainOrTheNextStart() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);

      rig.ask(new Verb.RemoveVm("vm0"));
      assertThat(rig.governor(0)).as("its claims end").isEqualTo("schedutil");
      assertThat(rig.status().channels()).isZero();
      reload(rig);
      assertThat(names(rig)).isEmpty();
      assertThatThrownBy(() -> rig.ask(new Verb.ShowVm("vm0")))
          .hasMessage("VM 'vm0' was removed; vmpowerctl vm add vm0 takes it up again");
      assertThatThrownBy(() -> rig.ask(add("vm0", "1"))).hasMessageContaining("takes it up again");
      assertThat(guest.isWaitedFor()).as("nobody connects").isFalse();

      rig.ask(takeUpAgain("vm0"));
      guest.awaitConnection();
      await().until(() -> rig.status().channels() == 1);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(1_200_000);

      rig.ask(new Verb.RemoveVm("vm0"));
      rig.stop();
      rig.start();
      assertThat(names(rig)).containsExactly("vm0");
    }
  }

  @Test
  void aRemovedDomainStaysAwayHoweverItChangesAndComesBackAsItIsThen() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 4).start();
        FakeGuest guest = FakeGuest.listen(directory.resolve("guest"));
        FakeQemu qemu =
            FakeQemu.start("alpha", directory.resolve("alpha.0"), directory.resolve("guest"))) {
      rig.post(changed("0"));
      guest.awaitConnection();
      await().until(() -> rig.status().channels() == 1);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);

      rig.ask(new Verb.RemoveVm("alpha"));
      rig.post(changed("2"));
      rig.post(new Event.LibvirtConnected(List.of(((Event.DomainChanged) changed("2")).domain())));
      assertThat(names(rig)).isEmpty();
      assertThat(rig.governor(0)).isEqualTo("schedutil");

      VmView back = rig.ask(takeUpAgain("alpha"));
      assertThat(back.vcpus().getFirst().cpus()).isEqualTo("2");
      assertThat(back.source()).isEqualTo("libvirt");

      rig.ask(new Verb.RemoveVm("alpha"));
      rig.post(new Event.DomainGone(ALPHA));
      assertThatThrownBy(() -> rig.ask(takeUpAgain("alpha"))).hasMessageContaining("no VM 'alpha'");
    }
  }

  private Event changed(String cpus) {
    return new Event.DomainChanged(
        new DomainInfo(
            ALPHA,
            "alpha",
            1,
            DomainInfo.State.RUNNING,
            List.of(new DomainInfo.VcpuInfo(0, CpuSet.parse(cpus))),
            List.of(new DomainInfo.ChannelInfo(0, directory.resolve("alpha.0"), null)),
            List.of()));
  }

  @Test
  void anEnvelopeClipsAtOnceGoesOverTheConfigurationAndLasts() throws Exception {
    Envelope configured = new Envelope(1_400_000, 2_300_000, true, false);
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", configured, "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(2_300_000);

      VmView changed = rig.ask(max("vm0", 1_700_000));
      assertThat(rig.khz(0)).isEqualTo(1_700_000);
      assertThat(changed.maxKhz()).isEqualTo(1_700_000);
      assertThat(changed.minKhz()).as("not named: stays").isEqualTo(1_400_000);
      reload(rig);
      assertThat(rig.khz(0)).isEqualTo(1_700_000);
      rig.ask(
          new Verb.SetEnvelope(
              "vm0", new Orders.Limits(null, Integer.MAX_VALUE, false, null), false));
      assertThat(rig.khz(0)).isEqualTo(2_600_000);

      rig.stop();
      rig.start();
      VmView after = rig.ask(new Verb.ShowVm("vm0"));
      assertThat(after.maxKhz()).isNull();
      assertThat(after.turbo()).isFalse();
      VmView reset = rig.ask(new Verb.SetEnvelope("vm0", NO_LIMITS, true));
      assertThat(reset.maxKhz()).isEqualTo(2_300_000);
      assertThat(reset.turbo()).isTrue();
      assertThat(directory.resolve("lib/orders")).content().doesNotContain("vm0");
    }
  }

  @Test
  void anEnforcedEnvelopeIsAClaimAtOnceAndEndsAtOnce() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "0").start()) {
      FakeGuest unused = rig.guest("vm0", 0);
      rig.ask(new Verb.SetEnvelope("vm0", new Orders.Limits(null, 1_700_000, null, true), false));
      assertThat(rig.khz(0)).isEqualTo(1_700_000);

      rig.ask(new Verb.SetEnvelope("vm0", NO_LIMITS, true));
      assertThat(rig.governor(0)).isEqualTo("schedutil");
    }
  }

  @Test
  void thePermissionToQueryIsChangedAndLasts() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      rig.ask(new Verb.AllowQuery("vm0", false));
      assertThat(Replies.kind(guest.query(Command.QUERY_FREQ, 0), 0)).isEqualTo(ReplyKind.NACK);

      rig.stop();
      rig.start();
      assertThat(rig.ask(new Verb.ShowVm("vm0")).query()).isFalse();
      rig.ask(new Verb.AllowQuery("vm0", true));
      rig.stop();
      rig.start();
      assertThat(rig.ask(new Verb.ShowVm("vm0")).query()).isTrue();
    }
  }

  @Test
  void aStaticVmsVcpuIsPinnedForThisRun() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 4).vm("vm0", "0", "1").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);

      rig.ask(new Verb.PinVcpu("vm0", 0, CpuSet.of(2, 3)));
      assertThat(rig.governor(0)).isEqualTo("schedutil");
      assertThat(rig.khz(2)).isEqualTo(1_200_000);
      assertThat(rig.khz(3)).isEqualTo(1_200_000);
      reload(rig);
      assertThat(rig.ask(new Verb.ListPinning()).getFirst().cpus()).isEqualTo("2-3");
      rig.stop();
      rig.start();
      assertThat(rig.ask(new Verb.ListPinning()).getFirst().cpus()).isEqualTo("0");
    }
  }

  @Test
  void whatCannotBeDoneIsOneLineAndChangesNothing() throws Exception {
    try (Rig rig =
        Rig.withCpus(directory, 4)
            .cpu(cpu -> new Config.Cpu(cpu.root(), CpuSet.of(1), false, 8, true, false, false))
            .vm("vm0", "0")
            .start()) {
      rig.sysfs.setOnline(3, false);
      rig.pass(6 * Rig.SECOND_NS);
      rig.sysfs.takeWrites();
      List<VmView> before = rig.ask(new Verb.ListVms());

      refused(rig, add("vm0", "2"), "there is a VM 'vm0' already; see vmpowerctl vm show vm0");
      refused(rig, add("a/b", "2"), "a name has 1 to 256 characters, no '/' and no control");
      refused(rig, add("vm7"), "'vm7' has no vCPU: say on which pCPUs each of them runs");
      refused(rig, add("vm7", "9"), "there is no pCPU 9");
      refused(rig, add("vm7", "1"), "pCPU 1 is reserved");
      refused(rig, add("vm7", "3"), "pCPU 3 is offline");
      refused(rig, takeUpAgain("vm7"), "no VM 'vm7' was removed: name the directory");
      refused(rig, takeUpAgain("vm0"), "there is a VM 'vm0' already");
      refused(rig, new Verb.RemoveVm("x"), "there is no VM 'x'; see vmpowerctl vm list");
      refused(rig, new Verb.AllowQuery("x", true), "there is no VM 'x'");
      refused(rig, max("x", 1_700_000), "there is no VM 'x'");
      refused(rig, new Verb.SetEnvelope("vm0", NO_LIMITS, false), "nothing to change");
      refused(
          rig,
          new Verb.SetEnvelope("vm0", new Orders.Limits(2_000_000, 1_000_000, null, null), false),
          "min_khz 2000000 would be above max_khz 1000000");
      refused(rig, new Verb.PinVcpu("x", 0, CpuSet.of(0)), "there is no VM 'x'");
      refused(rig, new Verb.PinVcpu("vm0", 7, CpuSet.of(0)), "vm0 has no vCPU 7");
      refused(rig, new Verb.PinVcpu("vm0", 0, CpuSet.of(9)), "there is no pCPU 9");
      refused(rig, new Verb.PinVcpu("vm0", 0, CpuSet.of(1)), "pCPU 1 is reserved");
      refused(rig, new Verb.ShowCpus(CpuSet.of(9)), "there is no pCPU 9");

      assertThat(rig.ask(new Verb.ListVms())).isEqualTo(before);
      assertThat(rig.sysfs.takeWrites()).isEmpty();
      assertThat(directory.resolve("lib/orders")).doesNotExist();
    }
  }

  private static void refused(Rig rig, Verb<?> verb, String line) {
    assertThatThrownBy(() -> rig.ask(verb))
        .isInstanceOf(Verb.RefusedException.class)
        .hasMessageStartingWith(line)
        .hasMessageNotContaining("\n");
  }
}
