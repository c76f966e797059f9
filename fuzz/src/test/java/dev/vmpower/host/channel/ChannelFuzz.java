package dev.vmpower.host.channel;

import dev.vmpower.host.vm.Vm;
import dev.vmpower.machine.socket.PeerProcess;
import dev.vmpower.protocol.RequestPacket;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.util.Arrays;

/**
 * A stream in any pieces is the same packets; and whatever a socket takes, and when, it gets whole
 * replies, each once, in their order. Each two bytes are one step.
 */
public final class ChannelFuzz {
  private static final int SIZE = RequestPacket.SIZE_BYTES;

  private ChannelFuzz() {}

  public static void fuzzerTestOneInput(byte[] steps) throws IOException {
    Pieces socket = new Pieces();
    Channel channel =
        new Channel(new Vm("vm0", null, Vm.State.STATIC), 0, socket, new PeerProcess(1, 1));
    ByteBuffer arena = ByteBuffer.allocateDirect(2 * Channel.PACKETS_PER_TURN_MAX * SIZE);
    ByteArrayOutputStream packets = new ByteArrayOutputStream();
    int sent = 0;
    for (int i = 0; i + 1 < steps.length; i += 2) {
      int amount = Byte.toUnsignedInt(steps[i + 1]);
      switch (steps[i] & 7) {
        case 0 -> socket.readable = 1 + amount;
        case 1 -> socket.readable = 16 * (1 + amount);
        case 2 -> socket.room = amount;
        case 3 -> socket.room = 16 * (1 + amount);
        case 4 -> channel.sendAck(numbered(sent++), 0, SIZE);
        case 5 -> channel.sendQueryReply(numbered(sent++), 0, SIZE);
        case 6 -> channel.beginAgain();
        default -> channel.flush();
      }
      int base = amount % 8 * SIZE;
      int count = channel.read(arena, base);
      check(count >= 0 && count <= Channel.PACKETS_PER_TURN_MAX, "a share of packets");
      for (int at = 0; at < count * SIZE; at++) {
        packets.write(arena.get(base + at));
      }
    }
    checkPackets(packets.toByteArray(), socket.given);
    socket.room = Integer.MAX_VALUE;
    channel.flush();
    check(!channel.hasBacklog(), "nothing waits where there is room");
    checkReplies(socket.taken.toByteArray());
  }

  private static void checkPackets(byte[] packets, int given) {
    check(packets.length == given / SIZE * SIZE, "all whole packets");
    for (int at = 0; at < packets.length; at++) {
      check(packets[at] == Pieces.at(at), "the bytes of the stream");
    }
  }

  private static void checkReplies(byte[] taken) {
    check(taken.length % SIZE == 0, "whole replies");
    int last = -1;
    for (int at = 0; at < taken.length; at += SIZE) {
      int number = ByteBuffer.wrap(taken).getInt(at);
      check(number > last, "each once, in their order");
      byte[] reply = Arrays.copyOfRange(taken, at, at + SIZE);
      check(Arrays.equals(reply, numbered(number).array()), "not torn");
      last = number;
    }
  }

  private static ByteBuffer numbered(int number) {
    ByteBuffer reply = ByteBuffer.allocate(SIZE);
    for (int i = 0; i < SIZE; i += Integer.BYTES) {
      reply.putInt(i, number);
    }
    return reply;
  }

  private static void check(boolean holds, String what) {
    if (!holds) {
      throw new AssertionError(what);
    }
  }

  /** Gives and takes as much as a step says. */
  private static final class Pieces implements ByteChannel {
    private final ByteArrayOutputStream taken = new ByteArrayOutputStream();
    private int readable;
    private int room;
    private int given;

    static byte at(int place) {
      return (byte) (place * 31 + place / 251);
    }

    @Override
    public int read(ByteBuffer target) {
      int count = Math.min(readable, target.remaining());
      for (int i = 0; i < count; i++) {
        target.put(at(given++));
      }
      readable -= count;
      return count;
    }

    @Override
    public int write(ByteBuffer source) {
      int count = Math.min(room, source.remaining());
      for (int i = 0; i < count; i++) {
        taken.write(source.get());
      }
      room -= count;
      return count;
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {}
  }
}
