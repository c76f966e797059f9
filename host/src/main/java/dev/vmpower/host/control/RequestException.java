package dev.vmpower.host.control;

import dev.vmpower.host.view.PlainLine;

/** A request that is answered with an error: its HTTP status, and one line for the operator. */
final class RequestException extends Exception {
  private static final long serialVersionUID = 1;

  static final int BAD_REQUEST = 400;
  static final int FORBIDDEN = 403;
  static final int NOT_FOUND = 404;
  static final int METHOD_NOT_ALLOWED = 405;
  static final int TOO_SLOW = 408;
  static final int CONFLICT = 409;
  static final int TOO_LARGE = 413;
  static final int BROKEN = 500;
  static final int UNAVAILABLE = 503;

  private final int status;
  private final String line;

  RequestException(int status, String line) {
    // No stack trace: it is the answer to a caller, not a fault of this program.
    super(line, null, false, false);
    this.status = status;
    this.line = PlainLine.of(line);
  }

  int status() {
    return status;
  }

  String line() {
    return line;
  }
}
