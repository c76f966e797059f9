package dev.vmpower.sim.world;

/** What a vCPU can ask for besides a level in kHz. */
final class Vote {
  static final int MAX = Integer.MAX_VALUE;
  static final int MIN = 0;
  static final int MEDIUM = -1;

  private Vote() {}
}
