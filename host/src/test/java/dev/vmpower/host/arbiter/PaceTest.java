package dev.vmpower.host.arbiter;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How often a frequency domain may be changed. */
class PaceTest {
  private static final long SECOND_NS = 1_000_000_000L;

  @Test
  void withoutALimitNothingWaits() {
    Pace pace = new Pace(0);
    for (int i = 0; i < 1_000; i++) {
      pace.change(i);
      assertThat(pace.mayLower(i)).isTrue();
    }
  }

  @Test
  void theFirstChangeWaitsForNothingWhateverTheClockSays() {
    assertThat(new Pace(1).mayLower(Long.MIN_VALUE / 2)).isTrue();
    assertThat(new Pace(1).mayLower(-1)).isTrue();
  }

  /** A guest that wishes for another level every few microseconds, of which each is obeyed. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 10, 100, 1_000})
  void whoeverAlternatesComesToSoManyChangesInASecond(int changesPerSecond) {
    Pace pace = new Pace(changesPerSecond);
    List<Long> changes = new ArrayList<>();
    boolean high = true;
    for (long nowNs = 0; nowNs < 5 * SECOND_NS; nowNs += 10_000) {
      if (!high || pace.mayLower(nowNs)) {
        high = !high;
        pace.change(nowNs);
        changes.add(nowNs);
      }
    }
    assertThat(changes).hasSizeBetween(5 * changesPerSecond - 5, 5 * changesPerSecond + 2);
  }

  /**
   * Random wishes at random times: raising never waits, no lowering comes sooner than a share after
   * the change before it, none waits longer than the longest, and the last wish comes to be.
   */
  @Test
  void raisingPassesAndLoweringWaitsButNotForLong() {
    for (long seed = 1; seed <= 300; seed++) {
      Random random = new Random(seed);
      int changesPerSecond = 1 + random.nextInt(20);
      long shareNs = SECOND_NS / changesPerSecond;
      long longestNs = Math.max(SECOND_NS, 2 * shareNs);
      Pace pace = new Pace(changesPerSecond);
      long nowNs = random.nextLong(-SECOND_NS, SECOND_NS);
      long changedNs = nowNs - 10 * SECOND_NS;
      int level = 0;
      for (int i = 0; i < 400; i++) {
        nowNs += random.nextLong(random.nextBoolean() ? 1_000_000 : shareNs);
        int wish = random.nextInt(10);
        String as = "seed " + seed + " step " + i;
        if (wish < level && !pace.mayLower(nowNs)) {
          assertThat(pace.mayLowerAtNs() - nowNs).as(as).isBetween(1L, longestNs);
          assertThat(pace.mayLower(pace.mayLowerAtNs() - 1)).as(as).isFalse();
          assertThat(pace.mayLower(pace.mayLowerAtNs())).as(as).isTrue();
        } else if (wish != level) {
          if (wish < level) {
            assertThat(nowNs - changedNs).as(as).isGreaterThanOrEqualTo(shareNs);
          }
          level = wish;
          changedNs = nowNs;
          pace.change(nowNs);
        }
      }
    }
  }

  @Test
  void manyStepsUpDoNotAddUp() {
    Pace pace = new Pace(2);
    for (int i = 0; i < 30; i++) {
      pace.change(i);
    }
    assertThat(pace.mayLowerAtNs()).isEqualTo(29 + Pace.DEBT_NS_MAX);
  }
}
