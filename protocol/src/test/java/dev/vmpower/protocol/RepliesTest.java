package dev.vmpower.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Writes replies over old bytes: nothing of those may reach a guest. */
class RepliesTest {
  @Test
  void theFreqListEqualsTheOneThatDpdkTook() {
    ByteBuffer reply = junk();
    RequestPacket request = exampleRequest(FreqListReply.SIZE_BYTES, "reply-freq-list-example");

    FreqListReply.begin(reply, 8, request, 2);
    int[] khz = {2_600_000, 1_200_000, 3, 4, 5, 6, 7, 8};
    ByteBuffer example = Vectors.read("reply-freq-list-example");
    for (int vcpu = 0; vcpu < FreqListReply.VCPUS_MAX; vcpu++) {
      FreqListReply.setKhz(reply, 8, vcpu, FreqListReply.khz(example, 0, vcpu));
    }

    assertThat(FreqListReply.khz(reply, 8, 0)).isEqualTo(khz[0]);
    assertThat(FreqListReply.khz(reply, 8, 1)).isEqualTo(khz[1]);
    assertThat(bytes(reply, 8, FreqListReply.SIZE_BYTES)).isEqualTo(example.array());
  }

  @Test
  void theCapsListEqualsTheOneThatDpdkTook() {
    ByteBuffer reply = junk();
    RequestPacket request = exampleRequest(CapsListReply.SIZE_BYTES, "reply-caps-list-example");

    CapsListReply.begin(reply, 8, request, 2);
    CapsListReply.setCaps(reply, 8, 0, true, false);
    CapsListReply.setCaps(reply, 8, 1, false, true);

    assertThat(bytes(reply, 8, CapsListReply.SIZE_BYTES))
        .isEqualTo(Vectors.read("reply-caps-list-example").array());
    assertThat(CapsListReply.turbo(reply, 8, 0)).isTrue();
    assertThat(CapsListReply.priority(reply, 8, 1)).isTrue();
    assertThat(CapsListReply.vcpuCount(reply, 8)).isEqualTo(2);
  }

  @Test
  void anAckIsTheRequestWithItsCommandReplaced() {
    ByteBuffer packet = Vectors.read("scale-max-lcore1");

    Replies.answerInPlace(packet, 0, ReplyKind.NACK);

    ByteBuffer expected = Vectors.read("scale-max-lcore1");
    expected.putInt(12, 2);
    assertThat(packet.array()).isEqualTo(expected.array());
    assertThat(Replies.kind(packet, 0)).isEqualTo(ReplyKind.NACK);
  }

  @Test
  void anAckEqualsTheOneThatDpdkTook() {
    ByteBuffer packet = Vectors.read("scale-max-lcore1");

    Replies.answerInPlace(packet, 0, ReplyKind.ACK);

    assertThat(packet.array()).isEqualTo(Vectors.read("reply-ack-example").array());
  }

  @Test
  void aRefusedQueryIsZeroButForItsNack() {
    ByteBuffer reply = junk();

    Replies.refuseQuery(reply, 8, FreqListReply.SIZE_BYTES);

    byte[] expected = new byte[FreqListReply.SIZE_BYTES];
    expected[12] = 2;
    assertThat(bytes(reply, 8, FreqListReply.SIZE_BYTES)).isEqualTo(expected);
  }

  @ParameterizedTest
  @EnumSource
  void everyCommandHasTheReplySizeThatDpdksGuestReads(Command command) {
    int expected =
        switch (command.code()) {
          case 1, 3 -> 464;
          case 7, 8 -> 88;
          case 9, 10 -> 184;
          default -> 0;
        };

    assertThat(Replies.sizeBytes(command)).isEqualTo(expected);
  }

  /** A request whose header is that of the recorded reply. */
  private static RequestPacket exampleRequest(int sizeBytes, String vector) {
    ByteBuffer request = ByteBuffer.allocate(464).order(ByteOrder.LITTLE_ENDIAN);
    request.put(0, Vectors.read(vector).array(), 0, Math.min(48, sizeBytes));
    return new RequestPacket().wrap(request, 0);
  }

  private static ByteBuffer junk() {
    byte[] bytes = new byte[512];
    new Random(3).nextBytes(bytes);
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static byte[] bytes(ByteBuffer buffer, int offset, int size) {
    return Arrays.copyOfRange(buffer.array(), offset, offset + size);
  }
}
