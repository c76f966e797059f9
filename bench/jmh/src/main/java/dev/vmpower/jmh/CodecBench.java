package dev.vmpower.jmh;

import dev.vmpower.protocol.CapsListReply;
import dev.vmpower.protocol.Command;
import dev.vmpower.protocol.FreqListReply;
import dev.vmpower.protocol.Replies;
import dev.vmpower.protocol.ReplyKind;
import dev.vmpower.protocol.RequestPacket;
import dev.vmpower.protocol.Unit;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.infra.Blackhole;

/** A packet of each kind, read or written in a buffer outside the heap, as the monitor has it. */
@State(Scope.Thread)
public class CodecBench {
  private static final int PACKETS = 8;
  private static final Unit[] UNITS = {Unit.SCALE_MAX, Unit.SCALE_MIN, Unit.SCALE_UP};

  private final ByteBuffer requests = buffer(PACKETS * RequestPacket.SIZE_BYTES);
  private final ByteBuffer reply = buffer(Replies.SIZE_BYTES_MAX);
  private final RequestPacket view = new RequestPacket();
  private int next;

  /** Eight requests that differ. */
  public CodecBench() {
    for (int i = 0; i < PACKETS; i++) {
      view.wrap(requests, i * RequestPacket.SIZE_BYTES).clear().vmName("vm" + i);
      view.resourceId(i).command(Command.CPU_POWER).unit(UNITS[i % UNITS.length]);
    }
  }

  static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private int nextOffset() {
    next = (next + 1) % PACKETS;
    return next * RequestPacket.SIZE_BYTES;
  }

  /** What the monitor looks at in a plain request. */
  @Benchmark
  public void decodeRequest(Blackhole seen) {
    view.wrap(requests, nextOffset());
    seen.consume(view.resourceId());
    seen.consume(view.command());
    seen.consume(view.unit());
    seen.consume(view.coreType());
  }

  /** A request as a guest writes it. */
  @Benchmark
  public RequestPacket encodeRequest() {
    int offset = nextOffset();
    view.wrap(requests, offset).clear();
    return view.resourceId(offset).command(Command.CPU_POWER).unit(Unit.SCALE_MAX);
  }

  /** A request turned into its own ACK. */
  @Benchmark
  public ByteBuffer encodeAck() {
    Replies.answerInPlace(requests, nextOffset(), ReplyKind.ACK);
    return requests;
  }

  /** The frequencies of eight vCPUs. */
  @Benchmark
  public ByteBuffer encodeFrequencies() {
    FreqListReply.begin(reply, 0, view.wrap(requests, nextOffset()), FreqListReply.VCPUS_MAX);
    for (int vcpu = 0; vcpu < FreqListReply.VCPUS_MAX; vcpu++) {
      FreqListReply.setKhz(reply, 0, vcpu, 1_200_000 + vcpu);
    }
    return reply;
  }

  /** What eight vCPUs can do. */
  @Benchmark
  public ByteBuffer encodeCapabilities() {
    CapsListReply.begin(reply, 0, view.wrap(requests, nextOffset()), CapsListReply.VCPUS_MAX);
    for (int vcpu = 0; vcpu < CapsListReply.VCPUS_MAX; vcpu++) {
      CapsListReply.setCaps(reply, 0, vcpu, vcpu % 2 == 0, false);
    }
    return reply;
  }

  /** A query that is refused. */
  @Benchmark
  public ByteBuffer encodeRefusal() {
    Replies.refuseQuery(reply, 0, CapsListReply.SIZE_BYTES);
    return reply;
  }
}
