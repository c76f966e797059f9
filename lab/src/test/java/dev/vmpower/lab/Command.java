package dev.vmpower.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A program of this machine, run to its end: its exit status and what it said. */
record Command(List<String> words, int status, String out, String err) {
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  /** Runs the program in the checkout's top folder, without input. */
  static Command run(String... words) {
    return run(PATIENCE, List.of(words));
  }

  /**
   * Runs the program; after {@code patience} it is killed.
   *
   * @throws IllegalStateException if it did not start or end by itself
   */
  static Command run(Duration patience, List<String> words) {
    try {
      Path out = Files.createTempFile("vmpower-lab", ".out");
      Path err = Files.createTempFile("vmpower-lab", ".err");
      try {
        Process process =
            new ProcessBuilder(words)
                .directory(Checkout.top().toFile())
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
          process.destroyForcibly();
          throw new IllegalStateException(words + " still runs after " + patience);
        }
        return new Command(words, process.exitValue(), text(out), text(err));
      } finally {
        Files.delete(out);
        Files.delete(err);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /**
   * What it printed.
   *
   * @throws IllegalStateException if it failed
   */
  String output() {
    if (status != 0) {
      throw new IllegalStateException(this.toString());
    }
    return out;
  }

  private static String text(Path file) throws IOException {
    return new String(Files.readAllBytes(file), StandardCharsets.UTF_8).strip();
  }
}
