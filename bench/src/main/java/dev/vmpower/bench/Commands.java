package dev.vmpower.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** Programs that are run to their end. */
final class Commands {
  private Commands() {}

  /** Runs {@code command} with {@code JAVA_HOME} set to {@code jdk} and returns what it prints. */
  static String output(List<String> command, Path jdk) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("JAVA_HOME", jdk.toString());
    Process process = builder.start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    try {
      if (process.waitFor() != 0) {
        throw new IOException(command + " ended with " + process.exitValue() + ": " + output);
      }
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw new IOException(command + " was interrupted", stop);
    }
    return output;
  }
}
