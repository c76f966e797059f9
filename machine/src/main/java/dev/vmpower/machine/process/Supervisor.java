package dev.vmpower.machine.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What systemd is told, by sd_notify(3)'s protocol: a datagram to the socket that {@code
 * NOTIFY_SOCKET} names, a path or, after {@code @}, a name without a file.
 *
 * <p>Nothing of this is loaded where there is no such socket. A message never waits: one that does
 * not fit is lost. Thread-safe.
 */
public final class Supervisor {
  /** Longer texts are cut. */
  static final int STATUS_CHARS_MAX = 200;

  private static final long NS_PER_US = 1_000;

  private final @Nullable UnixDatagrams socket;
  private final long watchdogNs;

  private Supervisor(@Nullable UnixDatagrams socket, long watchdogNs) {
    this.socket = socket;
    this.watchdogNs = watchdogNs;
  }

  /**
   * The one that {@code environment} names, or none.
   *
   * @throws IOException in one line, if there is one but it cannot be told
   */
  public static Supervisor of(Map<String, String> environment) throws IOException {
    String socket = environment.getOrDefault("NOTIFY_SOCKET", "");
    if (socket.isEmpty()) {
      return new Supervisor(null, 0);
    }
    if (!socket.startsWith("/") && !socket.startsWith("@")) {
      throw new IOException("NOTIFY_SOCKET=" + socket + " is neither a path nor @NAME");
    }
    return new Supervisor(new UnixDatagrams(socket, false), watchdogNs(environment));
  }

  // WATCHDOG_PID says for whom the watchdog is: it may have been inherited.
  private static long watchdogNs(Map<String, String> environment) throws IOException {
    String us = environment.getOrDefault("WATCHDOG_USEC", "");
    String own = Long.toString(ProcessHandle.current().pid());
    if (us.isEmpty() || !environment.getOrDefault("WATCHDOG_PID", own).equals(own)) {
      return 0;
    }
    try {
      return Math.max(Math.multiplyExact(Long.parseLong(us), NS_PER_US), 0);
    } catch (ArithmeticException | NumberFormatException malformed) {
      throw new IOException("WATCHDOG_USEC=" + us + " is no number of microseconds", malformed);
    }
  }

  /** Within which time {@link #feed} must be called again, in ns; 0 for never. */
  public long watchdogNs() {
    return watchdogNs;
  }

  /** It serves, as {@code status} says in a line. */
  public void ready(String status) throws IOException {
    tell("READY=1\nSTATUS=" + cut(status));
  }

  /** It ends. */
  public void stopping() throws IOException {
    tell("STOPPING=1\nSTATUS=giving everything back");
  }

  /** It reads its configuration again; {@link #ready} says when that is done. */
  public void reloading() throws IOException {
    // The clock behind nanoTime is CLOCK_MONOTONIC on Linux, which is what is asked for.
    tell("RELOADING=1\nMONOTONIC_USEC=" + System.nanoTime() / NS_PER_US);
  }

  /** It is alive. */
  public void feed() throws IOException {
    tell("WATCHDOG=1");
  }

  private void tell(String state) throws IOException {
    if (socket != null) {
      socket.send(state.getBytes(StandardCharsets.UTF_8));
    }
  }

  private static String cut(String status) {
    String line = status.replace('\n', ' ');
    return line.length() <= STATUS_CHARS_MAX ? line : line.substring(0, STATUS_CHARS_MAX);
  }
}
