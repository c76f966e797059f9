package dev.vmpower.sim.world;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * A guest's port: what it sends, what the daemon has taken of it, and each reply that comes back,
 * compared with what the rules owe.
 */
final class GuestPort implements SimSocket.Watcher {
  private static final int TAG = 16; // in vm_name, which every answer repeats
  private static final int COMMAND = 12;
  private static final int FREQ_LIST = 3;
  private static final int CAPS_LIST = 4;
  private static final int FREQ_BYTES = 88;
  private static final int CAPS_BYTES = 184;
  private static final int BACKLOG_MAX = 8;
  private static final int OUTGOING_BYTES_MAX = 64 * Rules.PACKET_BYTES;

  final String vm;
  final int number;
  private final Rules rules;
  private final byte[] outgoing = new byte[OUTGOING_BYTES_MAX];
  private int outgoingBytes;
  private final byte[] packet = new byte[Rules.PACKET_BYTES];
  private int packetBytes;
  private byte[] incoming = new byte[4096];
  private int incomingBytes;
  private int carriedBytes; // of those, what had come before this wake-up
  private final Deque<Owed> owed = new ArrayDeque<>();

  @Nullable SimSocket socket;
  RuleVm.@Nullable Port port;
  boolean listening;
  boolean busy; // the connector takes it for connected
  boolean hungUp;
  boolean closedByDaemon;
  boolean writeBroke;
  boolean congested;
  private boolean shortWrite;
  private boolean backlogged; // now, after the wake-up
  private boolean asked;
  private int wakeupsSinceHangUp;

  private record Owed(Rules.Reply reply, boolean mayBeDropped) {}

  GuestPort(String vm, int number, Rules rules) {
    this.vm = vm;
    this.number = number;
    this.rules = rules;
  }

  static long tag(ByteBuffer packet) {
    return packet.getLong(TAG);
  }

  /** Puts a packet behind what is still to be sent; false where that is too much. */
  boolean queue(byte[] bytes) {
    if (socket == null || hungUp || outgoingBytes + bytes.length > OUTGOING_BYTES_MAX) {
      return false;
    }
    System.arraycopy(bytes, 0, outgoing, outgoingBytes, bytes.length);
    outgoingBytes += bytes.length;
    return true;
  }

  int outgoingBytes() {
    return outgoingBytes;
  }

  /** Sends so many bytes of what is to be sent. */
  void send(int bytes) {
    SimSocket to = socket;
    if (to != null && bytes > 0 && to.send(outgoing, 0, bytes)) {
      outgoingBytes -= bytes;
      System.arraycopy(outgoing, bytes, outgoing, 0, outgoingBytes);
    }
  }

  void connect(SimSocket fresh) {
    forget();
    socket = fresh;
    busy = true;
  }

  /** The connection is no more. */
  void forget() {
    socket = null;
    port = null;
    outgoingBytes = 0;
    packetBytes = 0;
    incomingBytes = 0;
    carriedBytes = 0;
    owed.clear();
    hungUp = false;
    closedByDaemon = false;
    writeBroke = false;
    congested = false;
    shortWrite = false;
    asked = false;
    wakeupsSinceHangUp = 0;
  }

  void hangUp(boolean broken) {
    SimSocket held = socket;
    if (held != null) {
      hungUp = true;
      if (broken) {
        held.breakOff();
      } else {
        held.hangUp();
      }
    }
  }

  /** The guest sent CONNECT: what was not begun is not owed any more. */
  void beginAgain() {
    Owed[] all = owed.toArray(new Owed[0]);
    owed.clear();
    for (Owed each : all) {
      owed.add(new Owed(each.reply(), true));
    }
  }

  @Override
  public void taken(byte[] bytes, int count) {
    RuleVm.Port here = port;
    if (here == null) {
      throw new Wrong(this + " was read before it was taken up");
    }
    asked = true;
    for (int i = 0; i < count; i++) {
      packet[packetBytes++] = bytes[i];
      if (packetBytes == packet.length) {
        packetBytes = 0;
        rules.accept(here, packet.clone());
      }
    }
  }

  @Override
  public void written(byte[] bytes, int count, int wanted) {
    if (incomingBytes + count > incoming.length) {
      incoming = Arrays.copyOf(incoming, 2 * (incomingBytes + count));
    }
    System.arraycopy(bytes, 0, incoming, incomingBytes, count);
    incomingBytes += count;
    shortWrite |= count < wanted;
  }

  @Override
  public void writeBroke() {
    writeBroke = true;
  }

  @Override
  public void closed() {
    closedByDaemon = true;
  }

  /** What the rules owe for a packet of this wake-up. */
  void owe(Rules.Reply reply) {
    owed.add(new Owed(reply, congested || shortWrite || hungUp));
  }

  /** After a wake-up: compares what came with what was owed. */
  void check(boolean hasBacklog) {
    backlogged = hasBacklog;
    int at = 0;
    int replies = 0;
    while (at < incomingBytes) {
      int size = match(at);
      if (size == 0) {
        break; // not whole yet
      }
      at += size;
      replies += at > carriedBytes ? 1 : 0;
    }
    incomingBytes -= at;
    System.arraycopy(incoming, at, incoming, 0, incomingBytes);
    carriedBytes = incomingBytes;
    if (!asked && replies > BACKLOG_MAX) {
      throw new Wrong(this + ": " + replies + " replies had waited");
    }
    congested = hasBacklog;
    if (!congested && !hungUp) {
      if (incomingBytes > 0) {
        throw new Wrong(this + ": a reply stopped in its middle");
      }
      owed.removeIf(Owed::mayBeDropped);
      if (!owed.isEmpty()) {
        throw new Wrong(this + ": a packet was not answered");
      }
    }
    asked = false;
    shortWrite = false;
    if (hungUp && !closedByDaemon && ++wakeupsSinceHangUp > 100) {
      throw new Wrong(this + ": hung up, and the daemon goes on");
    }
  }

  /** Finds out which reply begins at {@code at}; 0 if it is not whole. */
  private int match(int at) {
    if (incomingBytes - at < TAG + Long.BYTES) {
      return 0;
    }
    ByteBuffer reply = ByteBuffer.wrap(incoming).order(ByteOrder.LITTLE_ENDIAN);
    int kind = reply.getInt(at + COMMAND);
    long tag = reply.getLong(at + TAG);
    int refusedBytes = tag == 0 ? refusedBytes(reply, at) : FREQ_BYTES;
    if (refusedBytes == 0) {
      return 0;
    }
    while (!owed.isEmpty()) {
      Owed next = owed.getFirst();
      boolean fits = !next.reply().refused || tag != 0 || next.reply().bytes == refusedBytes;
      if (fits && isAnswer(next.reply(), kind, tag)) {
        int size = next.reply().bytes;
        if (at + size > incomingBytes) {
          return 0;
        }
        owed.removeFirst();
        judge(next.reply(), kind);
        return size;
      }
      if (!next.mayBeDropped()) {
        throw new Wrong(this + ": a reply of kind " + kind + " comes before one that is owed");
      }
      owed.removeFirst();
    }
    throw new Wrong(this + ": a reply of kind " + kind + " that nobody asked for");
  }

  // A refused query's answer is zeros, of one of two sizes: behind the right one another begins,
  // and
  // each has a kind.
  private int refusedBytes(ByteBuffer reply, int at) {
    int next = at + FREQ_BYTES + COMMAND;
    if (next + Integer.BYTES <= incomingBytes) {
      return reply.getInt(next) == 0 ? CAPS_BYTES : FREQ_BYTES;
    }
    return backlogged ? 0 : FREQ_BYTES;
  }

  private static boolean isAnswer(Rules.Reply owed, int kind, long tag) {
    if (!owed.isQuery) {
      return tag == owed.tag && (kind == Rules.ACK || kind == Rules.NACK);
    }
    return owed.refused
        ? kind == Rules.NACK && tag == 0
        : tag == owed.tag && (kind == FREQ_LIST || kind == CAPS_LIST);
  }

  private void judge(Rules.Reply reply, int kind) {
    if (reply.isQuery) {
      return;
    }
    if (kind == Rules.ACK && !reply.mayBeAck) {
      throw new Wrong(this + ": ACK for what is not in force: " + reply);
    }
    if (kind == Rules.NACK && reply.mustBeAck) {
      throw new Wrong(this + ": NACK for what is in force: " + reply);
    }
  }

  @Override
  public String toString() {
    return vm + " port " + number;
  }
}
