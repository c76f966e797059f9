package dev.vmpower.machine.libvirt;

/** libvirt refused or could not be asked; the message is one line for the operator. */
public final class LibvirtException extends Exception {
  // virErrorNumber in libvirt/virterror.h
  static final int NO_SUPPORT = 3;
  static final int SYSTEM_ERROR = 38;
  static final int NO_DOMAIN = 42;
  static final int OPERATION_INVALID = 55;

  private static final int MESSAGE_CHARS_MAX = 300;

  private final int code;

  LibvirtException(String message) {
    this(message, 0);
  }

  LibvirtException(String message, int code) {
    super(oneLine(message));
    this.code = code;
  }

  /** The domain is neither running nor defined, or not any more. */
  boolean isNoDomain() {
    return code == NO_DOMAIN;
  }

  /** The host's kernel refused libvirt something. */
  boolean isSystemError() {
    return code == SYSTEM_ERROR;
  }

  /** This hypervisor, or this domain in its present state, cannot answer. */
  boolean isUnanswerable() {
    return code == NO_SUPPORT || code == OPERATION_INVALID;
  }

  private static String oneLine(String message) {
    String line = message.replaceAll("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]+", " ").strip();
    return line.length() <= MESSAGE_CHARS_MAX ? line : line.substring(0, MESSAGE_CHARS_MAX) + "...";
  }
}
