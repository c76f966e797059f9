package dev.vmpower.host.monitor;

import static dev.vmpower.protocol.ReplyKind.ACK;
import static dev.vmpower.protocol.ReplyKind.NACK;
import static dev.vmpower.protocol.Unit.DISABLE_TURBO;
import static dev.vmpower.protocol.Unit.ENABLE_TURBO;
import static dev.vmpower.protocol.Unit.SCALE_MAX;
import static dev.vmpower.protocol.Unit.SCALE_MIN;
import static dev.vmpower.protocol.Unit.SCALE_UP;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.vmpower.host.FakeGuest;
import dev.vmpower.host.Rig;
import dev.vmpower.host.config.Config;
import dev.vmpower.host.orders.Orders;
import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.fake.FakeDriver;
import dev.vmpower.machine.fake.FakeSysfs;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A guest that alternates between MIN and MAX where {@code max_changes_per_second} is set. */
class PaceOfChangesTest {
  @TempDir Path directory;

  private static Config.Cpu paced(Config.Cpu cpu, int changesPerSecond) {
    return new Config.Cpu(
        cpu.root(), cpu.reserved(), false, 8, true, false, false, changesPerSecond);
  }

  private Rig shared(int changesPerSecond) {
    FakeSysfs sysfs =
        new FakeSysfs().put("online", "0-3").addPolicy(Rig.TABLE, 0, 1).addPolicy(Rig.TABLE, 2, 3);
    return new Rig(directory, sysfs).cpu(cpu -> paced(cpu, changesPerSecond));
  }

  @Test
  void raisingPassesAndLoweringWaitsUntilItsTime() throws Exception {
    try (Rig rig = shared(1).vm("vm0", "0").vm("vm1", "2").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).as("the first change waits for nothing").isEqualTo(1_200_000);
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).as("raising passes").isEqualTo(2_601_000);

      assertThat(guest.ask(SCALE_MIN, 0)).as("counted, and not due yet").isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(2_601_000);
      assertThat(rig.cpu(0).targetKhz()).isEqualTo(2_601_000);
      assertThat(rig.cpu(0).why()).contains("waits").contains("max_changes_per_second");
      assertThat(rig.cpu(0).waitingKhz()).isEqualTo(1_200_000);
      assertThat(rig.guest("vm1", 0).ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(rig.khz(2)).as("another clock").isEqualTo(1_200_000);

      rig.pass(2 * Rig.SECOND_NS);
      assertThat(rig.khz(0)).as("without another request").isEqualTo(1_200_000);
      assertThat(rig.cpu(0).why()).doesNotContain("waits");
      assertThat(rig.cpu(0).waitingKhz()).isNull();
    }
  }

  @Test
  void itIsLoweredAtItsTimeByTheClockAlone() throws Exception {
    try (Rig rig = shared(20).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      guest.ask(SCALE_MIN, 0);
      guest.ask(SCALE_MAX, 0);
      guest.ask(SCALE_MIN, 0);

      await().until(() -> rig.khz(0) == 1_200_000);
    }
  }

  /** What was decided while nothing was written was no change. */
  @Test
  void nothingWaitsForWhatWasNotWritten() throws Exception {
    try (Rig rig = shared(1).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      rig.ask(new Verb.Pause(true));
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(NACK);
      rig.ask(new Verb.Pause(false));

      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);

      assertThat(rig.khz(0)).as("one change since").isEqualTo(2_601_000);
      rig.pass(Rig.SECOND_NS);
      assertThat(rig.khz(0)).isEqualTo(1_200_000);
    }
  }

  @Test
  void whoeverAlternatesComesToNoMoreWritesThanThat() throws Exception {
    try (Rig rig = shared(10).vm("vm0", "0").vm("vm1", "1").start()) {
      FakeGuest hostile = rig.guest("vm0", 0);
      FakeGuest neighbour = rig.guest("vm1", 0);
      assertThat(neighbour.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      rig.sysfs.policy(0).takeTransitions();
      long beganNs = System.nanoTime();
      for (int i = 0; i < 400; i++) {
        assertThat(hostile.ask(i % 2 == 0 ? SCALE_MAX : SCALE_MIN, 0)).isEqualTo(ACK);
      }
      long tookNs = System.nanoTime() - beganNs;

      int changes = rig.sysfs.policy(0).takeTransitions().size();
      assertThat(changes).isBetween(1, (int) (10 * tookNs / Rig.SECOND_NS) + 3);
    }
  }

  @Test
  void anOperatorsOrdersWaitForNothing() throws Exception {
    try (Rig rig = shared(1).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      guest.ask(SCALE_MIN, 0);
      guest.ask(SCALE_MAX, 0);

      rig.ask(new Verb.SwitchTurbo(CpuSet.of(0), false, "root"));
      assertThat(rig.khz(0)).isEqualTo(2_600_000);
      rig.ask(new Verb.SetEnvelope("vm0", new Orders.Limits(null, 2_000_000, null, null), false));
      assertThat(rig.khz(0)).isEqualTo(2_000_000);
      rig.ask(new Verb.SetCpus(CpuSet.of(0), "min", "root", 0));
      assertThat(rig.khz(0)).isEqualTo(1_200_000);
    }
  }

  @Test
  void turboWithASwitchOfItsOwnIsNoWayAround() throws Exception {
    FakeSysfs sysfs = new FakeSysfs().put("online", "0-1").addPolicy(FakeDriver.ACPI_AMD, 0);
    sysfs.addPolicy(FakeDriver.ACPI_AMD, 1);
    try (Rig rig = new Rig(directory, sysfs).cpu(cpu -> paced(cpu, 1)).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(DISABLE_TURBO, 0)).isEqualTo(ACK);
      assertThat(guest.ask(ENABLE_TURBO, 0)).isEqualTo(ACK);
      sysfs.takeWrites();
      for (int i = 0; i < 20; i++) {
        assertThat(guest.ask(DISABLE_TURBO, 0)).isEqualTo(ACK);
        assertThat(guest.ask(ENABLE_TURBO, 0)).isEqualTo(ACK);
      }
      assertThat(sysfs.takeWrites()).isEmpty();
      assertThat(guest.ask(DISABLE_TURBO, 0)).isEqualTo(ACK);
      rig.pass(2 * Rig.SECOND_NS);
      assertThat(sysfs.takeWrites()).containsExactly("cpufreq/policy0/boost=0");
      assertThat(guest.ask(SCALE_UP, 0)).isEqualTo(ACK);
    }
  }
}
