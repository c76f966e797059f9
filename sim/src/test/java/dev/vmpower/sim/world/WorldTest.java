package dev.vmpower.sim.world;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vmpower.host.log.LogSetup;
import org.junit.jupiter.api.Test;

/** The simulation itself; {@code ./dev sim} runs more of it. */
class WorldTest {
  private static final int WORLDS = 20;
  private static final int STEPS = 1_500;

  @Test
  void whatIsInTheKernelAndWhatIsAnsweredIsWhatTheRulesSay() {
    StringBuilder wrong = new StringBuilder();
    LogSetup.quietly(
        () -> {
          for (int seed = 0; seed < WORLDS && wrong.isEmpty(); seed++) {
            wrong.append(Simulation.run(seed, STEPS));
          }
        });
    assertThat(wrong.toString()).isEmpty();
  }
}
