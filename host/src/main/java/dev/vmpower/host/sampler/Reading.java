package dev.vmpower.host.sampler;

/** What became of one {@link Probe} at one time. */
public sealed interface Reading {
  /** Packets per second since the last reading. */
  record Packets(Object key, long packetsPerSecond) implements Reading {}

  /** Packets could not be counted; {@code why} is one line. */
  record NoPackets(Object key, String why) implements Reading {}

  /** Branches, and mispredicted ones, since the last reading. */
  record Branches(int cpu, long branches, long misses) implements Reading {}

  /** Branches could not be counted; {@code why} is one line. */
  record NoBranches(int cpu, String why) implements Reading {}
}
