package dev.vmpower.host.sampler;

import dev.vmpower.machine.net.PacketCounters;
import dev.vmpower.machine.perf.BranchCounters;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The thread that counts packets and branches for policies: reading a counter may wait in the
 * kernel, and the monitor must not.
 *
 * <p>It sleeps for as long as nothing is wanted, and else until the next count is due.
 */
public final class Sampler implements AutoCloseable {
  /** Packets are counted this often. */
  public static final long PACKETS_EVERY_NS = 1_000_000_000L;

  /** Branches are counted this often. */
  public static final long BRANCHES_EVERY_NS = 100_000_000L;

  private static final long NEVER = Long.MAX_VALUE;

  /** Is told on the sampler's thread. */
  public interface Listener {
    /** Takes readings; what it cannot take now is lost, and the next ones come soon. */
    void sampled(List<Reading> readings);

    /** Once, at the start: branches can be counted, or {@code whyNot}. */
    void branches(@Nullable String whyNot);
  }

  private final PacketRates packets;
  private final BranchCounts branches = new BranchCounts();
  private final LongSupplier clockNs;
  private final Thread thread;
  private @Nullable Listener listener;
  private volatile List<Probe> wanted = List.of();
  private volatile boolean closed;

  // The thread's own.
  private List<Probe> probes = List.of();
  private long packetsDueNs = NEVER;
  private long branchesDueNs = NEVER;

  /**
   * A sampler that waits for {@link #want}.
   *
   * @param clockNs time that never jumps
   */
  public Sampler(PacketCounters packets, LongSupplier clockNs) {
    this.packets = new PacketRates(packets);
    this.clockNs = clockNs;
    this.thread = Thread.ofPlatform().daemon().name("sampler").unstarted(this::run);
  }

  /** Begins. */
  public void start(Listener listener) {
    this.listener = listener;
    listener.branches(BranchCounters.unavailable());
    thread.start();
  }

  /** Replaces what is to be counted. Never waits. */
  public void want(List<Probe> probes) {
    wanted = probes;
    LockSupport.unpark(thread);
  }

  private void run() {
    Listener told = listener;
    if (told == null) {
      throw new IllegalStateException("started without a listener");
    }
    while (!closed) {
      long nowNs = clockNs.getAsLong();
      List<Reading> readings = new ArrayList<>();
      takeUp(wanted, nowNs, readings);
      if (nowNs >= packetsDueNs) {
        packetsDueNs = nowNs + PACKETS_EVERY_NS;
        countPackets(nowNs, readings);
      }
      if (nowNs >= branchesDueNs) {
        branchesDueNs = nowNs + BRANCHES_EVERY_NS;
        countBranches(readings);
      }
      if (!readings.isEmpty()) {
        told.sampled(readings);
      }
      sleep();
    }
    branches.retain(Set.of());
  }

  private void sleep() {
    long dueNs = Math.min(packetsDueNs, branchesDueNs);
    if (dueNs == NEVER) {
      LockSupport.park(this);
    } else {
      LockSupport.parkNanos(this, Math.max(dueNs - clockNs.getAsLong(), 1));
    }
  }

  /** Looks at what is wanted now. What is new is counted at once, so that its rate comes soon. */
  private void takeUp(List<Probe> fresh, long nowNs, List<Reading> readings) {
    if (fresh == probes) {
      return;
    }
    probes = fresh;
    Set<Object> keys = new HashSet<>();
    Set<Integer> cpus = new HashSet<>();
    for (Probe probe : fresh) {
      switch (probe) {
        case Probe.Packets one -> {
          keys.add(one.key());
          if (!packets.knows(one)) {
            add(packets.sample(one, nowNs), readings);
          }
        }
        case Probe.Branches one -> cpus.add(one.cpu());
      }
    }
    packets.retain(keys);
    branches.retain(cpus);
    packetsDueNs = keys.isEmpty() ? NEVER : Math.min(packetsDueNs, nowNs + PACKETS_EVERY_NS);
    branchesDueNs = cpus.isEmpty() ? NEVER : Math.min(branchesDueNs, nowNs);
  }

  private void countPackets(long nowNs, List<Reading> readings) {
    for (Probe probe : probes) {
      if (probe instanceof Probe.Packets one) {
        add(packets.sample(one, nowNs), readings);
      }
    }
  }

  private void countBranches(List<Reading> readings) {
    for (Probe probe : probes) {
      if (probe instanceof Probe.Branches one) {
        add(branches.sample(one.cpu()), readings);
      }
    }
  }

  private static void add(@Nullable Reading reading, List<Reading> readings) {
    if (reading != null) {
      readings.add(reading);
    }
  }

  @Override
  public void close() {
    closed = true;
    LockSupport.unpark(thread);
  }
}
