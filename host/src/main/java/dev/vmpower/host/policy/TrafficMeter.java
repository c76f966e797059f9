package dev.vmpower.host.policy;

/**
 * What a rate of packets asks for, smoothed so that it does not flap: a higher level at once, a
 * lower one only after {@link #LOWER_AFTER_SAMPLES} samples in a row asked for less; then it goes
 * to the highest that any of these asked for.
 *
 * <p>A rate that is not known asks for the maximum: no VM is to drop packets because of a counter.
 */
final class TrafficMeter {
  static final int LOWER_AFTER_SAMPLES = 3;

  private final long averagePackets;
  private final long maxPackets;
  private Level level = Level.MAX;
  private int lowerSamples;
  private Level highestOfLower = Level.MIN;

  TrafficMeter(Policy.Traffic policy) {
    this.averagePackets = policy.averagePackets();
    this.maxPackets = policy.maxPackets();
  }

  Level level() {
    return level;
  }

  /** Takes the packets of one second. */
  void sample(long packetsPerSecond) {
    take(wanted(packetsPerSecond));
  }

  /** There was nothing to read. */
  void miss() {
    take(Level.MAX);
  }

  private Level wanted(long packetsPerSecond) {
    if (packetsPerSecond >= maxPackets) {
      return Level.MAX;
    }
    return packetsPerSecond >= averagePackets ? Level.MEDIUM : Level.MIN;
  }

  private void take(Level wanted) {
    if (wanted.compareTo(level) >= 0) {
      settleAt(wanted);
      return;
    }
    lowerSamples++;
    highestOfLower = wanted.compareTo(highestOfLower) > 0 ? wanted : highestOfLower;
    if (lowerSamples == LOWER_AFTER_SAMPLES) {
      settleAt(highestOfLower);
    }
  }

  private void settleAt(Level settled) {
    level = settled;
    lowerSamples = 0;
    highestOfLower = Level.MIN;
  }
}
