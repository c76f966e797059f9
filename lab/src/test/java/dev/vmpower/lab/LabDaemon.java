package dev.vmpower.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A running {@code ./vmpower daemon --config FILE}, beside libvirtd. */
final class LabDaemon implements AutoCloseable {
  private static final Duration READY = Duration.ofMinutes(1);

  private static final Duration END = Duration.ofSeconds(20);

  /** 128 + SIGKILL. */
  private static final int KILLED = 137;

  private final Process process;
  private final Path log;

  private LabDaemon(Process process, Path log) {
    this.process = process;
    this.log = log;
  }

  /** Starts the daemon, with its log in {@code log}, and waits until it says that it serves. */
  static LabDaemon start(LabLibvirt libvirt, Path config, Path log) {
    return start(libvirt.where(words(config)), log);
  }

  /** Starts a daemon without libvirt, in the network of this machine. */
  static LabDaemon start(Path config, Path log) {
    return start(List.of(words(config)), log);
  }

  private static String[] words(Path config) {
    return new String[] {Checkout.launcher(), "daemon", "--config", config.toString()};
  }

  private static LabDaemon start(List<String> words, Path log) {
    try {
      Process process =
          new ProcessBuilder(words)
              .directory(Checkout.top().toFile())
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(log.toFile())
              .start();
      LabDaemon daemon = new LabDaemon(process, log);
      // Also if the tests are interrupted no daemon is left behind.
      Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
      try {
        daemon.awaitReady();
      } catch (RuntimeException | Error e) {
        daemon.close();
        throw e;
      }
      return daemon;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void awaitReady() {
    await()
        .atMost(READY)
        .pollInterval(Duration.ofMillis(20))
        .until(
            () -> {
              assertThat(process.isAlive()).as("daemon ended: %s", log()).isTrue();
              return log().stream().anyMatch(line -> line.matches(".*\\bready\\b.*"));
            });
  }

  long pid() {
    return process.pid();
  }

  /** All that it has logged so far. */
  List<String> log() {
    try {
      return Files.readAllLines(log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Ends it in the orderly way: SIGTERM, and status 0. */
  void terminate() {
    process.destroy();
    assertThat(endStatus()).as("exit status after SIGTERM").isZero();
  }

  /** Ends it as a crash does. */
  void kill() {
    process.destroyForcibly();
    assertThat(endStatus()).as("exit status after SIGKILL").isEqualTo(KILLED);
  }

  private int endStatus() {
    try {
      assertThat(process.waitFor(END.toMillis(), TimeUnit.MILLISECONDS))
          .as("daemon ends within %s", END)
          .isTrue();
      return process.exitValue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    process.destroyForcibly();
    endStatus();
  }
}
