package dev.vmpower.guest;

/** What became of a request. */
public enum Answer {
  /** It counts, and the frequency that follows from it is in force. */
  ACK,
  /** The host refuses it. Its log and {@code vmpowerctl} say why; a guest is not told. */
  NACK,
  /** The request was sent, and nothing came in time. It may still come into force: ask again. */
  TIMED_OUT
}
