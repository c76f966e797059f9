package dev.vmpower.host.monitor;

import dev.vmpower.host.channel.Channel;
import dev.vmpower.host.claims.ClaimLedger;
import dev.vmpower.host.clock.Clocks;
import dev.vmpower.host.clock.ManagedDomain;
import dev.vmpower.host.orders.Orders;
import dev.vmpower.host.vm.Vcpu;
import dev.vmpower.host.vm.Vm;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The life of channels: claims begin and end with their sockets and ports, and stand still while an
 * operator has them disabled.
 *
 * <p>Not thread-safe: the monitor thread owns it.
 */
final class Connections {
  private static final Logger LOG = LoggerFactory.getLogger("vmpower.vm");

  private final Clocks clocks;
  private final GuestPolicies policies;
  private final ClaimLedger ledger;
  private final Consumer<Channel> lost;
  private final List<Channel> closed = new ArrayList<>();

  /**
   * No connections yet.
   *
   * @param lost is told of each channel that ended, so that it is connected again
   */
  Connections(Clocks clocks, GuestPolicies policies, ClaimLedger ledger, Consumer<Channel> lost) {
    this.clocks = clocks;
    this.policies = policies;
    this.ledger = ledger;
    this.lost = lost;
  }

  /** Takes up a connection to a VM that has none of that number. */
  Channel open(Fleet.Entry entry, Event.Connected event, Orders.OfVm orders, long nowMs) {
    Channel channel = new Channel(entry.vm, event.number(), event.bytes(), event.peer());
    channel.setDisabled(orders.disabled().contains(event.number()));
    channel.setPortClosed(entry.closedPorts.get(event.number()));
    entry.channels.put(event.number(), channel);
    entry.vm.countSocket(1);
    for (int number : ledger.take(entry.vm.name(), event.number(), event.peer())) {
      Vcpu vcpu = entry.vm.vcpu(number);
      if (vcpu != null) {
        channel.claim(vcpu, nowMs);
        clocks.touch(vcpu);
        Integer frozenKhz = orders.frozenKhz().get(number);
        if (channel.isDisabled() && frozenKhz != null) {
          freezeAgain(entry, channel, vcpu, frozenKhz);
        } else {
          LOG.info("{} held a claim before the restart, and counts as max until it asks", vcpu);
        }
      }
    }
    claimIfBrought(entry, channel, nowMs);
    ledger.change();
    touchSpokenFor(entry.vm);
    if (entry.isLineDue(channel, nowMs)) {
      LOG.info("{} is connected (pid {})", channel, event.peer().pid());
    }
    return channel;
  }

  // As after a restart: what the guest asked for was said elsewhere.
  private void claimIfBrought(Fleet.Entry entry, Channel channel, long nowMs) {
    Vcpu vcpu = entry.vm.vcpu(channel.number());
    if (entry.arrival.take(channel.number())
        && vcpu != null
        && !channel.isDisabled()
        && channel.claim(vcpu, nowMs)) {
      clocks.touch(vcpu);
      ledger.change();
      LOG.info("{} arrived with its port open, and counts as max until it asks", vcpu);
    }
  }

  /**
   * Waits for requests of a connection that was taken up; closes one that was not.
   *
   * @param sockets is told where the kernel has no room to wait for one
   */
  static void attend(
      Event.Connected event, @Nullable Channel channel, Selector selector, Sockets sockets)
      throws IOException {
    if (channel == null) {
      event.bytes().close();
      return;
    }
    try {
      channel.setKey(event.socket().register(selector, SelectionKey.OP_READ, channel));
    } catch (UncheckedIOException refused) {
      LOG.warn("{} is let go: {}", channel, refused.getMessage());
      sockets.broke(channel);
    }
  }

  /** Whether this vCPU held a claim before the restart that no connection has taken up yet. */
  boolean isAwaited(String vm, int vcpu) {
    return ledger.isAwaited(vm, vcpu);
  }

  // Unless another channel that held it too came first.
  private static void freezeAgain(Fleet.Entry entry, Channel channel, Vcpu vcpu, int khz) {
    if (!vcpu.isFrozen() && !speaksElsewhere(entry, vcpu)) {
      vcpu.freeze(channel.number(), khz);
    }
  }

  private static boolean speaksElsewhere(Fleet.Entry entry, Vcpu vcpu) {
    return entry.channels.values().stream()
        .anyMatch(other -> !other.isDisabled() && other.holds(vcpu));
  }

  /** A connection ended: its claims end with it. */
  void hungUp(Fleet.Entry entry, Channel channel, long nowMs) {
    if (end(entry, channel, nowMs)) {
      lost.accept(channel);
    }
  }

  private boolean end(Fleet.Entry entry, Channel channel, long nowMs) {
    channel.close();
    if (!entry.channels.remove(channel.number(), channel)) {
      return false;
    }
    channel.releaseClaims(nowMs).forEach(clocks::touch);
    channel.vm().countSocket(-1);
    touchSpokenFor(channel.vm());
    ledger.change();
    if (entry.isLineDue(channel, nowMs)) {
      LOG.info("{} hung up", channel);
    }
    return true;
  }

  /** Closes what is wanted no more, or elsewhere; {@link #tellClosed} has to follow. */
  void closeAll(Fleet.Entry entry, long nowMs) {
    for (Channel channel : List.copyOf(entry.channels.values())) {
      end(entry, channel, nowMs);
      closed.add(channel);
    }
  }

  /**
   * Once it is known what is wanted now: what was closed and is wanted still is connected again.
   */
  void tellClosed() {
    closed.forEach(lost);
    closed.clear();
  }

  // An envelope or a policy of an operator speaks for vCPUs while their VM is up.
  private void touchSpokenFor(Vm vm) {
    for (Vcpu vcpu : vm.vcpus()) {
      if (vm.envelope().enforce() || vcpu.operatorPolicy() != null) {
        clocks.touch(vcpu);
      }
    }
  }

  /** The guest opened a port, or has it open. */
  void portOpened(Fleet.Entry entry, int number, long nowMs) {
    entry.closedPorts.clear(number);
    entry.arrival.opened(number);
    Channel channel = entry.channels.get(number);
    if (channel != null) {
      channel.setPortClosed(false);
      claimIfBrought(entry, channel, nowMs);
    }
  }

  /** The guest has had a port closed for long: its claims end. */
  void portClosed(Fleet.Entry entry, int number, long nowMs) {
    entry.closedPorts.set(number);
    Channel channel = entry.channels.get(number);
    if (channel != null) {
      channel.setPortClosed(true);
      if (!channel.isDisabled()) {
        release(channel, nowMs);
      }
    }
  }

  private void release(Channel channel, long nowMs) {
    List<Vcpu> released = channel.releaseClaims(nowMs);
    if (!released.isEmpty()) {
      LOG.info("{}: the guest closed its port, its claims end", channel);
      released.forEach(clocks::touch);
      ledger.change();
    }
  }

  /**
   * Makes {@code off} the disabled channels. The target that the claims of one have is frozen; what
   * was recorded of one that is enabled comes into force.
   */
  void disable(Fleet.Entry entry, BitSet off, long nowMs) {
    List<Channel> fresh = new ArrayList<>();
    for (Channel channel : entry.channels.values()) {
      boolean wasDisabled = channel.isDisabled();
      channel.setDisabled(off.get(channel.number()));
      if (wasDisabled && !channel.isDisabled()) {
        adoptRecorded(channel, nowMs);
      } else if (channel.isDisabled() && !wasDisabled) {
        fresh.add(channel);
      }
    }
    fresh.forEach(channel -> freeze(entry, channel));
  }

  private void freeze(Fleet.Entry entry, Channel channel) {
    for (Vcpu vcpu : channel.claims()) {
      boolean countsSomewhere = vcpu.domains().length > 0;
      if (!speaksElsewhere(entry, vcpu) && !vcpu.isFrozen() && countsSomewhere) {
        vcpu.freeze(channel.number(), standKhz(vcpu));
        clocks.touch(vcpu);
      }
    }
  }

  // Where an operator's hold goes before votes, or nothing is written, it stands at what its
  // vote comes to.
  private int[] standKhz(Vcpu vcpu) {
    int[] khz = new int[vcpu.domains().length];
    if (khz.length == 0) {
      return new int[] {vcpu.vote()}; // its pCPUs are away: what it comes to once they are back
    }
    for (int i = 0; i < khz.length; i++) {
      ManagedDomain managed = clocks.domain(vcpu.domains()[i]);
      boolean voted =
          !clocks.isPassive()
              && clocks.holdOn(managed) == null
              && clocks.scheduledOn(managed) == null
              && managed.targetKhz() > 0;
      managed.boundsNow();
      khz[i] = voted ? managed.targetKhz() : clocks.levelKhz(vcpu, managed);
    }
    return khz;
  }

  private void adoptRecorded(Channel channel, long nowMs) {
    for (Vcpu vcpu : channel.vm().vcpus()) {
      if (vcpu.isFrozenBy(channel.number()) || (vcpu.isFrozen() && channel.holds(vcpu))) {
        vcpu.thaw();
        clocks.touch(vcpu);
      }
      if (vcpu.hasRecordedFrom(channel.number())) {
        int vote = vcpu.latestVote();
        boolean turbo = vcpu.latestTurbo();
        channel.claim(vcpu, nowMs); // which makes it begin as MAX
        vcpu.ask(vote, turbo, nowMs);
        clocks.touch(vcpu);
        ledger.change();
      }
    }
    policies.adoptRecorded(channel, nowMs);
    if (channel.isPortClosed()) {
      release(channel, nowMs);
    }
  }

  /** A vCPU is no more. */
  void forget(Fleet.Entry entry, Vcpu removed) {
    entry.channels.values().forEach(channel -> channel.forget(removed));
    ledger.change();
  }

  /** The claims that channels hold now. */
  static List<ClaimLedger.Claim> claims(Collection<Fleet.Entry> entries) {
    List<ClaimLedger.Claim> claims = new ArrayList<>();
    for (Fleet.Entry entry : entries) {
      for (Channel channel : entry.channels.values()) {
        for (Vcpu vcpu : channel.claims()) {
          claims.add(
              new ClaimLedger.Claim(
                  entry.vm.name(), vcpu.number(), channel.number(), channel.peer()));
        }
      }
    }
    return claims;
  }
}
