package dev.vmpower.machine.net;

import java.nio.ByteBuffer;

/**
 * A walk over netlink attributes, which are in a message one after the other:
 *
 * <pre>
 *  struct rtattr      0        2      4
 *                     | length | type |  payload, to the next 4 bytes
 * </pre>
 *
 * <p>It ends before the first one that does not fit.
 */
final class Attributes {
  // From <linux/netlink.h>; the bits above the type say how the payload is to be read.
  private static final int TYPE_MASK = 0x3fff;
  private static final int HEADER_BYTES = 4;
  private static final int ALIGN_BYTES = 4;

  private final ByteBuffer all;
  private int next;
  private int type;
  private ByteBuffer value;

  /** The attributes in {@code all} from byte {@code offset} on. */
  Attributes(ByteBuffer all, int offset) {
    this.all = all;
    this.next = offset;
    this.value = all;
  }

  /** The attributes in the payload of the one that {@code outer} stands at. */
  static Attributes in(Attributes outer) {
    return new Attributes(outer.value, 0);
  }

  /** Goes to the next one; false if there is none. */
  boolean next() {
    if (all.limit() - next < HEADER_BYTES) {
      return false;
    }
    int bytes = Short.toUnsignedInt(all.getShort(next));
    if (bytes < HEADER_BYTES || bytes > all.limit() - next) {
      return false;
    }
    type = all.getShort(next + Short.BYTES) & TYPE_MASK;
    value = all.slice(next + HEADER_BYTES, bytes - HEADER_BYTES).order(all.order());
    next += aligned(bytes);
    return true;
  }

  int type() {
    return type;
  }

  /** The payload; its limit is its length. */
  ByteBuffer value() {
    return value;
  }

  static int aligned(int bytes) {
    return (bytes + ALIGN_BYTES - 1) & -ALIGN_BYTES;
  }
}
