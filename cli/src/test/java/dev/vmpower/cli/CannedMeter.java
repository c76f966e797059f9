package dev.vmpower.cli;

import dev.vmpower.host.control.ControlServer;
import dev.vmpower.host.view.EnergyView;
import java.util.List;

/** Always the same: an hour in which one VM used half of what was used. */
final class CannedMeter implements ControlServer.Meter {
  static final EnergyView HOUR =
      new EnergyView(
          3600,
          true,
          360_000.0,
          90_000.0,
          0.2,
          List.of(
              new EnergyView.Share("vm0", 0.5, 180_000.0),
              new EnergyView.Share(null, 0.5, 180_000.0)),
          List.of(
              new EnergyView.Times(
                  0, "0-1", List.of(1_200_000, 2_600_000), List.of(900.0, 2700.0))),
          EnergyView.METHOD);

  @Override
  public EnergyView sinceStart() {
    return HOUR;
  }

  @Override
  public EnergyView lastHours(int count) {
    return HOUR;
  }
}
