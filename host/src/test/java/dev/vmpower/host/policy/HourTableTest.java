package dev.vmpower.host.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vmpower.host.policy.HourTable.Use;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Which hour is for what. */
class HourTableTest {
  private static final int[] NONE = {};

  private static int[] sent(int... hours) {
    return HourTable.withoutPadding(Arrays.copyOf(hours, HourTable.HOURS));
  }

  @Test
  void zerosAfterTheFirstEntryArePadding() throws PolicyException {
    HourTable table = HourTable.of(sent(3, 4, 5), sent(0, 1), sent());

    assertThat(table.hours(Use.BUSY)).containsExactly(3, 4, 5);
    assertThat(table.hours(Use.QUIET)).containsExactly(0, 1);
    assertThat(table.hours(Use.TRAFFIC)).isEmpty();
  }

  @Test
  void aListOfZerosIsEmptyAndNoHourAtAllIsNoOpinion() throws PolicyException {
    assertThat(HourTable.of(sent(0), sent(), sent()).isEmpty()).isTrue();
    assertThat(HourTable.of(sent(1), sent(), sent()).isEmpty()).isFalse();
  }

  @Test
  void hoursOfAListThatIsNotPaddedAllCount() throws PolicyException {
    HourTable table = HourTable.of(new int[] {23, 0, 1}, NONE, NONE);

    assertThat(table.hours(Use.BUSY)).containsExactly(0, 1, 23);
  }

  @Test
  void theLowerIndexWinsAndOnATieBusyBeforeQuietBeforeTraffic() throws PolicyException {
    HourTable table = HourTable.of(sent(7, 9, 12), sent(8, 7, 9), sent(9, 12, 8));

    assertThat(table.use(7)).isEqualTo(Use.BUSY);
    assertThat(table.use(8)).isEqualTo(Use.QUIET);
    assertThat(table.use(9)).isEqualTo(Use.TRAFFIC);
    assertThat(table.use(12)).isEqualTo(Use.TRAFFIC);
    assertThat(HourTable.of(sent(5), sent(5), sent(5)).use(5)).isEqualTo(Use.BUSY);
    assertThat(HourTable.of(sent(1), sent(5), sent(5)).use(5)).isEqualTo(Use.QUIET);
  }

  @Test
  void anHourThatThereIsNotIsRefused() {
    for (int hour : new int[] {24, -2, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
      assertThatThrownBy(() -> HourTable.of(NONE, new int[] {3, hour}, NONE))
          .isInstanceOf(PolicyException.class)
          .hasMessage("hour " + hour + " is none: give hours 0 to 23");
    }
  }

  /** Against the rule said the other way round: look for each hour's first place. */
  @Test
  void everyHourIsUsedAsItsFirstPlaceSays() throws PolicyException {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int round = 0; round < 5_000; round++) {
      int[][] lists = new int[3][];
      for (int i = 0; i < lists.length; i++) {
        lists[i] = random.ints(random.nextInt(25), 0, 24).toArray();
      }
      HourTable table = HourTable.of(lists[0], lists[1], lists[2]);
      for (int hour = 0; hour < HourTable.HOURS; hour++) {
        assertThat(table.use(hour))
            .as("seed %d, hour %d", seed, hour)
            .isEqualTo(first(lists, hour));
      }
    }
  }

  private static Use first(int[][] lists, int hour) {
    Use[] uses = {Use.BUSY, Use.QUIET, Use.TRAFFIC};
    int bestIndex = Integer.MAX_VALUE;
    Use best = Use.UNUSED;
    for (int i = 0; i < lists.length; i++) {
      for (int at = lists[i].length - 1; at >= 0; at--) {
        if (lists[i][at] == hour && at < bestIndex) {
          bestIndex = at;
          best = uses[i];
        }
      }
    }
    return best;
  }
}
