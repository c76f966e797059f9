package dev.vmpower.host;

import static dev.vmpower.protocol.ReplyKind.ACK;
import static dev.vmpower.protocol.Unit.SCALE_MIN;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** A daemon, with the flags that it is installed with, whose memory is eaten whole. */
@Execution(ExecutionMode.CONCURRENT)
class OutOfMemoryTest {
  private static final long END_S = 10;
  private static final int EXIT_OF_THE_JVM = 3;

  @TempDir Path directory;

  @Test
  void withoutMemoryItEndsAtOnceAndRestoreGivesBack() throws Exception {
    try (ScratchHost host = new ScratchHost(directory);
        FakeGuest guest = host.guest()) {
      List<String> flags = installedFlags();
      flags.add("-Xmx32m"); // the last one counts
      Process daemon = host.start(Map.of(), HungryDaemon.class, flags);
      ScratchHost.awaitReady(daemon);
      guest.awaitConnection();
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);

      try (OutputStream in = daemon.getOutputStream()) {
        in.write(1);
      }
      assertThat(daemon.waitFor(END_S, TimeUnit.SECONDS)).as("it ends").isTrue();
      assertThat(daemon.exitValue()).isEqualTo(EXIT_OF_THE_JVM);
      assertThat(daemon.inputReader().readLine()).contains("OutOfMemoryError");
      assertThat(host.policy(0).resolve("scaling_setspeed")).hasContent("1200000");

      Process restore = host.start("restore");
      assertThat(restore.waitFor(END_S, TimeUnit.SECONDS)).isTrue();
      assertThat(restore.exitValue()).isZero();
      host.isAsFound();
    }
  }

  private static List<String> installedFlags() throws IOException {
    String begin = "daemon_flags=\"";
    for (String line : Files.readAllLines(Path.of("../dist/jvm"))) {
      if (line.startsWith(begin)) {
        String flags = line.substring(begin.length(), line.length() - 1);
        return new ArrayList<>(List.of(flags.split(" ")));
      }
    }
    throw new AssertionError("../dist/jvm has no line " + begin);
  }
}
