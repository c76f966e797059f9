package dev.vmpower.machine.sysfs;

import java.util.List;

/**
 * A tree of attributes below one root, such as {@code /sys/devices/system/cpu}. Paths are relative
 * to the root and have no leading slash.
 */
public interface Sysfs {
  /**
   * The first line of an attribute, without blanks at its ends.
   *
   * @throws SysfsException if the kernel refused
   */
  String read(String path) throws SysfsException;

  /**
   * Writes {@code value} and one newline in one call.
   *
   * @throws SysfsException if the kernel refused
   */
  void write(String path, String value) throws SysfsException;

  /** Opens an attribute to keep it open, for reading and, if {@code writable}, for writing. */
  Attribute open(String path, boolean writable) throws SysfsException;

  boolean exists(String path);

  /**
   * A number that is another one once this file or directory has been made anew; 0 where there is
   * none.
   */
  long identity(String path);

  /** The names in a directory, in no order; none if there is no such directory. */
  List<String> list(String directory);

  /**
   * Whether, since this was last asked, this process had no descriptor left to read something with:
   * what then seemed not to be there may well be.
   */
  default boolean ranOutOfDescriptors() {
    return false;
  }

  /**
   * Whether a kernel answers for this tree. In a plain directory nothing follows by itself: what
   * one file says of another is then not to be trusted.
   */
  boolean isKernel();
}
