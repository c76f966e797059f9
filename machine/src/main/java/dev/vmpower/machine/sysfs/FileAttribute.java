package dev.vmpower.machine.sysfs;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/** An attribute behind a kept file descriptor; pread and pwrite at 0 give and take it whole. */
final class FileAttribute implements Attribute {
  private static final int TEXT_BYTES_MAX = 64;

  private final String path;
  private final KeptFile file;
  private final boolean kernel;
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(TEXT_BYTES_MAX);
  private int fileBytes; // of a plain file that we have written; 0 for not known

  FileAttribute(String path, Path file, boolean writable, boolean kernel) throws IOException {
    this.path = path;
    this.kernel = kernel;
    this.file = new KeptFile(file, writable, MemorySegment.ofBuffer(buffer));
  }

  @Override
  public int readNumber() throws SysfsException {
    int end = readLine();
    long number = 0;
    for (int i = 0; i < end; i++) {
      int digit = buffer.get(i) - '0';
      if (digit < 0 || digit > 9) {
        return NOT_A_NUMBER;
      }
      number = number * 10 + digit;
      if (number > Integer.MAX_VALUE) {
        return NOT_A_NUMBER;
      }
    }
    return end == 0 ? NOT_A_NUMBER : (int) number;
  }

  @Override
  public boolean reads(String expected) throws SysfsException {
    if (readLine() != expected.length()) {
      return false;
    }
    for (int i = 0; i < expected.length(); i++) {
      if (buffer.get(i) != expected.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  /** Fills the buffer and returns the length of the first line, blanks at its end not counted. */
  private int readLine() throws SysfsException {
    int bytes;
    try {
      bytes = file.read();
    } catch (IOException refused) {
      throw new SysfsException(path, Errno.of(refused), refused);
    }
    if (bytes > fileBytes) {
      fileBytes = 0; // another wrote it
    }
    int end = 0;
    while (end < bytes && buffer.get(end) != '\n') {
      end++;
    }
    while (end > 0 && buffer.get(end - 1) <= ' ' && buffer.get(end - 1) >= 0) {
      end--;
    }
    return end;
  }

  @Override
  public void writeNumber(int number) throws SysfsException {
    if (number < 0) {
      throw new IllegalArgumentException(path + ": " + number + " is negative");
    }
    int digits = 1;
    for (int rest = number / 10; rest > 0; rest /= 10) {
      digits++;
    }
    for (int i = digits - 1, rest = number; i >= 0; i--, rest /= 10) {
      buffer.put(i, (byte) ('0' + rest % 10));
    }
    buffer.put(digits, (byte) '\n');
    try {
      file.write(digits + 1);
      if (!kernel) {
        cut(digits + 1);
      }
    } catch (IOException refused) {
      throw new SysfsException(path, Errno.of(refused), refused);
    }
  }

  /** A plain file keeps the rest of a longer text, whoever wrote that and was seen to. */
  private void cut(int bytes) throws IOException {
    boolean mayBeLonger = fileBytes == 0 || fileBytes > bytes;
    if (mayBeLonger) {
      file.truncate(bytes);
    }
    fileBytes = bytes;
  }

  @Override
  public void rewrite() throws SysfsException {
    int end = readLine();
    if (end == 0 || end == TEXT_BYTES_MAX) {
      throw new SysfsException(path, end == 0 ? "is empty" : "is too long to be written again");
    }
    buffer.put(end, (byte) '\n');
    try {
      file.write(end + 1);
    } catch (IOException refused) {
      throw new SysfsException(path, Errno.of(refused), refused);
    }
  }

  @Override
  public void close() {
    file.close();
  }
}
