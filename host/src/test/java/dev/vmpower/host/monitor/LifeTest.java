package dev.vmpower.host.monitor;

import static dev.vmpower.protocol.ReplyKind.ACK;
import static dev.vmpower.protocol.ReplyKind.NACK;
import static dev.vmpower.protocol.Unit.SCALE_MAX;
import static dev.vmpower.protocol.Unit.SCALE_MIN;
import static dev.vmpower.protocol.Unit.SCALE_UP;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.vmpower.host.FakeGuest;
import dev.vmpower.host.Rig;
import dev.vmpower.host.clock.Clocks;
import dev.vmpower.host.config.Config;
import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.fake.FakeSysfs;
import dev.vmpower.protocol.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How claims begin and end, and what is left of them. */
class LifeTest {
  @TempDir Path directory;

  @Test
  void hangingUpGivesTheFrequencyDomainBack() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);

      guest.close();
      await().until(() -> rig.status().managedDomains() == 0);

      assertThat(rig.governor(0)).isEqualTo("schedutil");
      assertThat(directory.resolve("run/originals")).doesNotExist();
    }
  }

  @Test
  void aSocketIsTakenUpAgainHoweverOftenItHangsUp() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      for (int i = 0; i < 20; i++) {
        assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
        guest.hangUp();
        guest.awaitConnection();
      }
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
    }
  }

  @Test
  void anOrderlyEndGivesEverythingBack() throws Exception {
    Rig rig = Rig.withCpus(directory, 4).vm("vm0", "0", "1-3");
    rig.sysfs.policy(2).setGovernor("userspace");
    rig.sysfs.write("cpufreq/policy2/scaling_setspeed", "1700000");
    try (rig) {
      rig.start();
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(guest.ask(SCALE_MIN, 1)).isEqualTo(ACK);

      rig.stop();

      assertThat(rig.governor(0)).isEqualTo("schedutil");
      assertThat(rig.governor(1)).isEqualTo("schedutil");
      assertThat(rig.governor(2)).isEqualTo("userspace");
      assertThat(rig.khz(2)).isEqualTo(1_700_000);
    }
  }

  @Test
  void afterACrashWhatIsNotClaimedAgainIsRestored() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "0").start()) {
      rig.sysfs.policy(1).setGovernor("userspace"); // as the daemon that crashed had left it
      Files.writeString(
          directory.resolve("run/originals"),
          """
          vmpower-originals 1
          boot boot
          root fake
          policy 1 governor=ondemand setspeed=<unsupported> min=1200000 max=2601000 \
          driver=acpi-cpufreq
          end 1
          """);
      rig.stop();
      rig.start();

      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      guest.close();
      await().until(() -> rig.status().channels() == 0);
      assertThat(rig.governor(0)).as("claimed and released in this run").isEqualTo("schedutil");
      assertThat(rig.governor(1)).as("it may be claimed again").isEqualTo("userspace");
      rig.pass(Clocks.ADOPT_NS);
      assertThat(rig.governor(1)).isEqualTo("ondemand");
    }
  }

  @Test
  void afterACrashWhatIsClaimedAgainIsAdoptedWithoutABounce() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      byte[] originals = Files.readAllBytes(directory.resolve("run/originals"));
      await().until(() -> Files.exists(directory.resolve("run/claims")));
      rig.stop();
      rig.sysfs.policy(0).setGovernor("userspace");
      Files.write(directory.resolve("run/originals"), originals);
      rig.sysfs.takeWrites();

      rig.start();
      guest.awaitConnection();
      await().until(() -> rig.status().channels() == 1);
      rig.sync();

      assertThat(rig.khz(0)).as("max until it asks").isEqualTo(2_601_000);
      rig.pass(Clocks.ADOPT_NS);
      assertThat(rig.sysfs.takeWrites()).noneMatch(write -> write.contains("scaling_governor"));
      assertThat(Files.readAllBytes(directory.resolve("run/originals"))).isEqualTo(originals);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(1_200_000);
      rig.stop();
      assertThat(rig.governor(0)).isEqualTo("schedutil");
    }
  }

  @Test
  void whereTheOriginalCannotBeSavedNothingIsTouched() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      blockSaving();

      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(NACK);

      assertThat(rig.sysfs.takeWrites()).isEmpty();
      assertThat(rig.status().refusals()).containsEntry("state", 1L);
      Files.delete(directory.resolve("run/originals/in-the-way"));
      Files.delete(directory.resolve("run/originals"));
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
    }
  }

  /** Else the next start after a crash would give it back once more, whoever has set it since. */
  @Test
  void whatWasGivenBackOnAFullDiskIsForgottenOnceThereIsRoom() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "0").start()) {
      rig.ask(new Verb.SetCpus(CpuSet.of(0), "min", "root"));
      rig.ask(new Verb.SetCpus(CpuSet.of(1), "min", "root"));
      Path full = Files.createDirectories(directory.resolve("run/originals.new/in-the-way"));
      rig.ask(new Verb.ReleaseCpus(CpuSet.of(0)));
      assertThat(rig.governor(0)).isEqualTo("schedutil");
      Path originals = directory.resolve("run/originals");
      assertThat(originals).content().contains("policy 0");
      Files.delete(full);
      Files.delete(full.getParent());

      rig.pass(Monitor.SWEEP_NS);

      assertThat(originals).content().doesNotContain("policy 0").contains("policy 1");
    }
  }

  // root may write anywhere, but not rename a file over a directory that is not empty.
  private void blockSaving() throws IOException {
    Files.createDirectories(directory.resolve("run/originals/in-the-way"));
  }

  @Test
  void aHostWithoutCpufreqIsServedAndTakenOverWhenItAppears() throws Exception {
    FakeSysfs bare = new FakeSysfs().put("online", "0-1");
    bare.put("cpu0/topology/physical_package_id", "0");
    bare.put("cpu1/topology/physical_package_id", "0");
    try (Rig rig = new Rig(directory, bare).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(NACK);
      assertThat(rig.status().refusals()).containsEntry("no_cpufreq", 1L);

      bare.addCpus(0, 2, Rig.TABLE);
      rig.pass(Monitor.SWEEP_NS);

      assertThat(rig.khz(0)).as("its vote was kept").isEqualTo(1_200_000);
      assertThat(guest.ask(SCALE_UP, 0)).isEqualTo(ACK);
    }
  }

  @Test
  void anOfflinePcpuIsANackAndComesBackByItself() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "1").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(ACK);
      rig.sysfs.setOnline(1, false);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(NACK);
      rig.sysfs.put("online", "0");
      rig.pass(Monitor.SWEEP_NS);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(NACK);
      assertThat(rig.status().refusals()).containsEntry("offline", 2L);

      rig.sysfs.setOnline(1, true);
      rig.sysfs.put("online", "0-1");
      rig.pass(Monitor.SWEEP_NS);

      assertThat(rig.khz(1)).isEqualTo(1_200_000);
      assertThat(rig.sysfs.takeWrites())
          .as("another level first: the kernel sends nothing where a write equals its guess")
          .endsWith(
              "cpufreq/policy1/scaling_setspeed=1400000",
              "cpufreq/policy1/scaling_setspeed=1200000");
      assertThat(guest.ask(SCALE_UP, 0)).isEqualTo(ACK);
      rig.stop();
      assertThat(rig.governor(1)).as("its original was kept meanwhile").isEqualTo("schedutil");
    }
  }

  @Test
  void anotherProgramsGovernorIsLeftAloneUntilItIsGone() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(ACK);
      rig.sysfs.policy(0).setGovernor("powersave");
      rig.sysfs.takeWrites();

      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(NACK);
      assertThat(rig.sysfs.takeWrites()).isEmpty();
      assertThat(rig.status().refusals()).containsEntry("conflict", 1L);

      rig.sysfs.policy(0).setGovernor("userspace");
      assertThat(guest.ask(SCALE_UP, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(1_400_000);

      rig.sysfs.policy(0).setGovernor("powersave");
      rig.stop();
      assertThat(rig.governor(0)).as("left as the other program set it").isEqualTo("powersave");
    }
  }

  @Test
  void whereOthersChangesAreToBeUndoneTheyAreWithinASecond() throws Exception {
    Rig reasserting =
        Rig.withCpus(directory, 2)
            .cpu(cpu -> new Config.Cpu(cpu.root(), CpuSet.of(), false, 8, true, false, true))
            .vm("vm0", "0");
    try (Rig rig = reasserting.start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      rig.sysfs.policy(0).setGovernor("performance");
      rig.sysfs.write("cpufreq/policy0/scaling_max_freq", "1700000");

      rig.pass(Rig.SECOND_NS);

      assertThat(rig.governor(0)).isEqualTo("userspace");
      assertThat(rig.khz(0)).isEqualTo(1_200_000);
      assertThat(rig.sysfs.read("cpufreq/policy0/scaling_max_freq")).isEqualTo("2601000");
      assertThat(rig.cpu(0).conflicts()).isEqualTo(1);
    }
  }

  @Test
  void aVmThatIsConfiguredAgainIsServedAgain() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      Config with = rig.config();
      Config without =
          new Config(
              with.cpu(), with.state(), with.control(), with.libvirt(), with.compat(), List.of());

      // Both before the monitor tells the connector what is wanted.
      assertThat(rig.monitor().mailbox().offer(configured(without))).isTrue();
      assertThat(rig.monitor().mailbox().offer(configured(with))).isTrue();
      rig.sync();

      guest.awaitConnection();
      await().until(() -> rig.status().channels() == 1);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(1_200_000);
    }
  }

  private static Event configured(Config config) {
    return new Event.Configured(config, new CompletableFuture<>());
  }

  @Test
  void whenAllSocketsHangUpWithRequestsUnderWayEachIsConnectedOnce() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      for (int i = 0; i < 50; i++) {
        guest.send(Command.CPU_POWER, SCALE_MIN, 0);
        guest.send(Command.CPU_POWER, SCALE_MAX, 0);
        guest.hangUp();
        guest.awaitConnection();
      }
      await().until(() -> rig.status().channels() == 1);

      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(guest.isWaitedFor()).as("a second connection").isFalse();
    }
  }
}
