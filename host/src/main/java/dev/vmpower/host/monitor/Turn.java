package dev.vmpower.host.monitor;

import dev.vmpower.host.arbiter.Arbiter;
import dev.vmpower.host.channel.Channel;
import dev.vmpower.host.claims.ClaimLedger;
import dev.vmpower.host.clock.Clocks;
import dev.vmpower.host.vm.Refusal;
import dev.vmpower.host.vm.Vcpu;
import dev.vmpower.machine.epoll.TurnSelector;
import dev.vmpower.protocol.Command;
import dev.vmpower.protocol.Replies;
import dev.vmpower.protocol.ReplyKind;
import dev.vmpower.protocol.RequestPacket;
import dev.vmpower.protocol.Unit;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * One wake-up: the packets that it read, what became of each, and the replies.
 *
 * <p>Packets are read into one arena and folded into votes as they come. Only after the frequency
 * domains have been settled are they answered, in the order in which they came: an ACK says that
 * the frequency is in force. The arena, and what is noted of each packet, is made once.
 *
 * <p>Not thread-safe: the monitor thread owns it.
 */
final class Turn {
  /** How many packets one wake-up takes; the rest waits in the sockets for the next one. */
  static final int PACKETS_MAX = TurnSelector.EVENTS_MAX * Channel.PACKETS_PER_TURN_MAX;

  private final Clocks clocks;
  private final Votes votes;
  private final GuestPolicies policies;
  private final Queries queries;
  private final Statistics statistics;
  private final ClaimLedger ledger;

  private final ByteBuffer arena =
      ByteBuffer.allocateDirect(PACKETS_MAX * RequestPacket.SIZE_BYTES)
          .order(ByteOrder.LITTLE_ENDIAN);
  private final ByteBuffer queryReply =
      ByteBuffer.allocateDirect(Replies.SIZE_BYTES_MAX).order(ByteOrder.LITTLE_ENDIAN);
  private final RequestPacket packet = new RequestPacket();

  private int arenaPackets;
  private int count;
  private final int[] offsets = new int[PACKETS_MAX];
  private final int[] epochs = new int[PACKETS_MAX];
  private final @Nullable Channel[] channels = new Channel[PACKETS_MAX];
  private final @Nullable Vcpu[] vcpus = new Vcpu[PACKETS_MAX];
  private final @Nullable Refusal[] refusals = new Refusal[PACKETS_MAX];

  Turn(
      Clocks clocks,
      Votes votes,
      GuestPolicies policies,
      Statistics statistics,
      ClaimLedger ledger) {
    this.clocks = clocks;
    this.votes = votes;
    this.policies = policies;
    this.ledger = ledger;
    this.queries = new Queries(clocks);
    this.statistics = statistics;
  }

  /** Whether this wake-up brought no packet. */
  boolean isEmpty() {
    return arenaPackets == 0;
  }

  /**
   * Reads what {@code channel} has and folds it into votes.
   *
   * @return how many packets there were, or {@link Channel#HUNG_UP}
   * @throws IOException if the connection broke
   */
  int read(Channel channel, long nowNs, long nowMs) throws IOException {
    int base = arenaPackets * RequestPacket.SIZE_BYTES;
    int packets = channel.read(arena, base);
    if (packets == Channel.HUNG_UP) {
      return packets;
    }
    arenaPackets += packets;
    for (int i = 0; i < packets; i++) {
      accept(channel, base + i * RequestPacket.SIZE_BYTES, nowNs, nowMs);
    }
    return packets;
  }

  private void accept(Channel channel, int offset, long nowNs, long nowMs) {
    packet.wrap(arena, offset);
    channel.countRequest();
    statistics.countRequest();
    switch (packet.command()) {
      case CPU_POWER -> power(channel, offset, nowNs, nowMs);
      case CONNECT -> connect(channel, nowNs, nowMs);
      case PKT_POLICY -> policy(channel, offset, nowMs);
      case QUERY_FREQ, QUERY_FREQ_LIST, QUERY_CAPS, QUERY_CAPS_LIST ->
          answer(channel, offset, null, queryRefusal(channel));
      case PKT_POLICY_REMOVE -> policies.remove(channel);
      case UNKNOWN -> statistics.refuse(channel, Refusal.UNKNOWN_COMMAND, null, nowNs);
    }
  }

  private void connect(Channel channel, long nowNs, long nowMs) {
    channel.beginAgain();
    Vcpu vcpu = channel.vm().vcpu(channel.number());
    if (vcpu == null) {
      statistics.refuse(channel, Refusal.NO_VCPU, null, nowNs);
    } else if (channel.isDisabled()) {
      vcpu.record(Arbiter.MAX, true, channel.number());
      policies.remove(channel);
      statistics.refuse(channel, Refusal.DISABLED, vcpu, nowNs);
    } else {
      policies.remove(channel);
      claim(channel, vcpu, nowMs);
      vcpu.beginAgain(nowMs);
      clocks.touch(vcpu);
      Refusal standing = vcpu.standing();
      if (standing != null) {
        statistics.refuse(channel, standing, vcpu, nowNs);
      }
    }
  }

  private void power(Channel channel, int offset, long nowNs, long nowMs) {
    Unit unit = packet.unit();
    if (unit == Unit.UNKNOWN) {
      statistics.refuse(channel, Refusal.UNKNOWN_UNIT, null, nowNs);
      return;
    }
    Vcpu vcpu = channel.vm().vcpu(packet.resourceId());
    if (vcpu == null) {
      answer(channel, offset, null, Refusal.OTHERS_VCPU);
      return;
    }
    if (!channel.isDisabled()) {
      claim(channel, vcpu, nowMs);
    }
    clocks.touch(vcpu);
    Refusal refusal = votes.refusal(vcpu, unit);
    if (refusal != null) {
      answer(channel, offset, vcpu, refusal);
    } else if (channel.isDisabled()) {
      votes.record(vcpu, unit, channel.number());
      answer(channel, offset, vcpu, Refusal.DISABLED);
    } else {
      votes.move(vcpu, unit, nowMs);
      answer(
          channel, offset, vcpu, vcpu.policyInForce() == null ? vcpu.standing() : Refusal.POLICY);
    }
  }

  private void policy(Channel channel, int offset, long nowMs) {
    Refusal refusal = policies.refusal(channel.vm(), packet);
    if (refusal == null) {
      for (int i = 0; i < packet.vcpuCount() && !channel.isDisabled(); i++) {
        Vcpu vcpu = channel.vm().vcpu(packet.vcpu(i));
        if (vcpu != null) {
          claim(channel, vcpu, nowMs);
        }
      }
      policies.set(channel, packet, nowMs);
      refusal = channel.isDisabled() ? Refusal.DISABLED : null;
    }
    answer(channel, offset, null, refusal);
  }

  private void claim(Channel channel, Vcpu vcpu, long nowMs) {
    if (channel.claim(vcpu, nowMs)) {
      ledger.change();
    }
  }

  private static @Nullable Refusal queryRefusal(Channel channel) {
    if (channel.isDisabled()) {
      return Refusal.DISABLED;
    }
    return channel.vm().mayQuery() ? null : Refusal.QUERY;
  }

  private void answer(Channel channel, int offset, @Nullable Vcpu vcpu, @Nullable Refusal refusal) {
    offsets[count] = offset;
    epochs[count] = channel.epoch();
    channels[count] = channel;
    vcpus[count] = vcpu;
    refusals[count] = refusal;
    count++;
  }

  /** Answers every packet, after the frequency domains have been settled. */
  void reply(Replier replier, long nowNs) {
    for (int i = 0; i < count; i++) {
      Channel channel = channels[i];
      if (channel != null && epochs[i] == channel.epoch()) {
        try {
          reply(channel, offsets[i], vcpus[i], refusals[i], nowNs);
        } catch (IOException broken) {
          replier.broke(channel);
        }
        if (channel.hasBacklog()) {
          replier.backlogged(channel);
        }
        statistics.answered(replier.elapsedNs());
      }
      channels[i] = null;
      vcpus[i] = null;
    }
    count = 0;
    arenaPackets = 0;
  }

  private void reply(
      Channel channel, int offset, @Nullable Vcpu vcpu, @Nullable Refusal knownRefusal, long nowNs)
      throws IOException {
    packet.wrap(arena, offset);
    Command command = packet.command();
    Refusal refusal = knownRefusal;
    if (command == Command.CPU_POWER || command == Command.PKT_POLICY) {
      if (refusal == null) {
        refusal = vcpu != null ? clocks.refusal(vcpu) : policies.standing(channel.vm(), packet);
      }
      Replies.answerInPlace(arena, offset, refusal == null ? ReplyKind.ACK : ReplyKind.NACK);
      channel.sendAck(arena, offset, RequestPacket.SIZE_BYTES);
    } else {
      int size = Replies.sizeBytes(command);
      if (refusal == null) {
        refusal = queries.answer(channel.vm(), packet, queryReply);
      }
      if (refusal != null) {
        Replies.refuseQuery(queryReply, 0, size);
      }
      channel.sendQueryReply(queryReply, 0, size);
    }
    if (refusal != null) {
      statistics.refuse(channel, refusal, vcpu, nowNs);
    }
  }

  /** What the replies of a wake-up need of the thread that sends them. */
  interface Replier {
    /** The connection broke while it was written to. */
    void broke(Channel channel);

    /** The socket took not all; call {@link Channel#flush} when it is writable. */
    void backlogged(Channel channel);

    /** How long ago this wake-up began, in ns. */
    long elapsedNs();
  }
}
