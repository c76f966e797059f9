package dev.vmpower.host.monitor;

import static dev.vmpower.protocol.ReplyKind.ACK;
import static dev.vmpower.protocol.ReplyKind.NACK;
import static dev.vmpower.protocol.Unit.SCALE_MAX;
import static dev.vmpower.protocol.Unit.SCALE_MIN;
import static dev.vmpower.protocol.Unit.SCALE_UP;
import static org.assertj.core.api.Assertions.assertThat;

import dev.vmpower.host.FakeGuest;
import dev.vmpower.host.Rig;
import dev.vmpower.host.config.Config;
import dev.vmpower.machine.cpu.CpuSet;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Another program that changes governor, limits or speed of what is managed. */
class ConflictTest {
  private static final String SETSPEED = "cpufreq/policy0/scaling_setspeed";

  /** More requests than there are looks at once. */
  private static final int STREAM = 60;

  private static final long LOOK_NS = 100_000_000L; // Looks.LOOK_NS

  @TempDir Path directory;

  private Rig rig(boolean reassert) {
    return Rig.withCpus(directory, 2)
        .cpu(cpu -> new Config.Cpu(cpu.root(), CpuSet.of(), false, 8, true, false, reassert))
        .vm("vm0", "0");
  }

  @Test
  void anothersSpeedIsLeftAloneUntilAnOperatorReclaims() throws Exception {
    try (Rig rig = rig(false).start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      rig.sysfs.write(SETSPEED, "2000000");
      rig.sysfs.takeWrites();

      assertThat(guest.ask(SCALE_MIN, 0)).as("not in force").isEqualTo(NACK);
      assertThat(guest.ask(SCALE_UP, 0)).isEqualTo(NACK);
      assertThat(rig.sysfs.takeWrites()).isEmpty();
      assertThat(rig.cpu(0).problem()).contains("conflict: speed was set to 2000000");
      assertThat(rig.cpu(0).conflicts()).isEqualTo(1);
      assertThat(rig.status().refusals()).containsEntry("conflict", 2L);

      rig.ask(new Verb.ReclaimCpus(CpuSet.of(0)));
      assertThat(rig.khz(0)).isEqualTo(1_400_000);
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(ACK);
    }
  }

  @Test
  void inAStreamOfRequestsAnothersSpeedIsNoticedWithinTheTimeOfALook() throws Exception {
    try (Rig rig = rig(false).start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      ask(guest, STREAM);
      rig.sysfs.write(SETSPEED, "2000000");
      rig.pass(LOOK_NS);
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(NACK);
      assertThat(guest.ask(SCALE_MAX, 0)).as("also between two looks").isEqualTo(NACK);
      assertThat(rig.khz(0)).as("left alone").isEqualTo(2_000_000);
      assertThat(rig.cpu(0).conflicts()).isEqualTo(1);
    }
  }

  @Test
  void betweenTwoRequestsOfAStreamALookComesThatNoneOfThemHasToWaitFor() throws Exception {
    try (Rig rig = rig(false).start()) {
      ask(rig.guest("vm0", 0), STREAM);
      rig.sysfs.write(SETSPEED, "2000000");
      rig.pass(LOOK_NS * 8 / 10);
      assertThat(rig.cpu(0).conflicts()).as("nobody has asked").isEqualTo(1);
    }
  }

  @Test
  void afterAStreamOneLookComesAndThenNoneUntilTheSweep() throws Exception {
    try (Rig rig = rig(false).start()) {
      ask(rig.guest("vm0", 0), STREAM);
      rig.pass(LOOK_NS);
      rig.sysfs.write(SETSPEED, "2000000");
      for (int i = 0; i < 5; i++) {
        rig.pass(LOOK_NS);
      }
      assertThat(rig.cpu(0).conflicts()).isZero();
    }
  }

  @Test
  void whoAsksSeldomGetsHisLookWithHisRequest() throws Exception {
    try (Rig rig = rig(false).start()) {
      ask(rig.guest("vm0", 0), 1);
      rig.sysfs.write(SETSPEED, "2000000");
      rig.pass(LOOK_NS);
      assertThat(rig.cpu(0).conflicts()).isZero();
    }
  }

  private static void ask(FakeGuest guest, int times) throws Exception {
    for (int i = 0; i < times; i++) {
      assertThat(guest.ask(i % 2 == 0 ? SCALE_MAX : SCALE_MIN, 0)).isEqualTo(ACK);
    }
  }

  @Test
  void theSweepNoticesASpeedThatNobodyAsksAbout() throws Exception {
    try (Rig rig = rig(false).start()) {
      assertThat(rig.guest("vm0", 0).ask(SCALE_MIN, 0)).isEqualTo(ACK);
      rig.sysfs.write(SETSPEED, "2000000");

      rig.pass(Monitor.SWEEP_NS);
      assertThat(rig.cpu(0).conflicts()).isEqualTo(1);

      rig.sysfs.write(SETSPEED, "1200000");
      rig.pass(Monitor.SWEEP_NS);
      assertThat(rig.cpu(0).problem()).as("it is ours again").isNull();
    }
  }

  @Test
  void anothersSpeedIsUndoneWhereThatIsTheRule() throws Exception {
    try (Rig rig = rig(true).start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      rig.sysfs.write(SETSPEED, "2000000");
      rig.pass(Rig.SECOND_NS);
      assertThat(rig.khz(0)).as("within a second").isEqualTo(1_200_000);

      rig.sysfs.write(SETSPEED, "2000000");
      assertThat(guest.ask(SCALE_MIN, 0)).as("at the next request").isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(1_200_000);
      assertThat(rig.cpu(0).conflicts()).isEqualTo(2);
    }
  }

  @Test
  void aSpeedThatOnlyTheKernelChangedIsNoConflict() throws Exception {
    try (Rig rig = rig(false).start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(ACK);
      rig.sysfs.put("cpufreq/policy0/bios_limit", "2000000");
      rig.sysfs.write("cpufreq/policy0/scaling_max_freq", "2000000"); // as the kernel does then
      assertThat(rig.khz(0)).isEqualTo(2_000_000);

      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(NACK);
      assertThat(rig.status().refusals()).containsOnlyKeys("kept");
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(rig.cpu(0).conflicts()).isZero();
    }
  }

  /** The governor is another's from the look at it to the write: the kernel says EINVAL. */
  @Test
  void aWriteThatCameTooLateIsAConflictAndNoRefusedWrite() throws Exception {
    for (boolean reassert : new boolean[] {false, true}) {
      try (Rig rig = rig(reassert).start()) {
        FakeGuest guest = rig.guest("vm0", 0);
        assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(ACK);
        rig.sysfs.beforeNextWrite(SETSPEED, () -> rig.sysfs.policy(0).setGovernor("powersave"));

        assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(reassert ? ACK : NACK);

        assertThat(rig.governor(0)).isEqualTo(reassert ? "userspace" : "powersave");
        assertThat(rig.cpu(0).conflicts()).isEqualTo(1);
        assertThat(rig.cpu(0).refusedWrites()).isZero();
      }
    }
  }

  @Test
  void anothersSpeedStaysWhereTheOriginalWasOneToo() throws Exception {
    Rig found = rig(false);
    found.sysfs.policy(0).setGovernor("userspace");
    found.sysfs.write(SETSPEED, "1700000");
    try (Rig rig = found.start()) {
      assertThat(rig.guest("vm0", 0).ask(SCALE_MIN, 0)).isEqualTo(ACK);
      rig.sysfs.write(SETSPEED, "2000000");
      rig.stop();
      assertThat(rig.khz(0)).isEqualTo(2_000_000);
    }
  }

  @Test
  void whoLikelyDidItIsAskedForOnceAndShown() throws Exception {
    String cause = "TuneD (pid 812) runs here and is the likely cause";
    for (boolean reassert : new boolean[] {false, true}) {
      AtomicInteger asked = new AtomicInteger();
      try (Rig rig = rig(reassert).start()) {
        rig.monitor().whenConflictFound(asked::incrementAndGet);
        FakeGuest guest = rig.guest("vm0", 0);
        guest.ask(SCALE_MIN, 0);
        assertThat(rig.cpu(0).lastConflict()).isNull();
        rig.sysfs.policy(0).setGovernor("performance");
        guest.ask(SCALE_MIN, 0);
        guest.ask(SCALE_MIN, 0);
        assertThat(asked).hasValue(1);
        assertThat(rig.cpu(0).lastConflict()).isEqualTo("governor is performance");

        rig.post(new Event.Suspected(cause));
        guest.ask(SCALE_MIN, 0); // it is not forgotten

        assertThat(rig.cpu(0).lastConflict()).isEqualTo("governor is performance: " + cause);
        if (reassert) {
          assertThat(rig.cpu(0).problem()).isNull();
        } else {
          assertThat(rig.cpu(0).problem()).contains(cause).contains("cpu reclaim");
        }
        assertThat(rig.cpu(1).lastConflict()).isNull();
      }
    }
  }
}
