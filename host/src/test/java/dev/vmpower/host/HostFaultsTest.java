package dev.vmpower.host;

import static dev.vmpower.protocol.ReplyKind.ACK;
import static dev.vmpower.protocol.ReplyKind.NACK;
import static dev.vmpower.protocol.Unit.SCALE_MIN;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A host that has no room on its disk for a while. */
class HostFaultsTest {
  private static final int STATE_BYTES = 64; // more than an attribute has, less than any state

  @TempDir Path directory;
  private ScratchHost host;

  @BeforeEach
  void makeHost() throws IOException {
    host = new ScratchHost(directory);
  }

  @AfterEach
  void endWhatWasStarted() {
    host.close();
  }

  private static void limit(Process process, String what) throws Exception {
    Process prlimit =
        new ProcessBuilder("prlimit", "--pid", "" + process.pid(), "--" + what).inheritIO().start();
    assertThat(prlimit.waitFor()).isZero();
  }

  /** A file that may not grow stands for a disk that is full. */
  @Test
  void whereOriginalsCannotBeSavedNothingIsTouchedUntilThereIsRoom() throws Exception {
    try (FakeGuest guest = host.guest()) {
      Process daemon = host.start();
      ScratchHost.awaitReady(daemon);
      guest.awaitConnection();
      limit(daemon, "fsize=" + STATE_BYTES + ":");

      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(NACK);
      host.isAsFound();
      assertThat(directory.resolve("run/originals")).doesNotExist();
      assertThat(host.post("/v1/cpus/set", "{\"cpus\":\"1\",\"level\":\"max\"}"))
          .doesNotStartWith("HTTP/1.1 200");

      limit(daemon, "fsize=unlimited:");
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(host.policy(0).resolve("scaling_setspeed")).hasContent("1200000");
      assertThat(directory.resolve("run/originals")).exists();

      limit(daemon, "fsize=" + STATE_BYTES + ":");
      daemon.destroy();
      assertThat(daemon.waitFor(ScratchHost.WAIT_S, TimeUnit.SECONDS)).isTrue();
      host.isAsFound();
    }
  }
}
