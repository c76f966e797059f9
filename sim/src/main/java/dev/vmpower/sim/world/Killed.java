package dev.vmpower.sim.world;

/** SIGKILL, in the middle of whatever the daemon does. */
final class Killed extends Error {
  private static final long serialVersionUID = 1;

  Killed() {
    super("SIGKILL", null, false, false);
  }
}
