package dev.vmpower.host.monitor;

import static dev.vmpower.protocol.ReplyKind.ACK;
import static dev.vmpower.protocol.ReplyKind.NACK;
import static dev.vmpower.protocol.Unit.DISABLE_TURBO;
import static dev.vmpower.protocol.Unit.ENABLE_TURBO;
import static dev.vmpower.protocol.Unit.SCALE_DOWN;
import static dev.vmpower.protocol.Unit.SCALE_MAX;
import static dev.vmpower.protocol.Unit.SCALE_MIN;
import static dev.vmpower.protocol.Unit.SCALE_UP;
import static org.assertj.core.api.Assertions.assertThat;

import dev.vmpower.host.FakeGuest;
import dev.vmpower.host.Rig;
import dev.vmpower.host.arbiter.Envelope;
import dev.vmpower.host.config.Config;
import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.fake.FakeSysfs;
import dev.vmpower.machine.sysfs.Errno;
import dev.vmpower.protocol.Command;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What guests ask for, and what becomes of it at the hardware. */
class VoteTest {
  @TempDir Path directory;

  @Test
  void aRequestReachesTheHardwareBeforeItsAck() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 4).vm("vm0", "0", "1").start()) {
      FakeGuest guest = rig.guest("vm0", 0);

      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);

      assertThat(rig.khz(0)).isEqualTo(1_200_000);
      assertThat(rig.governor(0)).isEqualTo("userspace");
      assertThat(rig.governor(1)).isEqualTo("schedutil");
    }
  }

  @Test
  void connectingClaimsNothingAndConnectClaimsAtMax() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 4).vm("vm0", "0", "1").start()) {
      FakeGuest guest = rig.guest("vm0", 1);
      assertThat(rig.sysfs.takeWrites()).isEmpty();

      guest.connect();
      rig.sync();
      assertThat(guest.query(Command.QUERY_FREQ, 1).capacity()).isEqualTo(88);

      assertThat(rig.governor(1)).isEqualTo("userspace");
      assertThat(rig.khz(1)).isEqualTo(2_601_000);
      assertThat(rig.governor(0)).isEqualTo("schedutil");
    }
  }

  @Test
  void upAndDownMoveOneStepAndStopAtTheEnds() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);

      assertThat(guest.ask(SCALE_UP, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(2_601_000);
      int[] down = {2_600_000, 2_300_000, 2_000_000, 1_700_000, 1_400_000, 1_200_000, 1_200_000};
      for (int khz : down) {
        assertThat(guest.ask(SCALE_DOWN, 0)).isEqualTo(ACK);
        assertThat(rig.khz(0)).isEqualTo(khz);
      }
      assertThat(guest.ask(SCALE_UP, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(1_400_000);
    }
  }

  @Test
  void turboOffLowersToTheHighestLevelBelowAndTurboOnGoesToMax() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);

      assertThat(guest.ask(DISABLE_TURBO, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(2_600_000);
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(2_600_000);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(guest.ask(ENABLE_TURBO, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(2_601_000);
    }
  }

  @Test
  void turboIsRefusedWhereTheHostHasItOff() throws Exception {
    Rig off = Rig.withCpus(directory, 2).vm("vm0", "0");
    off.sysfs.put("cpufreq/boost", "0");
    try (Rig rig = off.start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);

      assertThat(guest.ask(ENABLE_TURBO, 0)).isEqualTo(NACK);

      assertThat(rig.khz(0)).isEqualTo(1_200_000);
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(2_600_000);
      assertThat(rig.status().refusals()).containsEntry("no_turbo", 1L);
    }
  }

  @Test
  void theHigherOfTwoVmsOnOnePcpuWinsWhicheverComesFirst() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm-a", "0").vm("vm-b", "0").start()) {
      FakeGuest a = rig.guest("vm-a", 0);
      FakeGuest b = rig.guest("vm-b", 0);

      assertThat(a.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(1_200_000);
      assertThat(b.ask(SCALE_MAX, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(2_601_000);
      assertThat(a.ask(SCALE_MIN, 0)).as("outvoted, and still counted").isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(2_601_000);

      b.close();
      assertThat(a.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(1_200_000);
    }
  }

  @Test
  void aVcpuOnThreePcpusMovesAllThreeAndNoOther() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 8).vm("vm0", "2-3,6").start()) {
      assertThat(rig.guest("vm0", 0).ask(SCALE_MIN, 0)).isEqualTo(ACK);

      for (int cpu = 0; cpu < 8; cpu++) {
        boolean its = cpu == 2 || cpu == 3 || cpu == 6;
        assertThat(rig.governor(cpu)).isEqualTo(its ? "userspace" : "schedutil");
        assertThat(rig.khz(cpu)).isEqualTo(its ? 1_200_000 : 2_601_000);
      }
    }
  }

  @Test
  void aSharedFrequencyDomainTakesTheHighestOfItsPcpus() throws Exception {
    FakeSysfs sysfs =
        new FakeSysfs().put("online", "0-3").addPolicy(Rig.TABLE, 0, 1).addPolicy(Rig.TABLE, 2, 3);
    try (Rig rig = new Rig(directory, sysfs).vm("vm-a", "0").vm("vm-b", "1").start()) {
      FakeGuest a = rig.guest("vm-a", 0);
      FakeGuest b = rig.guest("vm-b", 0);

      assertThat(a.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(b.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(1_200_000);
      assertThat(b.ask(SCALE_UP, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(1_400_000);
      assertThat(rig.governor(2)).isEqualTo("schedutil");
    }
  }

  @Test
  void hyperThreadsAreSettledTogetherUnlessOneIsReserved() throws Exception {
    FakeSysfs sysfs = new FakeSysfs().put("online", "0-3").addCpus(0, 4, Rig.TABLE);
    for (int cpu = 0; cpu < 4; cpu++) {
      sysfs.put("cpu" + cpu + "/topology/thread_siblings_list", cpu % 2 == 0 ? "0,2" : "1,3");
    }
    Rig reserving =
        new Rig(directory, sysfs)
            .cpu(cpu -> new Config.Cpu(cpu.root(), CpuSet.of(3), false, 8, true, false, false))
            .vm("vm0", "0", "1");
    try (Rig rig = reserving.start()) {
      FakeGuest guest = rig.guest("vm0", 0);

      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(guest.ask(SCALE_MIN, 1)).isEqualTo(ACK);

      assertThat(rig.khz(2)).as("the sibling of 0").isEqualTo(1_200_000);
      assertThat(rig.khz(3)).as("the sibling of 1 is reserved").isEqualTo(2_601_000);
      assertThat(rig.sysfs.takeWrites()).noneMatch(write -> write.contains("policy3"));
    }
  }

  @Test
  void aReservedPcpuAndItsWholeFrequencyDomainAreNeverWritten() throws Exception {
    FakeSysfs sysfs =
        new FakeSysfs().put("online", "0-3").addPolicy(Rig.TABLE, 0, 1).addPolicy(Rig.TABLE, 2, 3);
    Rig reserving =
        new Rig(directory, sysfs)
            .cpu(cpu -> new Config.Cpu(cpu.root(), CpuSet.of(0), false, 8, true, false, false))
            .vm("vm0", "1", "0-1", "1-2");
    try (Rig rig = reserving.start()) {
      FakeGuest guest = rig.guest("vm0", 0);

      for (int vcpu = 0; vcpu < 3; vcpu++) {
        assertThat(guest.ask(SCALE_MIN, vcpu)).isEqualTo(NACK);
      }

      assertThat(rig.sysfs.takeWrites()).isEmpty();
      assertThat(rig.status().refusals()).containsEntry("reserved", 3L);
    }
  }

  @Test
  void anUnpinnedVcpuIsRefusedUnlessItIsAllowed() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 12).vm("vm0", "0-11", "0-8", "0-7").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MIN, 0)).as("all that are online").isEqualTo(NACK);
      assertThat(guest.ask(SCALE_MIN, 1)).as("nine").isEqualTo(NACK);
      assertThat(rig.sysfs.takeWrites()).isEmpty();
      assertThat(guest.ask(SCALE_MIN, 2)).as("eight").isEqualTo(ACK);
      assertThat(rig.status().refusals()).containsEntry("unpinned", 2L);
    }
    Rig allowing =
        Rig.withCpus(directory.resolve("allowing"), 2)
            .cpu(cpu -> new Config.Cpu(cpu.root(), CpuSet.of(), true, 8, true, false, false))
            .vm("vm0", "0-1");
    try (Rig rig = allowing.start()) {
      assertThat(rig.guest("vm0", 0).ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(rig.khz(1)).isEqualTo(1_200_000);
    }
  }

  @Test
  void observingDecidesAndWritesNothing() throws Exception {
    Rig observing =
        Rig.withCpus(directory, 2)
            .cpu(cpu -> new Config.Cpu(cpu.root(), CpuSet.of(), false, 8, true, true, false))
            .vm("vm0", "0");
    try (Rig rig = observing.start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      guest.connect();

      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(NACK);

      assertThat(rig.cpu(0).targetKhz()).isEqualTo(1_200_000);
      assertThat(rig.cpu(0).managed()).isFalse();
      assertThat(rig.sysfs.takeWrites()).isEmpty();
      assertThat(rig.status().refusals()).containsEntry("observe", 1L);
      assertThat(directory.resolve("run/originals")).doesNotExist();
    }
  }

  @Test
  void anEnvelopeClipsAndEnforcedItSpeaksForTheVm() throws Exception {
    Envelope narrow = new Envelope(1_300_000, 2_100_000, true, true);
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", narrow, "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      rig.sync();
      assertThat(rig.khz(0)).as("enforced from the connection on").isEqualTo(2_000_000);

      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(1_400_000);
      assertThat(guest.ask(SCALE_DOWN, 0)).isEqualTo(ACK);
      assertThat(guest.ask(SCALE_UP, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).as("no step piles up behind the clip").isEqualTo(1_700_000);
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(2_000_000);
    }
  }

  @Test
  void anEnvelopeWithoutTurboRefusesTurbo() throws Exception {
    Envelope calm = new Envelope(0, Integer.MAX_VALUE, false, false);
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", calm, "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);

      assertThat(guest.ask(ENABLE_TURBO, 0)).isEqualTo(NACK);
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(2_600_000);
    }
  }

  @Test
  void anothersVcpuIsRefusedAndTheChannelLivesOn() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 4).vm("vm0", "0", "1").vm("vm1", "2").start()) {
      FakeGuest guest = rig.guest("vm0", 0);

      for (long vcpu : List.of(2L, 7L, -1L, Long.MIN_VALUE, 1L << 32)) {
        assertThat(guest.ask(SCALE_MIN, vcpu)).isEqualTo(NACK);
      }

      assertThat(rig.sysfs.takeWrites()).isEmpty();
      assertThat(rig.status().refusals()).containsEntry("others_vcpu", 5L);
      assertThat(guest.ask(SCALE_MIN, 1)).isEqualTo(ACK);
    }
  }

  @Test
  void theLimitsOfAnAdministratorBindMaxAndMin() throws Exception {
    Rig limited = Rig.withCpus(directory, 2).vm("vm0", "0");
    limited.sysfs.write("cpufreq/policy0/scaling_max_freq", "2300000");
    limited.sysfs.write("cpufreq/policy0/scaling_min_freq", "1400000");
    try (Rig rig = limited.start()) {
      FakeGuest guest = rig.guest("vm0", 0);

      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(2_300_000);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(1_400_000);
    }
  }

  @Test
  void aRefusedWriteIsANackAndComesIntoForceLater() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(ACK);
      rig.sysfs.fail("cpufreq/policy0/scaling_setspeed", Errno.EIO);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(NACK);
      assertThat(rig.status().refusals()).containsEntry("write", 1L);

      rig.sysfs.fail("cpufreq/policy0/scaling_setspeed", null);
      rig.pass(Monitor.SWEEP_NS);

      assertThat(rig.khz(0)).as("its vote was kept").isEqualTo(1_200_000);
      assertThat(guest.ask(SCALE_UP, 0)).isEqualTo(ACK);
    }
  }

  @Test
  void aDriverThatFailsSilentlyIsFoundOutByReadingBack() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(ACK);
      rig.sysfs.policy(0).setFailsSilently(true);

      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(NACK);

      assertThat(rig.status().refusals()).containsEntry("kept", 1L);
    }
  }

  @Test
  void eachFrequencyDomainIsWrittenOnceHoweverManyAsk() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(ACK);
      rig.sysfs.takeWrites();

      var burst = ByteBuffer.allocate(3 * 464).order(ByteOrder.LITTLE_ENDIAN);
      for (int i = 0; i < 3; i++) {
        burst.putInt(i * 464 + 8, SCALE_DOWN.code()).putInt(i * 464 + 12, 1);
      }
      guest.write(burst);
      guest.read(3 * 464);

      assertThat(rig.sysfs.takeWrites())
          .containsExactly("cpufreq/policy0/scaling_setspeed=2000000");
    }
  }

  @Test
  void whatIsInForceIsNotWrittenAgain() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      rig.sysfs.takeWrites();

      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);

      assertThat(rig.sysfs.takeWrites()).isEmpty();
    }
  }

  @Test
  void connectDropsTheRepliesOfWhatCameBeforeIt() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      ByteBuffer burst = ByteBuffer.allocate(3 * 464).order(ByteOrder.LITTLE_ENDIAN);
      burst.putInt(8, SCALE_MIN.code()).putInt(12, Command.CPU_POWER.code());
      burst.putInt(464 + 12, Command.CONNECT.code());
      burst.putInt(2 * 464 + 8, SCALE_DOWN.code()).putInt(2 * 464 + 12, 1);
      guest.write(burst);

      assertThat(guest.read(464).getInt(8)).isEqualTo(SCALE_DOWN.code());
      assertThat(guest.available()).isZero();
      assertThat(rig.khz(0)).as("one below max").isEqualTo(2_600_000);
    }
  }
}
