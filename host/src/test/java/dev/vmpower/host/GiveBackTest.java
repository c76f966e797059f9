package dev.vmpower.host;

import static dev.vmpower.protocol.ReplyKind.ACK;
import static dev.vmpower.protocol.Unit.SCALE_MIN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.vmpower.host.monitor.Monitor;
import dev.vmpower.machine.sysfs.DirectorySysfs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is given back when something is in the way at just that moment. */
class GiveBackTest {
  @TempDir Path directory;
  private ScratchHost host;

  @BeforeEach
  void makeHost() throws IOException {
    host = new ScratchHost(directory);
  }

  private Rig rig() {
    return new Rig(directory, new DirectorySysfs(directory.resolve("cpu"))).vm("vm0", "0");
  }

  @Test
  void aFrequencyDomainThatIsGoneAtThatMomentIsGivenBackWhenItReturns() throws Exception {
    try (Rig rig = rig().start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      Path aside = directory.resolve("aside");
      Files.move(host.policy(0), aside);

      guest.close();
      await().until(() -> rig.status().channels() == 0);
      rig.sync();
      Files.move(aside, host.policy(0));
      assertThat(host.policy(0).resolve("scaling_governor")).hasContent("userspace");
      rig.pass(Monitor.SWEEP_NS);

      await().untilAsserted(host::isAsFound);
      assertThat(directory.resolve("run/originals")).doesNotExist();
    }
  }
}
