package dev.vmpower.machine.sysfs;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;

/**
 * Why the kernel refused. The JDK hands most of errno(3) through as text only, in glibc's words for
 * the C locale.
 */
public enum Errno {
  EPERM("Operation not permitted"),
  ENOENT("No such file or directory"),
  EIO("Input/output error"),
  EAGAIN("Resource temporarily unavailable"),
  EACCES("Permission denied"),
  EBUSY("Device or resource busy"),
  ENODEV("No such device"),
  EINVAL("Invalid argument"),
  EMFILE("Too many open files"),
  ENOSPC("No space left on device"),
  EROFS("Read-only file system"),
  OTHER("refused");

  private static final Errno[] ALL = values();

  private final String text;

  Errno(String text) {
    this.text = text;
  }

  public String text() {
    return text;
  }

  static Errno of(IOException refused) {
    if (refused instanceof NoSuchFileException) {
      return ENOENT;
    }
    if (refused instanceof AccessDeniedException) {
      return EACCES;
    }
    String message = String.valueOf(refused.getMessage());
    for (Errno errno : ALL) {
      if (message.endsWith(errno.text)) {
        return errno;
      }
    }
    return OTHER;
  }
}
