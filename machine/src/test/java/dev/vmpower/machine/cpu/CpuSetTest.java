package dev.vmpower.machine.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Sets of pCPUs, as texts and as sets. */
class CpuSetTest {
  private static final int RANDOM_SETS = 500;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''             | ''",
        "'  '           | ''",
        "0              | 0",
        "0-3,8          | 0-3,8",
        "'0-3,8\n'      | 0-3,8",
        "0 1 2 3        | 0-3",
        "'0 1 2 3 '     | 0-3",
        "'0, 2 , 4'     | 0,2,4",
        "8,0-3          | 0-3,8",
        "3,3,1-3        | 1-3",
        "0-0            | 0",
        "0-1,2          | 0-2",
        "8191           | 8191",
        "0-8191         | 0-8191",
        "007            | 7",
      })
  void aListIsReadInBothForms(String text, String canonical) {
    assertThat(CpuSet.parse(text)).hasToString(canonical);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a", "-1", "1-", "-", "3-1", "1--2", "1-2-3", ",", "0,", ",0", "0,,1", "0-3;8", "0x3",
        "1.5", "+1", "\u0661", "0 - 3", "all"
      })
  void whatIsNoListIsRefusedAndNamed(String text) {
    assertThatThrownBy(() -> CpuSet.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("'" + text + "' is no list of CPUs such as 0-3,8");
  }

  @ParameterizedTest
  @CsvSource({"8192,8192", "0-8192,8192", "99999,99999", "1-100000000,100000000"})
  void aNumberAboveTheLargestIsNamed(String text, String number) {
    assertThatThrownBy(() -> CpuSet.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("CPU " + number + " is above 8191");
  }

  @Test
  void aMessageIsOneShortLineWhateverTheTextIs() {
    assertThatThrownBy(() -> CpuSet.parse("x\n\u001b[2J" + "y".repeat(5000)))
        .hasMessageMatching("'x\\?\\?\\[2Jy{58}\\.\\.\\.' is no list of CPUs such as 0-3,8");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0x0   | ''",
        "0x1   | 0",
        "0xff  | 0-7",
        "0XfF | 0-7",
        "f0   | 4-7",
        "8001 | 0,15",
        "0 | ''"
      })
  void aMaskIsRead(String text, String canonical) {
    assertThat(CpuSet.parseMask(text)).hasToString(canonical);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "0x", "0xg", "-1", " 0x1", "0x1 ", "0x0x1", "\uff11", "f,f"})
  void whatIsNoMaskIsRefusedAndNamed(String text) {
    assertThatThrownBy(() -> CpuSet.parseMask(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("'" + text + "' is no CPU mask such as 0xff");
  }

  @Test
  void theLongestMaskReachesTheLastCpuAndNoFurther() {
    String longest = "8" + "0".repeat(CpuSet.CPUS_MAX / 4 - 1);

    assertThat(CpuSet.parseMask("0x" + longest)).isEqualTo(CpuSet.of(CpuSet.CPUS_MAX - 1));
    assertThatThrownBy(() -> CpuSet.parseMask("0" + longest))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void numbersOutsideTheBoundsAreRefused() {
    assertThatThrownBy(() -> CpuSet.of(-1)).hasMessage("CPU numbers go from 0 to 8191");
    assertThatThrownBy(() -> CpuSet.of(0, 8192)).hasMessage("CPU numbers go from 0 to 8191");
    BitSet wide = new BitSet();
    wide.set(8192);
    assertThatThrownBy(() -> CpuSet.copyOf(wide)).hasMessage("CPU numbers go from 0 to 8191");
    assertThat(CpuSet.of(8191, 0).toString()).isEqualTo("0,8191");
  }

  @Test
  void everySetIsReadBackFromItsTextAndFromItsMask() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int i = 0; i < RANDOM_SETS; i++) {
      CpuSet set = randomSet(random);
      StringBuilder blanks = new StringBuilder();
      set.forEach(cpu -> blanks.append(cpu).append(' '));

      assertThat(CpuSet.parse(set.toString())).as("seed %d", seed).isEqualTo(set);
      assertThat(CpuSet.parse(blanks.toString())).as("seed %d", seed).isEqualTo(set);
      assertThat(CpuSet.parseMask(mask(set))).as("seed %d", seed).isEqualTo(set);
    }
  }

  /** Against java.util.BitSet, which knows nothing of ours. */
  @Test
  void setsBehaveAsSets() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int i = 0; i < RANDOM_SETS; i++) {
      CpuSet one = randomSet(random);
      CpuSet two = randomSet(random);
      BitSet union = bits(one);
      union.or(bits(two));
      BitSet intersection = bits(one);
      intersection.and(bits(two));
      BitSet without = bits(one);
      without.andNot(bits(two));

      assertThat(one.union(two)).as("seed %d", seed).isEqualTo(CpuSet.copyOf(union));
      assertThat(one.intersection(two)).as("seed %d", seed).isEqualTo(CpuSet.copyOf(intersection));
      assertThat(one.without(two)).as("seed %d", seed).isEqualTo(CpuSet.copyOf(without));
      assertThat(one.intersects(two)).as("seed %d", seed).isEqualTo(!intersection.isEmpty());
      assertThat(one.containsAll(two)).as("seed %d", seed).isEqualTo(union.equals(bits(one)));
      assertThat(one.hashCode()).isEqualTo(CpuSet.copyOf(bits(one)).hashCode());
    }
  }

  @Test
  void itsMembersComeInAscendingOrder() {
    CpuSet set = CpuSet.of(8, 2, 2, 1);
    List<Integer> iterated = new ArrayList<>();
    for (var cpus = set.iterator(); cpus.hasNext(); ) {
      iterated.add(cpus.nextInt());
    }

    assertThat(iterated).containsExactly(1, 2, 8);
    assertThat(set.stream()).containsExactly(1, 2, 8);
    assertThat(set.size()).isEqualTo(3);
    assertThat(set.get(0)).isEqualTo(1);
    assertThat(set.contains(2)).isTrue();
    assertThat(set.contains(3)).isFalse();
    assertThat(set.isEmpty()).isFalse();
    assertThat(CpuSet.of().isEmpty()).isTrue();
    assertThat(set).isNotEqualTo("1-2,8");
  }

  private static CpuSet randomSet(Random random) {
    BitSet bits = new BitSet();
    int ranges = random.nextInt(6);
    for (int i = 0; i < ranges; i++) {
      int first = random.nextInt(random.nextBoolean() ? 64 : CpuSet.CPUS_MAX);
      bits.set(first, Math.min(first + random.nextInt(1, 9), CpuSet.CPUS_MAX));
    }
    return CpuSet.copyOf(bits);
  }

  private static BitSet bits(CpuSet set) {
    BitSet bits = new BitSet();
    set.forEach(bits::set);
    return bits;
  }

  private static String mask(CpuSet set) {
    StringBuilder mask = new StringBuilder();
    int nibbles = set.isEmpty() ? 1 : set.get(set.size() - 1) / 4 + 1;
    for (int nibble = nibbles - 1; nibble >= 0; nibble--) {
      int value = 0;
      for (int bit = 0; bit < 4; bit++) {
        value |= set.contains(nibble * 4 + bit) ? 1 << bit : 0;
      }
      mask.append(Integer.toHexString(value));
    }
    return mask.toString();
  }
}
