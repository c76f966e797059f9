package dev.vmpower.host.arbiter;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vmpower.machine.cpufreq.Ladder;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a vote comes to, for every vote, envelope and bound on a ladder with turbo. */
class ArbiterTest {
  private static final Ladder LADDER =
      Ladder.ofTable("2601000 2600000 2300000 2000000 1700000 1400000 1200000");
  private static final Bounds FREE = new Bounds(0, Integer.MAX_VALUE, true);
  private static final List<Integer> LIMITS =
      List.of(
          0,
          1,
          1_200_000,
          1_300_000,
          2_000_000,
          2_600_000,
          2_601_000,
          3_000_000,
          Integer.MAX_VALUE);

  @Test
  void maxAndMinStayWhatTheyAreAtTheEnds() {
    assertThat(Arbiter.up(Arbiter.MAX, true, Envelope.HARDWARE, LADDER, FREE))
        .isEqualTo(Arbiter.MAX);
    assertThat(Arbiter.down(Arbiter.MIN, true, Envelope.HARDWARE, LADDER, FREE))
        .isEqualTo(Arbiter.MIN);
    assertThat(Arbiter.withoutTurbo(Arbiter.MAX, LADDER)).isEqualTo(Arbiter.MAX);
  }

  @Test
  void aVoteBetweenTwoLevelsTakesTheHigher() {
    int index = Arbiter.levelIndex(1_400_001, true, Envelope.HARDWARE, LADDER, FREE);

    assertThat(LADDER.khz(index)).isEqualTo(1_700_000);
  }

  @Test
  void anAdministratorsLowerLimitGoesBeforeAnEnvelope() {
    Bounds bounds = new Bounds(2_000_000, Integer.MAX_VALUE, true);
    Envelope low = new Envelope(0, 1_400_000, true, false);

    int index = Arbiter.levelIndex(Arbiter.MIN, true, low, LADDER, bounds);

    assertThat(LADDER.khz(index)).isEqualTo(2_000_000);
  }

  /** Exhaustive over envelopes and votes: 81 envelopes, 2 switches, 9 votes and both steps. */
  @Test
  void noVoteLeavesItsEnvelopeAndEveryStepIsOneLevelOrNone() {
    for (int min : LIMITS) {
      for (int max : LIMITS) {
        for (boolean turbo : new boolean[] {true, false}) {
          for (int vote : LIMITS) {
            check(vote, new Envelope(min, max, turbo, false));
          }
        }
      }
    }
  }

  private static void check(int vote, Envelope envelope) {
    int index = Arbiter.levelIndex(vote, true, envelope, LADDER, FREE);
    int khz = LADDER.khz(index);
    String of = vote + " in " + envelope;

    assertThat(khz).as(of).isLessThanOrEqualTo(Math.max(envelope.maxKhz(), 1_200_000));
    if (!envelope.turbo()) {
      assertThat(khz).as(of).isLessThanOrEqualTo(2_600_000);
    }
    int top = Arbiter.topIndex(true, envelope, LADDER, FREE);
    int bottom = Arbiter.bottomIndex(top, envelope, LADDER, FREE);
    assertThat(index).as(of).isBetween(top, bottom);
    if (bottom > top) {
      assertThat(LADDER.khz(bottom)).as(of).isGreaterThanOrEqualTo(envelope.minKhz());
    }
    int up = Arbiter.up(vote, true, envelope, LADDER, FREE);
    int down = Arbiter.down(vote, true, envelope, LADDER, FREE);
    assertThat(Arbiter.levelIndex(up, true, envelope, LADDER, FREE))
        .as("up from " + of)
        .isBetween(index - 1, index);
    assertThat(Arbiter.levelIndex(down, true, envelope, LADDER, FREE))
        .as("down from " + of)
        .isBetween(index, index + 1);
  }
}
