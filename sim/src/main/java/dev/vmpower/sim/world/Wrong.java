package dev.vmpower.sim.world;

/** Something is not as the rules say. */
final class Wrong extends RuntimeException {
  private static final long serialVersionUID = 1;

  Wrong(String what) {
    super(what);
  }
}
