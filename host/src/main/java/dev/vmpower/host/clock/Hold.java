package dev.vmpower.host.clock;

/**
 * A level that an operator set. It goes before all votes until it is released.
 *
 * @param vote {@code Arbiter.MAX}, {@code Arbiter.MIN}, or kHz
 * @param who user and pid of whoever set it
 * @param sinceMs when, in milliseconds of the wall clock
 * @param untilMs when it is released by itself, in milliseconds of the wall clock, to show and to
 *     keep; {@link #NEVER} if it is not
 * @param untilNs the same in the monitor's time, which is what counts
 */
public record Hold(int vote, String who, long sinceMs, long untilMs, long untilNs) {
  /** The deadline of what has none. */
  public static final long NEVER = Long.MAX_VALUE;

  /** A hold without a deadline. */
  public Hold(int vote, String who, long sinceMs) {
    this(vote, who, sinceMs, NEVER, NEVER);
  }
}
