package dev.vmpower.host.clock;

/**
 * Turbo switched off by an operator: nothing goes above the highest level without it.
 *
 * @param who user and pid of whoever switched it off
 * @param sinceMs when, in milliseconds of the wall clock
 */
public record TurboOff(String who, long sinceMs) {}
