package dev.vmpower.host.monitor;

import static dev.vmpower.protocol.ReplyKind.ACK;
import static dev.vmpower.protocol.ReplyKind.NACK;
import static dev.vmpower.protocol.Unit.SCALE_MAX;
import static dev.vmpower.protocol.Unit.SCALE_MIN;
import static org.assertj.core.api.Assertions.assertThat;

import dev.vmpower.host.FakeGuest;
import dev.vmpower.host.Rig;
import dev.vmpower.machine.cpu.CpuSet;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The wall clock is set by years, and nothing but what it shows is another: time is monotonic. */
class WallClockTest {
  private static final long HOLD_S = 60;

  @TempDir Path directory;

  @Test
  void whereTheWallClockIsSetNothingEndsNorLastsLonger() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 3).vm("vm0", "0", "1").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      rig.ask(new Verb.SetCpus(CpuSet.of(1), "1700000", "root (pid 1)", (int) HOLD_S));
      long yearsMs = Duration.ofDays(5 * 365).toMillis();
      for (long jumpMs : new long[] {yearsMs, -3 * yearsMs, yearsMs}) {
        rig.setWallClock(jumpMs);

        assertThat(rig.khz(0)).as("its claim and its vote stand").isEqualTo(1_200_000);
        assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(ACK);
        assertThat(rig.khz(0)).isEqualTo(2_601_000);
        assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
        assertThat(guest.ask(SCALE_MAX, 1)).as("the hold stands").isEqualTo(NACK);
        assertThat(rig.khz(1)).isEqualTo(1_700_000);
        assertThat(rig.governor(2)).isEqualTo("schedutil");
      }
      rig.setWallClock(-2 * yearsMs);
      rig.pass(HOLD_S * Rig.SECOND_NS);
      assertThat(rig.khz(1)).as("the hold is over").isEqualTo(2_601_000);

      guest.hangUp();
      guest.awaitConnection();
      assertThat(guest.ask(SCALE_MIN, 0)).as("after a hang-up").isEqualTo(ACK);
    }
  }
}
