package dev.vmpower.sim.world;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vmpower.host.log.LogSetup;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** The simulation itself; {@code ./dev sim} runs more of it. */
class WorldTest {
  private static final int WORLDS = 20;
  private static final int STEPS = 1_500;

  @Test
  void whatIsInTheKernelAndWhatIsAnsweredIsWhatTheRulesSay() {
    AtomicReference<String> wrong = new AtomicReference<>("");
    LogSetup.quietly(
        () -> {
          for (int seed = 0; seed < WORLDS && wrong.get().isEmpty(); seed++) {
            wrong.set(Simulation.run(seed, STEPS));
          }
        });
    assertThat(wrong.get()).isEmpty();
  }
}
