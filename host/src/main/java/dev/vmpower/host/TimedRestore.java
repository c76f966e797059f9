package dev.vmpower.host;

import dev.vmpower.host.config.Config;
import dev.vmpower.machine.process.OwnProcess;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What stands behind a handover: a process of its own that gives everything back if no daemon has
 * come when the time is over.
 *
 * <p>It begins to wait before the daemon ends, so that there is no moment at which nobody would
 * give back. It has a session of its own, and none of the daemon's sockets and locks.
 */
final class TimedRestore {
  /** The option of {@code vmpowerd restore} that makes it wait, with a number of seconds. */
  static final String OPTION = "--handed-over=";

  private static final Logger LOG = LoggerFactory.getLogger("vmpower");
  private static final long MS_PER_S = 1_000;
  private static final String WAITING = "waiting";
  private static final long START_S_MAX = 8; // a client waits 10 s for its answer

  private TimedRestore() {}

  /**
   * Starts it and returns when it waits.
   *
   * @param file the configuration that it is to use
   * @param afterS how long the next daemon has
   * @throws IOException in one line, if it does not
   */
  static void start(Path file, int afterS) throws IOException {
    List<String> command = OwnProcess.command(Daemon.class.getName());
    command.addAll(List.of("restore", OPTION + afterS, "--config", file.toString()));
    Process process =
        new ProcessBuilder(command)
            .redirectInput(new File("/dev/null"))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String line = firstLine(process);
    if (!WAITING.equals(line)) {
      process.destroyForcibly();
      throw new IOException("what would give back if no daemon comes did not start; see the log");
    }
  }

  private static String firstLine(Process process) {
    BufferedReader out =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII));
    CompletableFuture<String> line = new CompletableFuture<>();
    Thread.ofPlatform()
        .daemon()
        .name("handover")
        .start(
            () -> {
              try (out) {
                line.complete(String.valueOf(out.readLine()));
              } catch (IOException ended) {
                line.complete("");
              }
            });
    try {
      return line.get(START_S_MAX, TimeUnit.SECONDS);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      return "";
    } catch (ExecutionException | TimeoutException notInTime) {
      return "";
    }
  }

  /**
   * Says that it waits for the next daemon, does so, and gives everything back if there is none in
   * time.
   *
   * @throws IOException in one line, if not everything could be given back
   */
  static void await(Config config, int afterS) throws IOException {
    OwnProcess.leaveSession();
    HandoverMark mark = new HandoverMark(config.state().dir());
    mark.set(afterS * MS_PER_S);
    try (WatchService watch = config.state().dir().getFileSystem().newWatchService()) {
      config.state().dir().register(watch, StandardWatchEventKinds.ENTRY_DELETE);
      System.out.println(WAITING);
      OptionalLong remainingMs = mark.remainingMs();
      while (remainingMs.isPresent() && remainingMs.getAsLong() > 0) {
        WatchKey changed = watch.poll(remainingMs.getAsLong(), TimeUnit.MILLISECONDS);
        if (changed != null) {
          changed.pollEvents();
          changed.reset();
        }
        remainingMs = mark.remainingMs();
      }
      if (remainingMs.isEmpty()) {
        return; // a daemon has come
      }
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      return;
    }
    LOG.warn("no daemon came after the handover: everything is given back");
    RunningDaemon.restore(config);
  }
}
