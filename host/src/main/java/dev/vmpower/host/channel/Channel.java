package dev.vmpower.host.channel;

import dev.vmpower.host.policy.Policy;
import dev.vmpower.host.vm.Vcpu;
import dev.vmpower.host.vm.Vm;
import dev.vmpower.machine.socket.PeerProcess;
import dev.vmpower.protocol.RequestPacket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.SelectionKey;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One guest connection: whole packets out of a stream of bytes, and replies back.
 *
 * <p>The wire has no magic and no length. A connection begins on a packet boundary, and from there
 * each 464 bytes are one packet.
 *
 * <p>Not thread-safe: the monitor thread owns every instance.
 */
public final class Channel {
  /** How many packets one guest is read at most in one wake-up, so that none starves the others. */
  public static final int PACKETS_PER_TURN_MAX = 8;

  /** What {@link #read} says when the other end has hung up. */
  public static final int HUNG_UP = -1;

  private final Vm vm;
  private final int number;
  private final ByteChannel socket;
  private final PeerProcess peer;
  private final Outbox outbox;
  private final ByteBuffer partial = ByteBuffer.allocateDirect(RequestPacket.SIZE_BYTES);
  private final List<Vcpu> claims = new ArrayList<>(1);
  private final BitSet claimed = new BitSet(); // the numbers of claims

  private @Nullable SelectionKey key;
  private @Nullable RecordedPolicy recordedPolicy;
  private boolean disabled;
  private boolean portClosed;
  private int epoch;
  private long restsUntilNs;
  private long paidUntilNs; // by the price of full reads
  private long requests;
  private long refused;

  public Channel(Vm vm, int number, ByteChannel socket, PeerProcess peer) {
    this.vm = vm;
    this.number = number;
    this.socket = socket;
    this.peer = peer;
    this.outbox = new Outbox(socket);
  }

  public Vm vm() {
    return vm;
  }

  /** N of the port's name. */
  public int number() {
    return number;
  }

  /** Its place in the monitor's selector; null while it has none. */
  public @Nullable SelectionKey key() {
    return key;
  }

  public void setKey(SelectionKey key) {
    this.key = key;
  }

  /** The process at the other end. */
  public PeerProcess peer() {
    return peer;
  }

  /**
   * Reads what has arrived into {@code arena} from {@code offset}, where there must be room for
   * {@link #PACKETS_PER_TURN_MAX} packets.
   *
   * @return how many whole packets lie there now, or {@link #HUNG_UP}
   * @throws IOException if the connection broke
   */
  public int read(ByteBuffer arena, int offset) throws IOException {
    int begun = partial.position();
    arena.put(offset, partial, 0, begun);
    int taken;
    try {
      arena.limit(offset + PACKETS_PER_TURN_MAX * RequestPacket.SIZE_BYTES);
      taken = socket.read(arena.position(offset + begun));
    } finally {
      arena.clear(); // it serves other channels too, also where this one broke
    }
    if (taken < 0) {
      return HUNG_UP;
    }
    int bytes = begun + taken;
    int packets = bytes / RequestPacket.SIZE_BYTES;
    int rest = bytes % RequestPacket.SIZE_BYTES;
    partial.clear();
    partial.put(0, arena, offset + bytes - rest, rest);
    partial.position(rest);
    return packets;
  }

  /**
   * Counts a read that left more behind.
   *
   * @param priceNs what it costs
   * @param readsMax how many may be owed
   * @return when it may be read again
   */
  public long countFullRead(long nowNs, long priceNs, int readsMax) {
    paidUntilNs = Math.max(paidUntilNs, nowNs) + priceNs;
    return paidUntilNs - readsMax * priceNs;
  }

  /** Not to be read before {@code ns}; 0 ends that. */
  public void restUntil(long ns) {
    restsUntilNs = ns;
  }

  /** When it may be read again; 0 if it does not rest. */
  public long restsUntilNs() {
    return restsUntilNs;
  }

  /** Sends an ACK or NACK, or keeps it, or drops it. */
  public void sendAck(ByteBuffer reply, int offset, int size) throws IOException {
    outbox.send(reply, offset, size, false);
  }

  /** Sends the answer to a query, refused or not. */
  public void sendQueryReply(ByteBuffer reply, int offset, int size) throws IOException {
    outbox.send(reply, offset, size, true);
  }

  /** Sends what waits, as far as the socket takes it. */
  public void flush() throws IOException {
    outbox.flush();
  }

  /** Whether replies wait for the socket. */
  public boolean hasBacklog() {
    return !outbox.isEmpty();
  }

  public long droppedReplies() {
    return outbox.dropped();
  }

  /** A guest begins anew: drops the replies not begun and voids those of this wake-up. */
  public void beginAgain() {
    outbox.dropNotBegun(true);
    epoch++;
  }

  /** Changes with each {@link #beginAgain}: a reply for an earlier epoch is not sent. */
  public int epoch() {
    return epoch;
  }

  /** Makes this channel hold the claim of {@code vcpu}; false if it does so already. */
  public boolean claim(Vcpu vcpu, long nowMs) {
    if (claimed.get(vcpu.number())) {
      return false;
    }
    claimed.set(vcpu.number());
    claims.add(vcpu);
    vcpu.addHolder(nowMs);
    return true;
  }

  /** Whether this channel holds the claim of {@code vcpu}. */
  public boolean holds(Vcpu vcpu) {
    return claimed.get(vcpu.number());
  }

  /** The vCPUs whose claims this channel holds. */
  public List<Vcpu> claims() {
    return claims;
  }

  /** Gives up every claim that this channel holds, and tells which. */
  public List<Vcpu> releaseClaims(long nowMs) {
    List<Vcpu> released = List.copyOf(claims);
    claims.clear();
    claimed.clear();
    released.forEach(vcpu -> vcpu.removeHolder(nowMs));
    return released;
  }

  /** Gives up the claim of a vCPU that is no more. */
  public void forget(Vcpu vcpu) {
    claims.remove(vcpu);
    claimed.clear(vcpu.number());
  }

  public boolean isDisabled() {
    return disabled;
  }

  public void setDisabled(boolean disabled) {
    this.disabled = disabled;
  }

  /** Whether the guest has closed the port for so long that its claims end. */
  public boolean isPortClosed() {
    return portClosed;
  }

  public void setPortClosed(boolean closed) {
    portClosed = closed;
  }

  /**
   * A guest's policy that came while this channel was disabled.
   *
   * @param policy null for its removal
   */
  public record RecordedPolicy(@Nullable Policy policy, List<Integer> vcpus) {}

  /** Keeps a policy, or its removal, for when this channel is enabled. */
  public void recordPolicy(@Nullable Policy policy, List<Integer> vcpus) {
    recordedPolicy = new RecordedPolicy(policy, vcpus);
  }

  /** Takes out the latest policy that was kept; null if none was. */
  public @Nullable RecordedPolicy takeRecordedPolicy() {
    RecordedPolicy recorded = recordedPolicy;
    recordedPolicy = null;
    return recorded;
  }

  public void countRequest() {
    requests++;
    vm.countRequest();
  }

  public void countRefused() {
    refused++;
  }

  public long requests() {
    return requests;
  }

  public long refused() {
    return refused;
  }

  /** Closes the socket. */
  public void close() {
    try {
      socket.close();
    } catch (IOException ignored) {
      // The other end sees the close whatever this end is told.
    }
  }

  @Override
  public String toString() {
    return vm.name() + " channel " + number;
  }
}
