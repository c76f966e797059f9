package dev.vmpower.host.monitor;

import static dev.vmpower.protocol.ReplyKind.ACK;
import static dev.vmpower.protocol.ReplyKind.NACK;
import static dev.vmpower.protocol.Unit.ENABLE_TURBO;
import static dev.vmpower.protocol.Unit.SCALE_MAX;
import static dev.vmpower.protocol.Unit.SCALE_MIN;
import static dev.vmpower.protocol.Unit.SCALE_UP;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vmpower.host.FakeGuest;
import dev.vmpower.host.Rig;
import dev.vmpower.host.view.CpuView;
import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.fake.FakeSysfs;
import dev.vmpower.machine.sysfs.Errno;
import dev.vmpower.protocol.CapsListReply;
import dev.vmpower.protocol.Command;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Turbo switched off by an operator, for everybody. */
class TurboTest {
  private static final String WHO = "root (pid 1)";
  private static final CpuSet ZERO = CpuSet.of(0);

  @TempDir Path directory;

  @Test
  void offCapsVotesAndHoldsAndIsAClaimOfItsOwn() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "0").start()) {
      rig.ask(new Verb.SwitchTurbo(ZERO, false, WHO));
      assertThat(rig.khz(0)).as("nobody asks").isEqualTo(2_600_000);
      assertThat(rig.cpu(0).turboOff()).hasFieldOrPropertyWithValue("who", WHO);
      assertThat(rig.cpu(0).why()).isEqualTo("turbo is off by " + WHO);
      assertThat(rig.governor(1)).isEqualTo("schedutil");

      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(ACK);
      assertThat(guest.ask(SCALE_UP, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(2_600_000);
      assertThat(guest.ask(ENABLE_TURBO, 0)).isEqualTo(NACK);
      assertThat(rig.status().refusals()).containsEntry("no_turbo", 1L);
      rig.ask(new Verb.SetCpus(ZERO, "max", WHO));
      assertThat(rig.khz(0)).isEqualTo(2_600_000);
      assertThatThrownBy(() -> rig.ask(new Verb.SetCpus(ZERO, "2601000", WHO)))
          .hasMessage("turbo is off on pCPU 0 by root (pid 1); vmpowerctl cpu turbo 0 on first");
      rig.ask(new Verb.ReleaseCpus(ZERO));

      rig.ask(new Verb.SwitchTurbo(ZERO, true, WHO));

      assertThat(rig.khz(0)).as("max is the highest there is again").isEqualTo(2_601_000);
      assertThat(guest.ask(ENABLE_TURBO, 0)).isEqualTo(ACK);
    }
  }

  @Test
  void aGuestIsToldThatThereIsNone() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "0", "1").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      byte[] with = guest.query(Command.QUERY_CAPS_LIST, 0).array();

      rig.ask(new Verb.SwitchTurbo(ZERO, false, WHO));

      byte[] without = guest.query(Command.QUERY_CAPS_LIST, 0).array();
      assertThat(without).isNotEqualTo(with).hasSize(CapsListReply.SIZE_BYTES);
      rig.ask(new Verb.SwitchTurbo(ZERO, true, WHO));
      assertThat(guest.query(Command.QUERY_CAPS_LIST, 0).array()).isEqualTo(with);
    }
  }

  @Test
  void onGivesBackWhatNobodyElseWants() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).start()) {
      rig.ask(new Verb.SwitchTurbo(CpuSet.of(0, 1), false, WHO));
      rig.ask(new Verb.SetCpus(CpuSet.of(1), "min", WHO));
      rig.ask(new Verb.SwitchTurbo(CpuSet.of(0, 1), true, WHO));

      assertThat(rig.governor(0)).isEqualTo("schedutil");
      assertThat(rig.khz(1)).as("held").isEqualTo(1_200_000);
      rig.ask(new Verb.SwitchTurbo(CpuSet.of(0), true, WHO));
    }
  }

  @Test
  void theLastVoteGoneLeavesTheHighestLevelWithoutTurbo() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      rig.ask(new Verb.SwitchTurbo(ZERO, false, WHO));
      assertThat(rig.khz(0)).isEqualTo(1_200_000);

      rig.ask(new Verb.RemoveVm("vm0"));

      assertThat(rig.khz(0)).isEqualTo(2_600_000);
    }
  }

  @Test
  void itIsOffAfterARestartToo() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).start()) {
      rig.ask(new Verb.SwitchTurbo(ZERO, false, WHO));
      CpuView.TurboOffView before = rig.cpu(0).turboOff();
      rig.stop();
      assertThat(rig.governor(0)).isEqualTo("schedutil");

      rig.start();

      assertThat(rig.khz(0)).isEqualTo(2_600_000);
      assertThat(rig.cpu(0).turboOff()).isNotNull().isEqualTo(before);
    }
  }

  @Test
  void whereTheKernelRefusesOneEverySwitchIsAsItWas() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 3).start()) {
      rig.ask(new Verb.SwitchTurbo(ZERO, false, "ann"));
      CpuSet all = CpuSet.parse("0-2");
      rig.sysfs.failWrites("cpufreq/policy2/scaling_governor", Errno.EIO);

      assertThatThrownBy(() -> rig.ask(new Verb.SwitchTurbo(all, false, "bob")))
          .hasMessageStartingWith("policy2");
      rig.sysfs.failWrites("cpufreq/policy2/scaling_governor", null);

      assertThat(rig.cpu(0).turboOff()).hasFieldOrPropertyWithValue("who", "ann");
      assertThat(rig.khz(0)).isEqualTo(2_600_000);
      assertThat(rig.cpu(1).turboOff()).isNull();
      assertThat(rig.governor(1)).as("given back").isEqualTo("schedutil");
      assertThat(rig.cpu(2).turboOff()).isNull();
      assertThat(directory.resolve("lib/orders")).content().contains("ann").doesNotContain("bob");
    }
  }

  /** Ann's waits: of two threads of a core that are switched by two, one counts. */
  @Test
  void aSwitchThatTheKernelRefusesLeavesTheOneThatWaits() throws Exception {
    FakeSysfs sysfs =
        new FakeSysfs()
            .addCpus(0, 3, Rig.TABLE)
            .put("cpu0/topology/thread_siblings_list", "0-1")
            .put("cpu1/topology/thread_siblings_list", "0-1");
    try (Rig rig = new Rig(directory, sysfs).start()) {
      rig.ask(new Verb.SwitchTurbo(CpuSet.of(1), false, "ann"));
      sysfs.setOnline(1, false);
      rig.pass(Monitor.SWEEP_NS);
      rig.ask(new Verb.SwitchTurbo(ZERO, false, "bob"));
      sysfs.setOnline(1, true);
      rig.pass(Monitor.SWEEP_NS);
      sysfs.failWrites("cpufreq/policy2/scaling_governor", Errno.EIO);
      assertThatThrownBy(() -> rig.ask(new Verb.SwitchTurbo(CpuSet.of(0, 2), false, "carl")))
          .hasMessageStartingWith("policy2");
      sysfs.failWrites("cpufreq/policy2/scaling_governor", null);

      sysfs.setOnline(0, false);
      rig.pass(Monitor.SWEEP_NS);

      assertThat(rig.cpu(1).turboOff()).hasFieldOrPropertyWithValue("who", "ann");
    }
  }

  @Test
  void whatHasNoTurboOrIsNotThereIsRefusedAndNothingChanged() throws Exception {
    FakeSysfs sysfs =
        new FakeSysfs()
            .put("online", "0-2")
            .addCpus(0, 2, Rig.TABLE)
            .addPolicy("2600000 2300000 1200000", 2);
    try (Rig rig = new Rig(directory, sysfs).start()) {
      assertThatThrownBy(() -> rig.ask(new Verb.SwitchTurbo(CpuSet.of(0, 2), false, WHO)))
          .isInstanceOf(Verb.RefusedException.class)
          .hasMessage("pCPU 2 has no turbo");
      assertThatThrownBy(() -> rig.ask(new Verb.SwitchTurbo(CpuSet.of(0, 9), false, WHO)))
          .hasMessage("there is no pCPU 9");
      assertThatThrownBy(() -> rig.ask(new Verb.SwitchTurbo(CpuSet.of(9), true, WHO)))
          .hasMessage("there is no pCPU 9");
      assertThat(rig.sysfs.takeWrites()).isEmpty();
      rig.sysfs.setOnline(1, false);
      rig.pass(6 * Rig.SECOND_NS);
      assertThatThrownBy(() -> rig.ask(new Verb.SwitchTurbo(CpuSet.of(0, 1), false, WHO)))
          .hasMessage("pCPU 1 is offline");
      assertThat(rig.governor(0)).isEqualTo("schedutil");
      assertThat(directory.resolve("lib/orders")).doesNotExist();
    }
  }
}
