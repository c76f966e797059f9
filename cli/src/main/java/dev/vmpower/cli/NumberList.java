package dev.vmpower.cli;

import java.util.SortedSet;
import java.util.TreeSet;

/** Numbers as they are written on a command line: {@code 0-3,8}. */
final class NumberList {
  private NumberList() {}

  /**
   * Understands a list.
   *
   * @param what what it is a list of
   * @throws FailureException if it is none, is empty, or has a number above {@code max}
   */
  static SortedSet<Integer> parse(String text, int max, String what) throws FailureException {
    SortedSet<Integer> numbers = new TreeSet<>();
    int from = 0;
    while (from <= text.length()) {
      int comma = text.indexOf(',', from);
      int to = comma < 0 ? text.length() : comma;
      int dash = text.indexOf('-', from);
      boolean range = dash >= 0 && dash < to;
      int first = number(text, from, range ? dash : to, max);
      int last = range ? number(text, dash + 1, to, max) : first;
      if (first < 0 || last < first) {
        throw new FailureException(
            FailureException.USAGE,
            "'" + text + "' is no list of " + what + " such as 0-3,8, each at most " + max);
      }
      for (int number = first; number <= last; number++) {
        numbers.add(number);
      }
      from = to + 1;
    }
    return numbers;
  }

  /** A number of at most {@code max}; -1 if it is none. */
  static int number(String text, int from, int to, int max) {
    int number = 0;
    for (int i = from; i < to; i++) {
      int digit = text.charAt(i) - '0';
      if (digit < 0 || digit > 9 || number > max) {
        return -1;
      }
      number = number * 10 + digit;
    }
    return from < to && number <= max ? number : -1;
  }

  static int[] array(SortedSet<Integer> numbers) {
    int[] array = new int[numbers.size()];
    int index = 0;
    for (int number : numbers) {
      array[index++] = number;
    }
    return array;
  }

  /** Numbers with commas between them. */
  static String format(Iterable<Integer> numbers) {
    StringBuilder text = new StringBuilder();
    for (int number : numbers) {
      text.append(text.isEmpty() ? "" : ",").append(number);
    }
    return text.toString();
  }
}
