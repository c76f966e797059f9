package dev.vmpower.host.sampler;

import dev.vmpower.machine.net.GuestInterface;
import dev.vmpower.machine.net.PacketCounters;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Packets per second, out of counts that only grow. Not thread-safe: the sampler's thread owns it.
 */
final class PacketRates {
  private static final double NS_PER_S = 1e9;

  private record Baseline(long atNs, Map<GuestInterface, Long> counts) {}

  private final PacketCounters counters;
  private final Map<Object, Baseline> baselines = new HashMap<>();

  PacketRates(PacketCounters counters) {
    this.counters = counters;
  }

  void retain(Set<Object> keys) {
    baselines.keySet().retainAll(keys);
  }

  /** Whether {@code probe} has been counted before. */
  boolean knows(Probe.Packets probe) {
    return baselines.containsKey(probe.key());
  }

  /** The rate since the last time; null the first time, since a rate needs two counts. */
  @Nullable Reading sample(Probe.Packets probe, long nowNs) {
    Baseline before = baselines.get(probe.key());
    if (before != null && before.atNs() == nowNs) {
      return null; // it was new in this round
    }
    Map<GuestInterface, Long> counts = new HashMap<>();
    try {
      for (GuestInterface nic : probe.interfaces()) {
        counts.put(nic, counters.received(nic));
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
}
