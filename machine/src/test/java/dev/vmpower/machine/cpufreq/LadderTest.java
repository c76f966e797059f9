package dev.vmpower.machine.cpufreq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Ladders of tables and of ranges, and every way up and down them. */
class LadderTest {
  @Test
  void aFirstLevelOneMegahertzHigherIsTurbo() {
    Ladder ladder = Ladder.ofTable("2601000 2600000 2300000 1200000 ");

    assertThat(ladder.toArray()).containsExactly(2_601_000, 2_600_000, 2_300_000, 1_200_000);
    assertThat(ladder.hasTurbo()).isTrue();
    assertThat(ladder.nonTurboIndex()).isEqualTo(1);
    assertThat(ladder).hasToString("[2601000, 2600000, 2300000, 1200000] turbo above 2600000");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "2000000 1700000 1500000",
        "2601001 2600000",
        "2600999 2600000",
        "1000",
        "1 1001 3"
      })
  void withoutTheMarkerThereIsNoTurbo(String table) {
    Ladder ladder = Ladder.ofTable(table);

    assertThat(ladder.hasTurbo()).isFalse();
    assertThat(ladder.nonTurboIndex()).isZero();
  }

  @Test
  void aTableIsSortedAndHasEachLevelOnce() {
    assertThat(Ladder.ofTable(" 1 3\t2 3\n")).isEqualTo(Ladder.ofTable("3 2 1"));
    assertThat(Ladder.ofTable("3 2 1").hashCode()).isEqualTo(Ladder.ofTable("1 2 3").hashCode());
    assertThat(Ladder.ofTable("3 2")).isNotEqualTo(Ladder.ofTable("3 2 1"));
    assertThat(Ladder.ofRange(1, 3, 3)).isNotEqualTo(Ladder.ofRange(1, 3, 1));
  }

  @ParameterizedTest
  @CsvSource({
    "'', ''",
    "x, x",
    "0, 0",
    "-1, -1",
    "1200000 1.2, 1.2",
    "<unsupported>, <unsupported>",
    "100000001, 100000001",
    "99999999999, 99999999999"
  })
  void whatIsNoFrequencyIsNamed(String table, String word) {
    assertThatThrownBy(() -> Ladder.ofTable(table))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("'" + word + "' is no frequency in kHz");
  }

  @ParameterizedTest
  @CsvSource({
    "800000, 1200000, 1200000, 1200000 1100000 1000000 900000 800000, 0",
    "800000, 1200000, 1000000, 1200000 1100000 1000000 900000 800000, 2",
    "850000, 1050000, 930000, 1050000 1000000 930000 900000 850000, 2",
    "403488, 650000, 9999999, 650000 600000 500000 403488, 0",
    "403488, 650000, 1, 650000 600000 500000 403488, 3",
    "1000000, 1000000, 1000000, 1000000, 0",
    "1000001, 1000002, 1000002, 1000002 1000001, 0",
    "1, 100000, 100000, 100000 1, 0",
  })
  void aRangeHasItsEndsTheMultiplesBetweenAndTheHighestWithoutTurbo(
      int minKhz, int maxKhz, int nonTurboKhz, String levels, int nonTurboIndex) {
    Ladder ladder = Ladder.ofRange(minKhz, maxKhz, nonTurboKhz);

    assertThat(List.of(levels.split(" ")))
        .isEqualTo(IntStream.of(ladder.toArray()).mapToObj(Integer::toString).toList());
    assertThat(ladder.nonTurboIndex()).isEqualTo(nonTurboIndex);
  }

  @ParameterizedTest
  @CsvSource({"0, 1", "-1, 1", "2, 1", "1, 2147483647", "2147483647, 2147483647"})
  void whatIsNoRangeIsRefused(int minKhz, int maxKhz) {
    assertThatThrownBy(() -> Ladder.ofRange(minKhz, maxKhz, maxKhz))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(minKhz + ".." + maxKhz + " is no range of kHz");
  }

  @Test
  void theWidestRangeEnds() {
    Ladder widest = Ladder.ofRange(1, Ladder.KHZ_MAX, Ladder.KHZ_MAX);

    assertThat(widest.size()).isEqualTo(Ladder.KHZ_MAX / 100_000 + 1);
  }

  /** Exhaustive: each kHz around and between the levels, against the definition. */
  @Test
  void ceilingAndFloorAreTheNearestLevels() {
    for (String table : List.of("5", "9 5", "20 11 7 6 2", "1007 7 5")) {
      Ladder ladder = Ladder.ofTable(table);
      List<Integer> levels = IntStream.of(ladder.toArray()).boxed().toList();
      for (int khz = 0; khz <= 1010; khz++) {
        int asked = khz;
        int ceiling =
            levels.stream().filter(level -> level >= asked).reduce(Math::min).orElse(levels.get(0));
        int floor =
            levels.stream()
                .filter(level -> level <= asked)
                .reduce(Math::max)
                .orElse(levels.get(levels.size() - 1));

        assertThat(ladder.khz(ladder.ceilingIndex(khz))).as("ceiling of " + khz).isEqualTo(ceiling);
        assertThat(ladder.khz(ladder.floorIndex(khz))).as("floor of " + khz).isEqualTo(floor);
      }
      assertThat(ladder.ceilingIndex(Integer.MAX_VALUE)).isZero();
      assertThat(ladder.floorIndex(Integer.MIN_VALUE)).isEqualTo(ladder.bottomIndex());
    }
  }

  @Test
  void itsArrayIsACopy() {
    Ladder ladder = Ladder.ofTable("3 2 1");
    ladder.toArray()[0] = 7;

    assertThat(ladder.khz(0)).isEqualTo(3);
    assertThat(ladder.size()).isEqualTo(3);
    assertThat(ladder.bottomIndex()).isEqualTo(2);
  }
}
