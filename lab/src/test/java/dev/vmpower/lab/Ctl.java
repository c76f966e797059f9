package dev.vmpower.lab;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The operator's hand: {@code vmpowerctl} on one daemon's control socket. */
record Ctl(Path socket) {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** Runs a verb such as {@code cpu set 0 max} and returns how it ended. */
  Command run(String... verb) {
    List<String> words =
        new ArrayList<>(List.of(Checkout.launcher(), "ctl", "--socket", socket.toString()));
    words.addAll(List.of(verb));
    words.addAll(List.of("-o", "json"));
    return Command.run(PATIENCE, words);
  }

  /**
   * Runs a verb that must work, and returns its JSON.
   *
   * @throws IllegalStateException if it fails
   */
  String json(String... verb) {
    return run(verb).output();
  }
}
