package dev.vmpower.host.clock;

/**
 * A level that an operator set by hand. It goes before all votes until it is released.
 *
 * @param vote {@code Arbiter.MAX}, {@code Arbiter.MIN}, or kHz
 * @param who user and pid of whoever set it
 * @param sinceMs when, in milliseconds of the wall clock
 */
public record Hold(int vote, String who, long sinceMs) {}
