package dev.vmpower.host.channel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vmpower.host.vm.Vm;
import dev.vmpower.machine.socket.PeerProcess;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Whole packets out of any pieces, and whole replies into any socket. */
class ChannelTest {
  private static final int SIZE = 464;

  private final ScriptedSocket socket = new ScriptedSocket();
  private final Channel channel =
      new Channel(new Vm("vm0", null, Vm.State.STATIC), 0, socket, new PeerProcess(1, 1));
  private final ByteBuffer arena = ByteBuffer.allocateDirect(16 * SIZE);

  @Test
  void aStreamInAnyPiecesGivesTheSamePackets() throws IOException {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int round = 0; round < 300; round++) {
      byte[] stream = new byte[SIZE * (1 + random.nextInt(20))];
      random.nextBytes(stream);
      for (int at = 0; at < stream.length; ) {
        int piece = Math.min(1 + random.nextInt(2 * SIZE), stream.length - at);
        socket.incoming.add(ByteBuffer.wrap(stream, at, piece));
        at += piece;
      }
      List<Byte> packets = new ArrayList<>();
      while (!socket.incoming.isEmpty()) {
        int base = random.nextInt(8) * SIZE;
        int count = channel.read(arena, base);
        assertThat(count).isBetween(0, Channel.PACKETS_PER_TURN_MAX);
        for (int i = 0; i < count * SIZE; i++) {
          packets.add(arena.get(base + i));
        }
      }
      assertThat(packets).as("seed %d, round %d", seed, round).hasSize(stream.length);
      for (int i = 0; i < stream.length; i++) {
        assertThat(packets.get(i)).isEqualTo(stream[i]);
      }
    }
  }

  @Test
  void oneReadTakesNoMoreThanItsShare() throws IOException {
    socket.incoming.add(ByteBuffer.allocate(20 * SIZE));

    assertThat(channel.read(arena, 0)).isEqualTo(8);
    assertThat(channel.read(arena, 0)).isEqualTo(8);
    assertThat(channel.read(arena, 0)).isEqualTo(4);
  }

  @Test
  void repliesThatFitNowhereAreDroppedWhole() throws IOException {
    socket.room = SIZE / 2;
    for (int i = 0; i < 20; i++) {
      channel.sendAck(numbered(i), 0, SIZE);
    }
    assertThat(channel.droppedReplies()).isEqualTo(12);

    socket.room = Integer.MAX_VALUE;
    channel.flush();

    assertThat(socket.numbers()).containsExactly(0, 1, 2, 3, 4, 5, 6, 7);
    assertThat(channel.hasBacklog()).isFalse();
  }

  @Test
  void aQuerysReplyDisplacesAcksThatWereNotBegun() throws IOException {
    socket.room = 1;
    channel.sendAck(numbered(0), 0, SIZE);
    channel.sendAck(numbered(1), 0, SIZE);
    channel.sendQueryReply(numbered(2), 0, SIZE);
    channel.sendAck(numbered(3), 0, SIZE);

    socket.room = Integer.MAX_VALUE;
    channel.flush();

    assertThat(socket.numbers())
        .as("the one begun, the query's, and what came after")
        .containsExactly(0, 2, 3);
    assertThat(channel.droppedReplies()).isEqualTo(1);
  }

  @Test
  void connectDropsWhatWasNotBegunAndNothingElse() throws IOException {
    socket.room = 100;
    channel.sendAck(numbered(0), 0, SIZE);
    channel.sendQueryReply(numbered(1), 0, SIZE);

    channel.beginAgain();
    socket.room = Integer.MAX_VALUE;
    channel.flush();

    assertThat(socket.numbers()).containsExactly(0);
  }

  @Test
  void whateverTheSocketTakesTheStreamStaysWhole() throws IOException {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int i = 0; i < 5_000; i++) {
      socket.room = random.nextInt(3) == 0 ? random.nextInt(3 * SIZE) : 0;
      switch (random.nextInt(6)) {
        case 0 -> channel.flush();
        case 1 -> channel.sendQueryReply(numbered(i), 0, SIZE);
        case 2 -> channel.beginAgain();
        default -> channel.sendAck(numbered(i), 0, SIZE);
      }
    }
    socket.room = Integer.MAX_VALUE;
    channel.flush();

    assertThat(socket.numbers()).as("seed %d", seed).isSorted().doesNotHaveDuplicates();
  }

  /** A reply that has its number in every four bytes, so that a torn one shows. */
  private static ByteBuffer numbered(int number) {
    ByteBuffer reply = ByteBuffer.allocate(SIZE);
    for (int i = 0; i < SIZE; i += Integer.BYTES) {
      reply.putInt(i, number);
    }
    return reply;
  }

  /** Gives one piece for each read, and takes as many bytes as it has room for. */
  private static final class ScriptedSocket implements ByteChannel {
    final List<ByteBuffer> incoming = new ArrayList<>();
    private final List<Byte> outgoing = new ArrayList<>();
    int room = Integer.MAX_VALUE;

    @Override
    public int read(ByteBuffer target) {
      if (incoming.isEmpty()) {
        return 0;
      }
      ByteBuffer piece = incoming.getFirst();
      int count = Math.min(piece.remaining(), target.remaining());
      target.put(piece.slice(piece.position(), count));
      piece.position(piece.position() + count);
      if (!piece.hasRemaining()) {
        incoming.removeFirst();
      }
      return count;
    }

    @Override
    public int write(ByteBuffer source) {
      int count = Math.min(room, source.remaining());
      room -= count;
      for (int i = 0; i < count; i++) {
        outgoing.add(source.get());
      }
      return count;
    }

    List<Integer> numbers() {
      List<Integer> numbers = new ArrayList<>();
      assertThat(outgoing.size() % SIZE).as("whole replies only").isZero();
      for (int at = 0; at < outgoing.size(); at += SIZE) {
        ByteBuffer reply = ByteBuffer.allocate(SIZE);
        outgoing.subList(at, at + SIZE).forEach(reply::put);
        int number = reply.getInt(0);
        assertThat(reply.array()).as("not torn").isEqualTo(numbered(number).array());
        numbers.add(number);
      }
      return numbers;
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {}
  }
}
