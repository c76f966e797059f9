package dev.vmpower.jmh;

import dev.vmpower.host.channel.Channel;
import dev.vmpower.host.vm.Vm;
import dev.vmpower.machine.socket.PeerProcess;
import dev.vmpower.protocol.RequestPacket;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** A channel over a socket in memory: what is left of reading and answering without the kernel. */
@State(Scope.Thread)
public class FramerBench {
  private static final int SIZE = RequestPacket.SIZE_BYTES;
  private static final int PIECE_BYTES = 100;

  private final MemorySocket socket = new MemorySocket();
  private final Channel channel =
      new Channel(new Vm("vm0", null, Vm.State.STATIC), 0, socket, new PeerProcess(1, 1));
  private final ByteBuffer arena = CodecBench.buffer(Channel.PACKETS_PER_TURN_MAX * SIZE);

  /** A packet that comes whole. */
  @Benchmark
  public int readPacket() throws IOException {
    return expect(1, read(SIZE));
  }

  /** As many packets as one wake-up takes. */
  @Benchmark
  public int readBurst() throws IOException {
    return expect(Channel.PACKETS_PER_TURN_MAX, read(Channel.PACKETS_PER_TURN_MAX * SIZE));
  }

  /** A packet that comes in five pieces. */
  @Benchmark
  public int readPieces() throws IOException {
    int packets = 0;
    for (int taken = 0; taken < SIZE; taken += PIECE_BYTES) {
      packets += read(Math.min(PIECE_BYTES, SIZE - taken));
    }
    return expect(1, packets);
  }

  private int read(int bytes) throws IOException {
    socket.offer(bytes);
    return channel.read(arena, 0);
  }

  /** An answer that the socket takes whole. */
  @Benchmark
  public boolean sendAnswer() throws IOException {
    socket.takeAtMost(SIZE);
    channel.sendAck(arena, 0, SIZE);
    return channel.hasBacklog();
  }

  /** An answer that the socket takes in two pieces, so that it waits in between. */
  @Benchmark
  public boolean sendPieces() throws IOException {
    socket.takeAtMost(PIECE_BYTES);
    channel.sendAck(arena, 0, SIZE);
    expect(1, channel.hasBacklog() ? 1 : 0);
    socket.takeAtMost(SIZE);
    channel.flush();
    return channel.hasBacklog();
  }

  /** A query's answer for a guest that reads nothing: all that waits is moved, and one dropped. */
  @Benchmark
  public long displaceAnswers() throws IOException {
    socket.takeAtMost(0);
    for (int i = 0; i < Channel.PACKETS_PER_TURN_MAX; i++) {
      channel.sendAck(arena, 0, SIZE);
    }
    channel.sendQueryReply(arena, 0, SIZE);
    socket.takeAtMost(SIZE);
    channel.flush();
    return channel.droppedReplies();
  }

  private static int expect(int wanted, int seen) {
    if (seen != wanted) {
      throw new IllegalStateException(seen + " packets, not " + wanted);
    }
    return seen;
  }
}
