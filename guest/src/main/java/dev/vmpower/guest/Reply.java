package dev.vmpower.guest;

import java.util.Optional;

/** What a query came to: what was asked for, a refusal, or nothing in time. */
public sealed interface Reply<T> {
  /** The host told. */
  record Told<T>(T value) implements Reply<T> {}

  /** The host refuses: by default a VM may not ask. */
  record Refused<T>() implements Reply<T> {}

  /** Nothing came in time. */
  record TimedOut<T>() implements Reply<T> {}

  /** What the host told, if it did. */
  default Optional<T> told() {
    return this instanceof Told<T> told ? Optional.of(told.value()) : Optional.empty();
  }
}
