package dev.vmpower.host.monitor;

import dev.vmpower.host.channel.Channel;
import dev.vmpower.host.claims.ClaimLedger;
import dev.vmpower.host.clock.Clocks;
import dev.vmpower.host.vm.Vcpu;
import dev.vmpower.host.vm.Vm;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.List;
import java.util.function.Consumer;
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
  private final ClaimLedger ledger;
  private final Consumer<Channel> lost;

  /**
   * No connections yet.
   *
   * @param lost is told of each channel that ended, so that it is connected again
   */
  Connections(Clocks clocks, ClaimLedger ledger, Consumer<Channel> lost) {
    this.clocks = clocks;
    this.ledger = ledger;
    this.lost = lost;
  }

  /** Takes up a connection to a VM that has none of that number. */
  Channel open(Fleet.Entry entry, Event.Connected event, boolean disabled, long nowMs) {
    Channel channel = new Channel(entry.vm, event.number(), event.socket(), event.peer());
    channel.setDisabled(disabled);
    channel.setPortClosed(entry.closedPorts.get(event.number()));
    entry.channels.put(event.number(), channel);
    entry.vm.countSocket(1);
    for (int number : ledger.take(entry.vm.name(), event.number(), event.peer())) {
      Vcpu vcpu = entry.vm.vcpu(number);
      if (vcpu != null) {
        channel.claim(vcpu, nowMs);
        clocks.touch(vcpu);
        LOG.info("{} held a claim before the restart, and counts as max until it asks", vcpu);
      }
    }
    ledger.change();
    touchEnforced(entry.vm);
    LOG.info("{} is connected (pid {})", channel, event.peer().pid());
    return channel;
  }

  /** A connection ended: its claims end with it. */
  void hungUp(Fleet.Entry entry, Channel channel, long nowMs) {
    channel.close();
    if (!entry.channels.remove(channel.number(), channel)) {
      return;
    }
    channel.releaseClaims(nowMs).forEach(clocks::touch);
    channel.vm().countSocket(-1);
    touchEnforced(channel.vm());
    ledger.change();
    lost.accept(channel);
    LOG.info("{} hung up", channel);
  }

  void closeAll(Fleet.Entry entry, long nowMs) {
    for (Channel channel : List.copyOf(entry.channels.values())) {
      hungUp(entry, channel, nowMs);
    }
  }

  private void touchEnforced(Vm vm) {
    if (vm.envelope().enforce()) {
      vm.vcpus().forEach(clocks::touch);
    }
  }

  /** The guest opened a port. */
  void portOpened(Fleet.Entry entry, int number) {
    entry.closedPorts.clear(number);
    Channel channel = entry.channels.get(number);
    if (channel != null) {
      channel.setPortClosed(false);
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

  /** Makes {@code off} the disabled channels; what was recorded of the others comes into force. */
  void disable(Fleet.Entry entry, BitSet off, long nowMs) {
    for (Channel channel : entry.channels.values()) {
      boolean wasDisabled = channel.isDisabled();
      channel.setDisabled(off.get(channel.number()));
      if (wasDisabled && !channel.isDisabled()) {
        adoptRecorded(channel, nowMs);
      }
    }
  }

  private void adoptRecorded(Channel channel, long nowMs) {
    for (Vcpu vcpu : channel.vm().vcpus()) {
      if (vcpu.hasRecordedFrom(channel.number())) {
        channel.claim(vcpu, nowMs);
        vcpu.adoptRecorded(nowMs);
        clocks.touch(vcpu);
        ledger.change();
      }
    }
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
