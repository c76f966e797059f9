package dev.vmpower.machine.libc;

import java.io.IOException;

/** The kernel refused a call. */
public final class ErrnoException extends IOException {
  private static final long serialVersionUID = 1;

  // From <asm-generic/errno-base.h> and <asm-generic/errno.h>, which x86-64 uses.
  public static final int EPERM = 1;
  public static final int ENOENT = 2;
  public static final int EINTR = 4;
  public static final int ENXIO = 6;
  public static final int EAGAIN = 11;
  public static final int EACCES = 13;
  public static final int EEXIST = 17;
  public static final int ENODEV = 19;
  public static final int EISDIR = 21;
  public static final int EINVAL = 22;
  public static final int ENOSYS = 38;
  public static final int ELOOP = 40;
  public static final int EOPNOTSUPP = 95;

  private final int errno;

  ErrnoException(String message, int errno) {
    super(message);
    this.errno = errno;
  }

  /** Why, as errno(3) numbers it. */
  public int errno() {
    return errno;
  }
}
