package dev.vmpower.guest;

import dev.vmpower.protocol.Unit;

/** What a vCPU can ask for. The host keeps it until the vCPU asks for something else. */
public enum Wish {
  /** The highest frequency that the vCPU may have, with turbo where that is allowed. */
  MAX(Unit.SCALE_MAX),
  /** The lowest frequency. */
  MIN(Unit.SCALE_MIN),
  /** One step more; at the top already, no change and an ACK. */
  UP(Unit.SCALE_UP),
  /** One step less; at the bottom already, no change and an ACK. */
  DOWN(Unit.SCALE_DOWN),
  /** Turbo is allowed again, as it is at first, and the maximum asked for. */
  TURBO_ON(Unit.ENABLE_TURBO),
  /** From now on the maximum is the highest frequency without turbo. */
  TURBO_OFF(Unit.DISABLE_TURBO);

  private final Unit unit;

  Wish(Unit unit) {
    this.unit = unit;
  }

  Unit unit() {
    return unit;
  }
}
