package dev.vmpower.machine.net;

import java.util.HexFormat;
import java.util.regex.Pattern;

/** Ethernet addresses as DPDK's packets have them: 48 bits, the first byte lowest. */
public final class MacAddress {
  private static final Pattern TEXT = Pattern.compile("[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}");
  private static final int BYTES = 6;

  private MacAddress() {}

  /**
   * Reads an address such as {@code 52:54:00:12:34:56}.
   *
   * @throws IllegalArgumentException if it is none, in one line
   */
  public static long parse(String text) {
    if (!TEXT.matcher(text).matches()) {
      throw new IllegalArgumentException(
          "'" + text + "' is no MAC address such as 52:54:00:12:34:56");
    }
    byte[] bytes = HexFormat.ofDelimiter(":").parseHex(text);
    long mac = 0;
    for (int i = BYTES - 1; i >= 0; i--) {
      mac = (mac << Byte.SIZE) | Byte.toUnsignedLong(bytes[i]);
    }
    if (mac == 0) {
      throw new IllegalArgumentException("'" + text + "' is nobody's address");
    }
    return mac;
  }

  /** The address in its usual form. */
  public static String toString(long mac) {
    byte[] bytes = new byte[BYTES];
    for (int i = 0; i < BYTES; i++) {
      bytes[i] = (byte) (mac >> (i * Byte.SIZE));
    }
    return HexFormat.ofDelimiter(":").formatHex(bytes);
  }
}
