package dev.vmpower.host.sampler;

import dev.vmpower.machine.net.GuestInterface;
import dev.vmpower.machine.net.PacketCounters;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The thread that counts packets for policies: reading a counter may wait in the kernel, and the
 * monitor must not.
 *
 * <p>It sleeps for as long as nothing is wanted, and else until the next second.
 */
public final class Sampler implements AutoCloseable {
  /** Packets are counted this often. */
  public static final long PACKETS_EVERY_NS = 1_000_000_000L;

  private static final double NS_PER_S = 1e9;

  /** Takes readings; what it cannot take now is lost, and the next ones come soon. */
  public interface Listener {
    void sampled(List<Reading> readings);
  }

  private record Baseline(long atNs, Map<GuestInterface, Long> counts) {}

  private final PacketCounters packets;
  private final LongSupplier clockNs;
  private final Thread thread;
  private Listener listener = readings -> {};
  private volatile List<Probe> wanted = List.of();
  private volatile boolean closed;

  // The thread's own.
  private final Map<Object, Baseline> baselines = new HashMap<>();
  private long packetsDueNs;

  /**
   * A sampler that waits for {@link #want}.
   *
   * @param clockNs time that never jumps
   */
  public Sampler(PacketCounters packets, LongSupplier clockNs) {
    this.packets = packets;
    this.clockNs = clockNs;
    this.thread = Thread.ofPlatform().daemon().name("sampler").unstarted(this::run);
  }

  /** Begins; {@code listener} is told on the sampler's thread. */
  public void start(Listener listener) {
    this.listener = listener;
    thread.start();
  }

  /** Replaces what is to be counted. Never waits. */
  public void want(List<Probe> probes) {
    wanted = probes;
    LockSupport.unpark(thread);
  }

  private void run() {
    while (!closed) {
      List<Probe> probes = wanted;
      long nowNs = clockNs.getAsLong();
      forgetAllBut(probes);
      if (probes.isEmpty()) {
        packetsDueNs = nowNs;
        LockSupport.park(this);
      } else if (nowNs < packetsDueNs && hasBaselines(probes)) {
        LockSupport.parkNanos(this, packetsDueNs - nowNs);
      } else {
        packetsDueNs = nowNs + PACKETS_EVERY_NS;
        List<Reading> readings = sample(probes);
        if (!readings.isEmpty()) {
          listener.sampled(readings);
        }
      }
    }
  }

  private void forgetAllBut(List<Probe> probes) {
    Set<Object> keys = new HashSet<>();
    for (Probe probe : probes) {
      if (probe instanceof Probe.Packets wantedPackets) {
        keys.add(wantedPackets.key());
      }
    }
    baselines.keySet().retainAll(keys);
  }

  // What is new is looked at at once, so that its first rate is there after a second.
  private boolean hasBaselines(List<Probe> probes) {
    for (Probe probe : probes) {
      if (probe instanceof Probe.Packets one && !baselines.containsKey(one.key())) {
        return false;
      }
    }
    return true;
  }

  private List<Reading> sample(List<Probe> probes) {
    List<Reading> readings = new ArrayList<>();
    for (Probe probe : probes) {
      if (probe instanceof Probe.Packets one) {
        Reading reading = sample(one);
        if (reading != null) {
          readings.add(reading);
        }
      }
    }
    return readings;
  }

  /** Null the first time: a rate needs two counts. */
  private @Nullable Reading sample(Probe.Packets probe) {
    Baseline before = baselines.get(probe.key());
    Map<GuestInterface, Long> counts = new HashMap<>();
    long nowNs = clockNs.getAsLong();
    try {
      for (GuestInterface nic : probe.interfaces()) {
        counts.put(nic, packets.received(nic));
      }
    } catch (IOException unreadable) {
      baselines.put(probe.key(), new Baseline(nowNs, Map.of()));
      return new Reading.NoPackets(probe.key(), String.valueOf(unreadable.getMessage()));
    }
    baselines.put(probe.key(), new Baseline(nowNs, counts));
    if (counts.isEmpty()) {
      return new Reading.NoPackets(probe.key(), "it names no interface of its VM");
    }
    if (before == null || !before.counts().keySet().equals(counts.keySet())) {
      return null;
    }
    long come = 0;
    for (Map.Entry<GuestInterface, Long> entry : counts.entrySet()) {
      come += come(before.counts().getOrDefault(entry.getKey(), 0L), entry.getValue());
    }
    double seconds = Math.max(nowNs - before.atNs(), 1) / NS_PER_S;
    return new Reading.Packets(probe.key(), Math.round(come / seconds));
  }

  /** A count that is lower than before began anew at 0, with a new device. */
  private static long come(long before, long now) {
    return Long.compareUnsigned(now, before) >= 0 ? now - before : now;
  }

  @Override
  public void close() {
    closed = true;
    LockSupport.unpark(thread);
  }
}
