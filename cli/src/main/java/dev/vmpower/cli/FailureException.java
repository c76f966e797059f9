package dev.vmpower.cli;

/** Why a program ends: its exit status, and one line for whoever called it. */
final class FailureException extends Exception {
  private static final long serialVersionUID = 1;

  /** Refused, or not reached. */
  static final int FAILED = 1;

  /** Called with something that cannot be right. */
  static final int USAGE = 2;

  private final int status;
  private final String line;

  FailureException(int status, String line) {
    super(line, null, false, false);
    this.status = status;
    this.line = line;
  }

  int status() {
    return status;
  }

  String line() {
    return line;
  }
}
