package dev.vmpower.host.monitor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** When a watchdog is told that the loop turns. */
class HeartbeatTest {
  private static final long S = 1_000_000_000L;

  private final AtomicInteger beats = new AtomicInteger();

  @Test
  void theSweepsWillDoForAWatchdogOfHalfAMinute() {
    Heartbeat heartbeat = new Heartbeat(30 * S, beats::incrementAndGet);
    for (long nowNs = 0; nowNs < 3600 * S; nowNs += Monitor.SWEEP_NS) {
      heartbeat.turned(nowNs);
      assertThat(heartbeat.deadlineNs()).as("nobody is woken").isGreaterThan(nowNs + 5 * S);
    }
    assertThat(beats.get()).isEqualTo(360);
  }

  @Test
  void aShortOneWakesTheLoopTwiceInItsTimeAndABusyLoopTellsNoMoreThanFourTimes() {
    Heartbeat heartbeat = new Heartbeat(2 * S, beats::incrementAndGet);
    heartbeat.turned(0);
    assertThat(heartbeat.deadlineNs()).isEqualTo(S);
    for (long nowNs = 0; nowNs < 20 * S; nowNs += S / 1000) {
      heartbeat.turned(nowNs);
    }
    assertThat(beats.get()).isEqualTo(40);
  }

  @Test
  void whereNobodyWatchesNothingIsDue() {
    Heartbeat.none().turned(S);
    assertThat(Heartbeat.none().deadlineNs()).isEqualTo(Long.MAX_VALUE);
  }
}
