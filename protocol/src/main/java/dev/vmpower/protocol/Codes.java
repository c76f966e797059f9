package dev.vmpower.protocol;

import java.util.Arrays;
import java.util.function.ToIntFunction;

/** The numbers of one field of the wire. Two constants of one number stop the class loading. */
final class Codes<E extends Enum<E>> {
  private static final int CODE_MAX = 15;

  private final E[] byCode;

  Codes(E[] constants, ToIntFunction<E> code) {
    byCode = Arrays.copyOf(constants, CODE_MAX + 1);
    Arrays.fill(byCode, null);
    for (E constant : constants) {
      int number = code.applyAsInt(constant);
      if (number >= 0) {
        if (byCode[number] != null) {
          throw new IllegalStateException(
              constant + " and " + byCode[number] + " are both " + number);
        }
        byCode[number] = constant;
      }
    }
  }

  E find(int code, E unknown) {
    E found = code >= 0 && code <= CODE_MAX ? byCode[code] : null;
    return found == null ? unknown : found;
  }
}
