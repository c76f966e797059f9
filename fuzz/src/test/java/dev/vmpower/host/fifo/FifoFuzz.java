package dev.vmpower.host.fifo;

import dev.vmpower.fuzz.Lines;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What is written into a FIFO is the same orders in any pieces; each is one, or malformed in one
 * line of plain ASCII; and after anything and a newline the next order is found.
 */
public final class FifoFuzz {
  private static final byte[] NEXT =
      "\n{\"instruction\":{\"command\":\"power\",\"unit\":\"SCALE_MAX\"}}"
          .getBytes(StandardCharsets.US_ASCII);
  private static final int MANY = 1024;

  private FifoFuzz() {}

  public static void fuzzerTestOneInput(byte[] bytes) {
    List<String> whole = feed(bytes, bytes.length + 1);
    int piece = bytes.length == 0 ? 1 : 1 + Byte.toUnsignedInt(bytes[0]) % 16;
    if (!whole.equals(feed(bytes, piece))) {
      throw new AssertionError("other orders in pieces of " + piece);
    }
    if (whole.size() > MANY + bytes.length) {
      throw new AssertionError("more orders than bytes");
    }
    byte[] next = Arrays.copyOf(bytes, bytes.length + NEXT.length);
    System.arraycopy(NEXT, 0, next, bytes.length, NEXT.length);
    List<String> then = feed(next, next.length);
    if (!then.getLast().equals("Instruction[unit=SCALE_MAX]")) {
      throw new AssertionError("the next order was not found: " + then.getLast());
    }
  }

  private static List<String> feed(byte[] bytes, int piece) {
    List<String> orders = new ArrayList<>();
    JsonFramer framer =
        new JsonFramer(
            new JsonFramer.Sink() {
              @Override
              public void object(byte[] object, int length) {
                FifoOrder order = OrderReader.read(object, length);
                if (order instanceof FifoOrder.Malformed malformed) {
                  check(malformed.why());
                }
                orders.add(order.toString());
              }

              @Override
              public void dropped(String why) {
                check(why);
                orders.add(why);
              }
            });
    for (int at = 0; at < bytes.length; at += piece) {
      framer.feed(ByteBuffer.wrap(bytes, at, Math.min(piece, bytes.length - at)));
    }
    return orders;
  }

  private static void check(String why) {
    Lines.check(why);
    if (!StandardCharsets.US_ASCII.newEncoder().canEncode(why)) {
      throw new AssertionError("not plain: " + why);
    }
  }
}
