package dev.vmpower.host.monitor;

import static dev.vmpower.protocol.ReplyKind.ACK;
import static dev.vmpower.protocol.ReplyKind.NACK;
import static dev.vmpower.protocol.Unit.SCALE_DOWN;
import static dev.vmpower.protocol.Unit.SCALE_MAX;
import static dev.vmpower.protocol.Unit.SCALE_MIN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vmpower.host.FakeGuest;
import dev.vmpower.host.Rig;
import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.fake.FakeSysfs;
import dev.vmpower.machine.sysfs.Errno;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What operators set by hand, against what guests ask for. */
class OperatorTest {
  private static final String WHO = "root (pid 1)";

  @TempDir Path directory;

  @Test
  void aHoldGoesBeforeVotesUntilItIsReleased() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(ACK);

      rig.ask(new Verb.SetCpus(CpuSet.of(0), "1700000", WHO));
      assertThat(rig.khz(0)).isEqualTo(1_700_000);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(NACK);
      assertThat(rig.khz(0)).isEqualTo(1_700_000);
      assertThat(rig.cpu(0).why()).contains("held at 1700000 by " + WHO);

      rig.ask(new Verb.ReleaseCpus(CpuSet.of(0)));
      assertThat(rig.khz(0)).as("what was asked meanwhile counts now").isEqualTo(1_200_000);
    }
  }

  @Test
  void aHoldManagesAPcpuThatNobodyClaimedAndGivesItBack() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).start()) {
      rig.ask(new Verb.SetCpus(CpuSet.of(1), "min", WHO));
      assertThat(rig.khz(1)).isEqualTo(1_200_000);
      rig.ask(new Verb.SetCpus(CpuSet.of(1), "up", WHO));
      assertThat(rig.khz(1)).isEqualTo(1_400_000);

      rig.ask(new Verb.ReleaseCpus(CpuSet.of(1)));

      assertThat(rig.governor(1)).isEqualTo("schedutil");
    }
  }

  @Test
  void aDifferentHoldOnTheSameClockIsRefusedAndNamesTheFirst() throws Exception {
    FakeSysfs sysfs = new FakeSysfs().put("online", "0-1").addPolicy(Rig.TABLE, 0, 1);
    try (Rig rig = new Rig(directory, sysfs).start()) {
      rig.ask(new Verb.SetCpus(CpuSet.of(0), "min", WHO));

      assertThatThrownBy(() -> rig.ask(new Verb.SetCpus(CpuSet.of(1), "max", WHO)))
          .isInstanceOf(Verb.RefusedException.class)
          .hasMessageContaining("pCPU 0")
          .hasMessageContaining(WHO);

      assertThat(rig.khz(0)).isEqualTo(1_200_000);
      rig.ask(new Verb.SetCpus(CpuSet.of(0, 1), "max", WHO));
      assertThat(rig.khz(0)).isEqualTo(2_601_000);
    }
  }

  @Test
  void whatCannotBeHeldEverywhereIsHeldNowhere() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).start()) {
      for (String level : new String[] {"1500000", "fast", "", "-1", "0"}) {
        assertThatThrownBy(() -> rig.ask(new Verb.SetCpus(CpuSet.of(0), level, WHO)))
            .isInstanceOf(Verb.RefusedException.class)
            .hasMessageContaining("2601000");
      }
      assertThatThrownBy(() -> rig.ask(new Verb.SetCpus(CpuSet.of(0, 9), "min", WHO)))
          .hasMessage("there is no pCPU 9");
      assertThat(rig.sysfs.takeWrites()).isEmpty();

      rig.sysfs.fail("cpufreq/policy1/scaling_setspeed", Errno.EIO);
      assertThatThrownBy(() -> rig.ask(new Verb.SetCpus(CpuSet.of(0, 1), "min", WHO)))
          .isInstanceOf(Verb.RefusedException.class);
      assertThat(rig.governor(0)).as("undone").isEqualTo("schedutil");
      assertThat(rig.governor(1)).as("undone").isEqualTo("schedutil");
    }
  }

  @Test
  void aDisabledChannelIsReadRefusedAndRecorded() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(ACK);

      rig.ask(new Verb.EnableChannels("vm0", null, false));
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(NACK);
      assertThat(rig.khz(0)).as("frozen").isEqualTo(2_601_000);
      assertThat(rig.status().refusals()).containsEntry("disabled", 1L);

      rig.ask(new Verb.EnableChannels("vm0", CpuSet.of(0), true));
      assertThat(rig.khz(0)).as("the latest comes into force").isEqualTo(1_200_000);
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(ACK);
    }
  }

  @Test
  void aVmOrChannelThatIsNotThereIsRefusedByName() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "0").start()) {
      assertThatThrownBy(() -> rig.ask(new Verb.EnableChannels("nobody", null, false)))
          .hasMessageContaining("nobody");
      assertThatThrownBy(() -> rig.ask(new Verb.EnableChannels("vm0", CpuSet.of(7), false)))
          .hasMessageContaining("vm0 has no channel 7");
    }
  }

  @Test
  void pausingGivesBackAndResumingTakesUpTheVotes() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);

      rig.ask(new Verb.Pause(true));
      assertThat(rig.governor(0)).isEqualTo("schedutil");
      assertThat(guest.ask(SCALE_DOWN, 0)).isEqualTo(NACK);
      assertThat(rig.governor(0)).isEqualTo("schedutil");

      rig.ask(new Verb.Pause(false));
      assertThat(rig.khz(0)).isEqualTo(1_200_000);
    }
  }

  /** An administrator moves a limit meanwhile, and nobody asks. */
  @Test
  void whatIsDisabledWhileNothingIsWrittenStandsAtWhatItsVoteComesTo() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "0").start()) {
      assertThat(rig.guest("vm0", 0).ask(SCALE_MIN, 0)).isEqualTo(ACK);
      rig.ask(new Verb.Pause(true));
      rig.sysfs.write("cpufreq/policy0/scaling_min_freq", "2000000");
      rig.ask(new Verb.EnableChannels("vm0", null, false));
      rig.sysfs.write("cpufreq/policy0/scaling_min_freq", "1200000");

      rig.ask(new Verb.Pause(false));

      assertThat(rig.khz(0)).isEqualTo(2_000_000);
    }
  }

  @Test
  void enablingOneChannelBringsNothingIntoForceThatCameThroughAnother() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "0", "1").start()) {
      FakeGuest first = rig.guest("vm0", 0);
      FakeGuest second = rig.guest("vm0", 1);
      assertThat(first.ask(SCALE_MAX, 0)).isEqualTo(ACK);
      assertThat(second.ask(SCALE_MAX, 1)).isEqualTo(ACK);
      rig.ask(new Verb.EnableChannels("vm0", null, false));
      assertThat(first.ask(SCALE_MIN, 0)).isEqualTo(NACK);
      assertThat(second.ask(SCALE_MIN, 1)).isEqualTo(NACK);

      rig.ask(new Verb.EnableChannels("vm0", CpuSet.of(0), true));

      assertThat(rig.khz(0)).isEqualTo(1_200_000);
      assertThat(rig.khz(1)).isEqualTo(2_601_000);
    }
  }
}
