package dev.vmpower.protocol;

import java.nio.ByteBuffer;

/** Replies that carry no list, and what all replies have in common. */
public final class Replies {
  /** The largest reply. */
  public static final int SIZE_BYTES_MAX = RequestPacket.SIZE_BYTES;

  private Replies() {}

  /** The kind of the reply at {@code offset}. */
  public static ReplyKind kind(ByteBuffer reply, int offset) {
    return ReplyKind.of(reply.getInt(offset + RequestPacket.COMMAND));
  }

  /**
   * The size of the answer to {@code command}, refused or not, in bytes; 0 for one that gets none.
   * A refused query has its answer's size too: another would leave the guest's stream out of step.
   */
  public static int sizeBytes(Command command) {
    return switch (command) {
      case CPU_POWER, PKT_POLICY -> RequestPacket.SIZE_BYTES;
      case QUERY_FREQ, QUERY_FREQ_LIST -> FreqListReply.SIZE_BYTES;
      case QUERY_CAPS, QUERY_CAPS_LIST -> CapsListReply.SIZE_BYTES;
      case CONNECT, PKT_POLICY_REMOVE, UNKNOWN -> 0;
    };
  }

  /** Turns the request at {@code offset} into its own ACK or NACK, in place. */
  public static void answerInPlace(ByteBuffer request, int offset, ReplyKind kind) {
    request.putInt(offset + RequestPacket.COMMAND, kind.code());
  }

  /** Writes the refusal of a query: {@code sizeBytes} of zeros, but for NACK. */
  public static void refuseQuery(ByteBuffer reply, int offset, int sizeBytes) {
    clear(reply, offset, sizeBytes);
    reply.putInt(offset + RequestPacket.COMMAND, ReplyKind.NACK.code());
  }

  static void begin(
      ByteBuffer reply, int offset, int sizeBytes, RequestPacket request, ReplyKind kind) {
    clear(reply, offset, sizeBytes);
    request.copyHeader(reply, offset);
    reply.putInt(offset + RequestPacket.COMMAND, kind.code());
  }

  private static void clear(ByteBuffer reply, int offset, int sizeBytes) {
    for (int i = 0; i < sizeBytes; i += Long.BYTES) {
      reply.putLong(offset + i, 0);
    }
  }
}
