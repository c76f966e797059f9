package dev.vmpower.machine.sysfs;

/**
 * An attribute that is kept open, so that a read or a write is one system call and allocates
 * nothing.
 *
 * <p>Not thread-safe.
 */
public interface Attribute extends AutoCloseable {
  /** What {@link #readNumber} says of a text that is no number, such as {@code <unsupported>}. */
  int NOT_A_NUMBER = -1;

  /**
   * The first line as a decimal number.
   *
   * @throws SysfsException if the kernel refused
   */
  int readNumber() throws SysfsException;

  /**
   * Whether the first line is {@code expected}, blanks at its end aside.
   *
   * @throws SysfsException if the kernel refused
   */
  boolean reads(String expected) throws SysfsException;

  /**
   * Writes {@code number}, which must not be negative, as plain decimal and one newline.
   *
   * @throws SysfsException if the kernel refused
   */
  void writeNumber(int number) throws SysfsException;

  /**
   * Writes the first line as it is now once more, which for some attributes is a command.
   *
   * @throws SysfsException if the kernel refused
   */
  void rewrite() throws SysfsException;

  @Override
  void close();
}
