package dev.vmpower.host.monitor;

import dev.vmpower.host.channel.Channel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How often a channel came and went of late: the log has the first few of each while, and then a
 * line that says that there will be no more.
 *
 * <p>Not thread-safe: the monitor thread owns it.
 */
final class ComingsAndGoings {
  static final int LINES_MAX = 8;
  static final long WHILE_MS = 10_000;

  private static final Logger LOG = LoggerFactory.getLogger("vmpower.vm");

  private long beganMs;
  private int count;

  /** Whether there may be a line about {@code channel} now. */
  boolean isDue(Channel channel, long nowMs) {
    if (nowMs - beganMs >= WHILE_MS || nowMs < beganMs) {
      beganMs = nowMs;
      count = 0;
    }
    if (count == LINES_MAX) {
      LOG.warn("{} comes and goes: no more lines about that for {} s", channel, WHILE_MS / 1000);
    }
    count = Math.min(count + 1, LINES_MAX + 1);
    return count <= LINES_MAX;
  }
}
