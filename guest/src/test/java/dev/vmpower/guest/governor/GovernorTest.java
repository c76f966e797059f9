package dev.vmpower.guest.governor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vmpower.guest.Answer;
import dev.vmpower.guest.Wish;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A vCPU's load goes in, and what it asks for comes out: without a clock, and all of it. */
class GovernorTest {
  private static final long MS = 1_000_000;
  private static final int TICKS = 100;

  /** A governor, and the counters and the clock that it is shown. */
  private static final class Shown {
    final Governor governor;
    long busy;
    long total;
    long nowNs = Long.MAX_VALUE - 50 * MS; // it overflows soon
    Answer answer = Answer.ACK;

    Shown(Thresholds thresholds) {
      governor = new Governor(thresholds);
    }

    @Nullable Wish sample(int load, long afterMs) {
      nowNs += afterMs * MS;
      total += TICKS;
      busy += load;
      Wish wish = governor.decide(nowNs, new CpuTimes(busy, total));
      if (wish != null) {
        governor.answered(nowNs, wish, answer);
      }
      return wish;
    }
  }

  private static List<@Nullable Wish> wishes(int... loads) {
    Shown shown = new Shown(Thresholds.DEFAULT);
    List<@Nullable Wish> wishes = new ArrayList<>();
    for (int load : loads) {
      wishes.add(shown.sample(load, 100));
    }
    return wishes;
  }

  @Test
  void itBeginsAtTheTopWhateverTheLoad() {
    assertThat(wishes(0)).containsExactly(Wish.MAX);
    assertThat(wishes(100)).containsExactly(Wish.MAX);
  }

  @Test
  void whoHasNothingToDoGoesToTheBottomAndBackAtOnce() {
    assertThat(wishes(0, 0, 0, 0, 0, 0, 0, 95, 95, 70))
        .containsExactly(Wish.MAX, null, null, Wish.MIN, null, null, null, Wish.MAX, null, null);
  }

  @Test
  void inBetweenItGoesByOneStep() {
    assertThat(wishes(30, 30, 30, 30, 30, 30, 30, 70, 50, 94, 31))
        .containsExactly(
            Wish.MAX, null, null, Wish.DOWN, null, null, Wish.DOWN, Wish.UP, null, Wish.UP, null);
  }

  @Test
  void aSpikeAmongLowSamplesBeginsTheCountAnew() {
    assertThat(wishes(50, 0, 0, 31, 0, 0, 31, 0, 0, 0))
        .containsExactly(Wish.MAX, null, null, null, null, null, null, null, null, Wish.MIN);
  }

  /** Every course of 6 samples over all that matters, against the rules told in another way. */
  @Test
  void everyShortCourseFollowsTheRules() {
    int[] loads = {0, 5, 6, 30, 31, 69, 70, 94, 95, 100};
    int courses = 1_000_000;
    for (int course = 0; course < courses; course++) {
      Shown shown = new Shown(Thresholds.DEFAULT);
      int top = 0; // 1 at the top, -1 at the bottom
      int since = 0; // samples since the last wish
      int[] history = new int[6];
      for (int i = 0, rest = course; i < 6; i++, rest /= loads.length) {
        int load = loads[rest % loads.length];
        history[i] = load;
        Wish wish = shown.sample(load, 100);
        since++;

        Wish right = i == 0 ? Wish.MAX : right(history, i, top, since);
        if (wish != right) {
          assertThat(wish).as("course %d, sample %d", course, i).isEqualTo(right);
        }
        if (wish != null) {
          since = 0;
          top = wish == Wish.MAX ? 1 : wish == Wish.MIN ? -1 : 0;
        }
      }
    }
  }

  private static @Nullable Wish right(int[] loads, int at, int top, int since) {
    int highest = 0;
    for (int i = Math.max(0, at - 2); i <= at; i++) {
      highest = Math.max(highest, loads[i]);
    }
    if (top != 1 && loads[at] >= 70) {
      return loads[at] >= 95 ? Wish.MAX : Wish.UP;
    }
    // The first sample shows no load yet: since counts what came after it.
    if (top != -1 && since >= 3 && highest <= 30) {
      return highest <= 5 ? Wish.MIN : Wish.DOWN;
    }
    return null;
  }

  /**
   * Closed loop: a vCPU with a steady demand, on any ladder, comes to rest at a level that is
   * enough, and not more than it asked not to be.
   */
  @Test
  void aSteadyDemandComesToRestWhereItIsServed() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int round = 0; round < 3_000; round++) {
      int bottom = 800 + 100 * random.nextInt(8);
      int step = 100 + 50 * random.nextInt(5);
      int levels = 1 + random.nextInt(25);
      int demand = random.nextInt(bottom + step * levels);
      int level = random.nextInt(levels);
      Shown shown = new Shown(Thresholds.DEFAULT);
      int lastWish = 0;
      for (int i = 0; i < 400; i++) {
        int frequency = bottom + step * level;
        Wish wish = shown.sample((int) Math.min(100, demand * 100L / frequency), 250);
        if (wish != null) {
          int before = level;
          level =
              switch (wish) {
                case MAX -> levels - 1;
                case MIN -> 0;
                case UP -> Math.min(level + 1, levels - 1);
                case DOWN -> Math.max(level - 1, 0);
                default -> throw new AssertionError(wish);
              };
          lastWish = level == before ? lastWish : i;
        }
      }
      int frequency = bottom + step * level;
      String all =
          "seed %d, round %d: demand %d, at %d of %d + %d * %d"
              .formatted(seed, round, demand, frequency, bottom, step, levels - 1);
      assertThat(lastWish).as(all).isLessThan(300);
      assertThat(level == levels - 1 || demand * 100L / frequency < 70).as(all).isTrue();
      assertThat(level == 0 || demand * 100L / frequency > 30).as(all).isTrue();
    }
  }

  /** Whatever the load does, and however often it is sampled. */
  @Test
  void itNeverAsksMoreThanOnceIn100MsNorWithin5SecondsOfARefusal() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int round = 0; round < 500; round++) {
      Shown shown = new Shown(Thresholds.DEFAULT);
      long lastNs = shown.nowNs - 3600 * 1000 * MS;
      long gapNs = 0;
      for (int i = 0; i < 500; i++) {
        shown.answer = random.nextInt(7) == 0 ? Answer.values()[random.nextInt(3)] : Answer.ACK;
        Wish wish = shown.sample(random.nextInt(TICKS + 1), 1 + random.nextInt(60));
        if (wish != null) {
          assertThat(shown.nowNs - lastNs).as("seed %d, round %d", seed, round).isNotNegative();
          assertThat(shown.nowNs - lastNs >= gapNs).as("seed %d, %d", seed, round).isTrue();
          lastNs = shown.nowNs;
          gapNs = (shown.answer == Answer.ACK ? 100 : 5_000) * MS;
        }
      }
    }
  }

  @Test
  void whatWasRefusedIsNotBelievedToBeInForce() {
    Shown shown = new Shown(Thresholds.DEFAULT);
    shown.answer = Answer.NACK;
    assertThat(shown.sample(50, 100)).isEqualTo(Wish.MAX);
    assertThat(shown.sample(50, 4_999)).isNull();
    shown.answer = Answer.ACK;
    assertThat(shown.sample(50, 1)).isEqualTo(Wish.MAX);
    assertThat(shown.sample(50, 5_000)).isNull();
  }

  @Test
  void afterATimeOutAndWhenTheHostComesBackItBeginsAnew() {
    Shown shown = new Shown(Thresholds.DEFAULT);
    shown.sample(50, 100);
    for (int i = 0; i < 3; i++) {
      shown.sample(0, 100);
    }
    shown.answer = Answer.TIMED_OUT;
    assertThat(shown.sample(100, 100)).isEqualTo(Wish.MAX);
    shown.answer = Answer.ACK;
    assertThat(shown.sample(100, 4_999)).isNull();
    assertThat(shown.sample(50, 1)).isEqualTo(Wish.MAX);
    assertThat(shown.sample(50, 100)).isNull();
    shown.governor.forget();
    assertThat(shown.sample(50, 100)).isEqualTo(Wish.MAX);
  }

  @Test
  void aCounterThatStandsStillOrBeginsAnewDecidesNothing() {
    Governor governor = new Governor(Thresholds.DEFAULT);
    governor.decide(0, new CpuTimes(100, 1_000));
    governor.answered(0, Wish.MAX, Answer.ACK);
    for (int i = 1; i < 10; i++) {
      assertThat(governor.decide(i * 1_000L * MS, new CpuTimes(100, 1_000))).isNull();
    }
    assertThat(governor.decide(20_000 * MS, new CpuTimes(0, 10))).isNull();
  }

  @Test
  void manyStepsInOneDirectionHaveArrived() {
    Shown shown = new Shown(Thresholds.DEFAULT);
    shown.sample(50, 100);
    int down = 0;
    for (int i = 0; i < 600; i++) {
      down += shown.sample(20, 100) == Wish.DOWN ? 1 : 0;
    }
    int up = 0;
    for (int i = 0; i < 1_000; i++) {
      up += shown.sample(80, 100) == Wish.UP ? 1 : 0;
    }
    assertThat(List.of(down, up)).containsOnly(Governor.STEPS_MAX);
  }

  @Test
  void whoStaysAtTheBottomSaysSoOnceInAMinute() {
    Shown shown = new Shown(Thresholds.DEFAULT);
    List<Integer> at = new ArrayList<>();
    for (int second = 0; second < 200; second++) {
      if (shown.sample(0, 1_000) == Wish.MIN) {
        at.add(second);
      }
    }
    assertThat(at).containsExactly(3, 63, 123, 183);
  }

  @Test
  void thresholdsThatCannotWorkAreRefused() {
    assertThat(new Thresholds(100, 0)).isNotNull();
    assertThatThrownBy(() -> new Thresholds(101, 30)).hasMessageContaining("0-100 %");
    assertThatThrownBy(() -> new Thresholds(70, -1)).hasMessageContaining("0-100 %");
    assertThatThrownBy(() -> new Thresholds(39, 30))
        .hasMessage("the threshold for more, 39 %, must be 10 above the one for less, 30 %");
  }
}
