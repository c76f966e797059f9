package dev.vmpower.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;

/** One answer of the guest program: {@code ok bytes=464 command=1 unit=4 resource=0 tries=1}. */
record Reply(String line) {
  private static final int ACK = 1;
  private static final int NACK = 2;
  private static final int FREQ_LIST = 3;
  private static final int CAPS_LIST = 4;

  boolean ok() {
    return line.startsWith("ok ");
  }

  /** The value of {@code key}, which must be there. */
  String text(String key) {
    return Arrays.stream(line.split(" ", -1))
        .filter(word -> word.startsWith(key + "="))
        .map(word -> word.substring(key.length() + 1))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no " + key + " in: " + line));
  }

  int number(String key) {
    return Integer.parseInt(text(key));
  }

  List<Integer> numbers(String key) {
    return Arrays.stream(text(key).split(",", -1)).map(Integer::valueOf).toList();
  }

  void isAck() {
    isAnswer(464, ACK);
  }

  void isNack() {
    isAnswer(464, NACK);
  }

  void isFreqList() {
    isAnswer(88, FREQ_LIST);
  }

  void isCapsList() {
    isAnswer(184, CAPS_LIST);
  }

  /** A refused query is answered in its own size, with NACK and zeros. */
  void isRefusedQuery(int bytes) {
    isAnswer(bytes, NACK);
    assertThat(number("vcpus")).isZero();
  }

  private void isAnswer(int bytes, int command) {
    assertThat(line).startsWith("ok bytes=" + bytes + " command=" + command + " ");
  }
}
