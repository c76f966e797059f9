package dev.vmpower.cli;

/** How an answer is shown. */
enum Screen {
  VMS,
  VM,
  CHANNELS,
  CPUS,
  CPU,
  EXPLANATION,
  PINNING,
  POLICIES,
  POLICY,
  STATUS,
  ENERGY,
  MODE,
  MESSAGE,
  /** By whoever does it without the daemon. */
  LOCAL
}
