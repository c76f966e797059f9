package dev.vmpower.machine.sysfs;

import java.io.IOException;

/** The kernel refused a read or a write, or there is no such attribute. */
public final class SysfsException extends IOException {
  private static final long serialVersionUID = 1;

  private final Errno errno;

  public SysfsException(String path, Errno errno) {
    super(path + ": " + errno.text());
    this.errno = errno;
  }

  public SysfsException(String path, Errno errno, Throwable cause) {
    super(path + ": " + (errno == Errno.OTHER ? textOf(cause) : errno.text()), cause);
    this.errno = errno;
  }

  private static String textOf(Throwable cause) {
    String message = cause.getMessage();
    return message == null ? cause.toString() : message;
  }

  /** An attribute that says what it should not. */
  public SysfsException(String path, String what) {
    super(path + ": " + what);
    this.errno = Errno.OTHER;
  }

  public Errno errno() {
    return errno;
  }
}
