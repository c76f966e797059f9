package dev.vmpower.host.clock;

/** A hold cannot be set or released. The message is one line for the operator. */
public final class HoldException extends Exception {
  private static final long serialVersionUID = 1;

  public HoldException(String message) {
    super(message);
  }
}
