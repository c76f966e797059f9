package dev.vmpower.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.OutputStream;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/** A program on a real terminal, and what it shows there. */
final class PseudoTerminal implements AutoCloseable {
  private static final Path SCRIPT = Path.of("/usr/bin/script");
  private static final long WAIT_S = 30;

  private final Process process;
  private final OutputStream keyboard;
  private final StringBuilder screen = new StringBuilder();
  private final Thread reader;
  private int seen;

  /** Runs a class of the class path with {@code script}, which Debian always has. */
  PseudoTerminal(Class<?> program, Map<String, String> environment, String... arguments)
      throws IOException {
    this(80, 24, program, environment, arguments);
  }

  /** The same on a terminal of another size. */
  PseudoTerminal(
      int columns, int rows, Class<?> program, Map<String, String> environment, String... arguments)
      throws IOException {
    if (!Files.isExecutable(SCRIPT)) {
      assertThat(System.getenv("CI")).as("CI needs " + SCRIPT + " (bsdutils)").isNull();
      Assumptions.abort("there is no " + SCRIPT + ": install bsdutils");
    }
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElseThrow());
    command.addAll(
        List.of(
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            program.getName()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(
            SCRIPT.toString(),
            "-qec",
            "stty cols "
                + columns
                + " rows "
                + rows
                + "; exec '"
                + String.join("' '", command)
                + "'",
            "/dev/null");
    builder.environment().put("TERM", "xterm");
    builder.environment().put("LC_ALL", "C.UTF-8");
    builder.environment().putAll(environment);
    process = builder.redirectErrorStream(true).start();
    keyboard = process.getOutputStream();
    Reader shown = process.inputReader(StandardCharsets.UTF_8);
    reader = Thread.ofPlatform().daemon().start(() -> watch(shown));
  }

  private void watch(Reader shown) {
    char[] some = new char[4096];
    try {
      for (int read = shown.read(some); read >= 0; read = shown.read(some)) {
        synchronized (screen) {
          screen.append(some, 0, read);
        }
      }
    } catch (IOException ended) {
      // With the process.
    }
  }

  /** Types. */
  PseudoTerminal type(String keys) throws IOException {
    keyboard.write(keys.getBytes(StandardCharsets.UTF_8));
    keyboard.flush();
    return this;
  }

  /** Waits until {@code text} is shown after what was waited for before. */
  PseudoTerminal see(String text) {
    await()
        .atMost(WAIT_S, TimeUnit.SECONDS)
        .untilAsserted(() -> assertThat(sinceSeen()).contains(text));
    synchronized (screen) {
      seen = screen.indexOf(text, seen) + text.length();
    }
    return this;
  }

  /** What was shown after what was waited for. */
  String sinceSeen() {
    synchronized (screen) {
      return screen.substring(seen);
    }
  }

  /** All that was shown since the start. */
  String everything() {
    synchronized (screen) {
      return screen.toString();
    }
  }

  /** Makes the terminal another size, as its user would. */
  void resize(int columns, int rows) throws IOException, InterruptedException {
    Process stty =
        new ProcessBuilder("stty", "-F", tty(), "cols", "" + columns, "rows", "" + rows)
            .inheritIO()
            .start();
    assertThat(stty.waitFor()).isZero();
  }

  /** Settings of the terminal, as {@code stty -a} has them. */
  String settings() throws IOException {
    Process stty = new ProcessBuilder("stty", "-F", tty(), "-a").start();
    return new String(stty.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }

  private String tty() throws IOException {
    long program = process.descendants().findFirst().orElseThrow().pid();
    return Files.readSymbolicLink(Path.of("/proc/" + program + "/fd/0")).toString();
  }

  /** Sends the program a signal, such as TERM. */
  void signal(String name) throws IOException, InterruptedException {
    long program = process.descendants().findFirst().orElseThrow().pid();
    assertThat(new ProcessBuilder("kill", "-" + name, "" + program).start().waitFor()).isZero();
  }

  /** Waits for the end and returns the program's exit status. */
  int end() throws InterruptedException {
    assertThat(process.waitFor(WAIT_S, TimeUnit.SECONDS)).as(screen.toString()).isTrue();
    reader.join();
    return process.exitValue();
  }

  @Override
  public void close() {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
    process.onExit().join();
  }
}
