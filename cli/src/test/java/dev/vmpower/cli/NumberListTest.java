package dev.vmpower.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NumberListTest {
  @Test
  void numbersAndRangesInAnyOrder() throws FailureException {
    assertThat(NumberList.parse("0", 9, "it")).containsExactly(0);
    assertThat(NumberList.parse("7,0-2,2,9-9", 9, "it")).containsExactly(0, 1, 2, 7, 9);
    assertThat(NumberList.format(NumberList.parse("3-5,1", 9, "it"))).isEqualTo("1,3,4,5");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ",",
        "1,",
        ",1",
        "1,,2",
        "2-1",
        "-1",
        "1-",
        "-",
        "10",
        "0-10",
        "+1",
        "1 ",
        "x",
        "1-2-3",
        "99999999999999999999",
        "4294967296",
        "٣"
      })
  void anythingElseIsOneLine(String list) {
    assertThatThrownBy(() -> NumberList.parse(list, 9, "vCPUs"))
        .isInstanceOf(FailureException.class)
        .hasMessage("'" + list + "' is no list of vCPUs such as 0-3,8, each at most 9");
  }
}
