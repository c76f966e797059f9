package dev.vmpower.host;

import static dev.vmpower.protocol.ReplyKind.ACK;
import static dev.vmpower.protocol.ReplyKind.NACK;
import static dev.vmpower.protocol.Unit.SCALE_MAX;
import static dev.vmpower.protocol.Unit.SCALE_MIN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A host that has no room on its disk for a while, or whose control socket is attacked. */
class HostFaultsTest {
  private static final int STATE_BYTES = 64; // more than an attribute has, less than any state

  private static final int ATTACKERS = 1_000;
  private static final List<String> ATTACKS =
      List.of(
          "",
          "GET /v1/status HTTP/1.1\r\nHost: x\r\n",
          "GET /v1/status HTTP/1.1\r\nHost: x\r\nX: " + "a".repeat(100_000),
          "POST /v1/pause HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n{",
          "GET /v1/../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
          "\u0000\u0001junk\r\n\r\n".repeat(100));

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

  /** As many connections as anybody likes, idle, half sent, endless or nonsense. */
  @Test
  void whileTheControlSocketIsAttackedGuestsAreAnswered() throws Exception {
    List<SocketChannel> attackers = new ArrayList<>();
    try (FakeGuest guest = host.guest()) {
      ScratchHost.awaitReady(host.start());
      guest.awaitConnection();
      UnixDomainSocketAddress control =
          UnixDomainSocketAddress.of(directory.resolve("control.sock"));
      for (int i = 0; i < ATTACKERS; i++) {
        SocketChannel attacker = SocketChannel.open(control);
        attacker.configureBlocking(false);
        attackers.add(attacker);
        send(attacker, ATTACKS.get(i % ATTACKS.size()));
        if (i % 10 == 0) {
          boolean max = i % 20 == 0;
          assertThat(guest.ask(max ? SCALE_MAX : SCALE_MIN, 0)).isEqualTo(ACK);
          assertThat(host.policy(0).resolve("scaling_setspeed"))
              .hasContent(max ? "2601000" : "1200000");
        }
      }
    } finally {
      for (SocketChannel attacker : attackers) {
        attacker.close();
      }
    }
    await()
        .atMost(ScratchHost.WAIT_S, TimeUnit.SECONDS)
        .untilAsserted(
            () ->
                assertThat(host.post("/v1/cpus/set", "{\"cpus\":\"1\",\"level\":\"min\"}"))
                    .startsWith("HTTP/1.1 200"));
  }

  private static void send(SocketChannel attacker, String text) {
    try {
      attacker.write(StandardCharsets.UTF_8.encode(text));
    } catch (IOException turnedAway) {
      // As it should be.
    }
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
