package dev.vmpower.machine.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** rtnetlink's answers as the kernel's own headers lay them out, and damaged ones. */
class LinkMessagesTest {
  private static final int SEQUENCE = 7;
  private static final int TYPE_ERROR = 2;
  private static final int TYPE_DONE = 3;

  private static final List<Link> LINKS =
      List.of(
          new Link(1, "lo", 0, List.of()),
          new Link(
              4,
              "enp59s0f0",
              3,
              List.of(
                  new Link.Vf(0, MacAddress.parse("52:54:00:12:34:56"), 5_000_000_000L, true),
                  new Link.Vf(1, 0, 0, false),
                  new Link.Vf(2, MacAddress.parse("52:54:00:12:34:58"), 0, true))),
          new Link(70_000, "vnet0", 0, List.of()));

  @Test
  void theRequestAsksForAllDevicesWithTheirVirtualFunctions() {
    // nlmsghdr, ifinfomsg and IFLA_EXT_MASK as `ip link` sends them on x86-64.
    assertThat(HexFormat.of().formatHex(LinkMessages.request(0x01020304)))
        .isEqualTo(
            "28000000"
                + "1200"
                + "0103"
                + "04030201"
                + "00000000"
                + "00000000000000000000000000000000"
                + "08001d0001000000");
  }

  @Test
  void virtualFunctionsAreFoundWhereTheKernelsHeadersPutThem() throws IOException {
    LinkMessages answer = new LinkMessages(SEQUENCE);

    answer.take(fixture());

    assertThat(answer.isDone()).isTrue();
    assertThat(answer.isInterrupted()).isFalse();
    assertThat(answer.links()).isEqualTo(LINKS);
  }

  /** As recv(2) gives it: some whole messages at a time. */
  @Test
  void anAnswerMayComeInManyParts() throws IOException {
    LinkMessages answer = new LinkMessages(SEQUENCE);
    ByteBuffer all = fixture();

    while (all.hasRemaining()) {
      assertThat(answer.isDone()).isFalse();
      int bytes = all.getInt(all.position());
      answer.take(all.slice(all.position(), bytes));
      all.position(all.position() + bytes);
    }

    assertThat(answer.isDone()).isTrue();
    assertThat(answer.links()).isEqualTo(LINKS);
  }

  @Test
  void theAnswerToAnotherRequestIsPassedOver() throws IOException {
    LinkMessages answer = new LinkMessages(SEQUENCE + 1);

    answer.take(fixture());

    assertThat(answer.isDone()).isFalse();
    assertThat(answer.links()).isEmpty();
  }

  @Test
  void aRefusalIsSaidInOneLine() {
    for (int type : new int[] {TYPE_ERROR, TYPE_DONE}) {
      assertThatThrownBy(() -> new LinkMessages(SEQUENCE).take(message(type, 0, -90)))
          .isInstanceOf(IOException.class)
          .hasMessage("the kernel does not list network devices: errno 90");
    }
  }

  @Test
  void aListThatChangedWhileItWasMadeIsKnown() throws IOException {
    LinkMessages answer = new LinkMessages(SEQUENCE);

    answer.take(message(TYPE_DONE, 0x10, 0)); // NLM_F_DUMP_INTR

    assertThat(answer.isDone()).isTrue();
    assertThat(answer.isInterrupted()).isTrue();
  }

  @Test
  void anAnswerThatIsCutShortIsAnError() throws IOException {
    ByteBuffer all = fixture();

    for (int bytes = 16; bytes < 0x30; bytes++) {
      ByteBuffer cut = all.slice(0, bytes);
      assertThatThrownBy(() -> new LinkMessages(SEQUENCE).take(cut))
          .hasMessage("the kernel's list of network devices is cut short");
    }
  }

  /** A list of some two hundred functions can overflow its 16-bit length. */
  @Test
  void aListWhoseLengthLiesEndsThere() throws IOException {
    ByteBuffer all = fixture();
    int list = listOffset(all);
    all.putShort(list, (short) 100); // in the middle of the first function

    LinkMessages answer = new LinkMessages(SEQUENCE);
    answer.take(all);

    assertThat(answer.links()).hasSize(3);
    assertThat(answer.links().get(1).vfCount()).isEqualTo(3);
    assertThat(answer.links().get(1).vfs()).isEmpty();
  }

  @Test
  void damagedAnswersNeverEndInAnythingButAnIoException() throws IOException {
    long seed = 20261125;
    Random random = new Random(seed);
    for (int round = 0; round < 20_000; round++) {
      ByteBuffer all = fixture();
      for (int i = random.nextInt(6); i >= 0; i--) {
        all.put(random.nextInt(all.limit()), (byte) random.nextInt(256));
      }
      all.limit(random.nextInt(all.limit() + 1));
      LinkMessages answer = new LinkMessages(SEQUENCE);
      try {
        answer.take(all);
        assertThat(answer.links().size()).as("seed " + seed).isLessThanOrEqualTo(3);
      } catch (IOException refused) {
        assertThat(refused.getMessage()).as("seed " + seed).isNotBlank().doesNotContain("\n");
      }
    }
  }

  private static int listOffset(ByteBuffer all) {
    for (int at = 0; at < all.limit() - 4; at += 4) {
      if (all.getShort(at + 2) == 22 && Short.toUnsignedInt(all.getShort(at)) > 400) {
        return at;
      }
    }
    throw new AssertionError("the fixture has no IFLA_VFINFO_LIST");
  }

  private static ByteBuffer message(int type, int flags, int value) {
    ByteBuffer message = ByteBuffer.allocate(20).order(ByteOrder.nativeOrder());
    message.putInt(20).putShort((short) type).putShort((short) flags).putInt(SEQUENCE);
    return message.putInt(0).putInt(value).flip();
  }

  private static ByteBuffer fixture() throws IOException {
    try (InputStream file = LinkMessagesTest.class.getResourceAsStream("vf-answer.bin")) {
      return ByteBuffer.wrap(file.readAllBytes()).order(ByteOrder.nativeOrder());
    }
  }
}
