package dev.vmpower.host.monitor;

import dev.vmpower.host.config.Config;
import dev.vmpower.host.fifo.FifoOrder;
import dev.vmpower.host.sampler.Reading;
import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.epoll.DirectSocket;
import dev.vmpower.machine.libvirt.DomainInfo;
import dev.vmpower.machine.socket.PeerProcess;
import java.nio.channels.ByteChannel;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** What other threads post to the monitor's mailbox. */
public sealed interface Event {
  /**
   * The connector reached a guest's socket.
   *
   * @param bytes what is read from {@code socket} and written to it, and what closes it
   */
  record Connected(String vm, int number, SocketChannel socket, ByteChannel bytes, PeerProcess peer)
      implements Event {
    static Connected of(String vm, int number, SocketChannel socket, PeerProcess peer) {
      return new Connected(vm, number, socket, new DirectSocket(socket), peer);
    }
  }

  /** libvirt answers, or answers again: all domains that there are. */
  record LibvirtConnected(List<DomainInfo> domains) implements Event {}

  /** libvirt is gone. What it told stays. */
  record LibvirtDisconnected(String why) implements Event {}

  /** A domain appeared, or something of it changed. */
  record DomainChanged(DomainInfo domain) implements Event {}

  /** A domain is neither running nor defined any more. */
  record DomainGone(String uuid) implements Event {}

  /** A guest was reset. */
  record DomainRebooted(String uuid) implements Event {}

  /** A guest opened a port, or has had it closed for long. */
  record GuestPort(String uuid, int channel, boolean open) implements Event {}

  /** The sampler counted. */
  record Sampled(List<Reading> readings) implements Event {}

  /** The sampler found out whether it can count branches; {@code whyNot} is null if it can. */
  record Branches(@Nullable String whyNot) implements Event {}

  /** Who is likely to have made the changes that were found, in a sentence. */
  record Suspected(String cause) implements Event {}

  /** DPDK's JSON FIFOs of these pCPUs are there. */
  record FifosOpened(CpuSet cpus) implements Event {}

  /**
   * DPDK's JSON for a pCPU.
   *
   * @param waiting is counted down when it has been taken
   */
  record FifoOrdered(int cpu, FifoOrder order, AtomicInteger waiting) implements Event {}

  /** The configuration was read again. */
  record Configured(Config config, CompletableFuture<Void> done) implements Event {}

  /** An operator asks something. */
  record Asked<T>(Verb<T> verb, CompletableFuture<T> answer) implements Event {}

  /** Answers once everything posted before has been done. */
  record Sync(CompletableFuture<Void> done) implements Event {}

  /**
   * End.
   *
   * @param giveBack whether everything is given back before
   */
  record Stop(boolean giveBack) implements Event {
    /** Give everything back and end. */
    public Stop() {
      this(true);
    }
  }
}
