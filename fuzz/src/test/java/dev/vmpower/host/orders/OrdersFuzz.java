package dev.vmpower.host.orders;

import java.nio.charset.StandardCharsets;

/** Any text is read; and what was read, written, reads as the same, without a flaw. */
public final class OrdersFuzz {
  private OrdersFuzz() {}

  public static void fuzzerTestOneInput(byte[] bytes) {
    String text = new String(bytes, StandardCharsets.UTF_8);
    check(OrdersText.parse(text).orders());
    check(OrdersText.parse(OrdersText.HEAD + "\n" + text).orders());
  }

  private static void check(Orders orders) {
    OrdersText.Read once = OrdersText.parse(OrdersText.format(orders));
    OrdersText.Read twice = OrdersText.parse(OrdersText.format(once.orders()));
    if (once.flaw() != null || twice.flaw() != null) {
      throw new AssertionError(once.flaw() + ", " + twice.flaw());
    }
    if (!twice.orders().equals(once.orders())) {
      throw new AssertionError("not the same: " + once.orders() + " and " + twice.orders());
    }
    if (once.orders().holds().size() != orders.holds().size()
        || once.orders().turboOff().size() != orders.turboOff().size()
        || !once.orders().policies().equals(orders.policies())) {
      throw new AssertionError("lost: " + orders + " became " + once.orders());
    }
  }
}
