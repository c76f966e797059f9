package dev.vmpower.host.policy;

/** What a policy asks for, lowest first. Which frequency that is, the ladder of each pCPU says. */
public enum Level {
  MIN,
  /** Index n/2 of a ladder of n levels, the turbo entry counted. */
  MEDIUM,
  MAX
}
