package dev.vmpower.machine.sysfs;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * The attributes below a directory: the kernel's own, or plain files that look like them.
 *
 * <p>Not thread-safe.
 */
public final class DirectorySysfs implements Sysfs {
  /** The kernel's attributes are at most a page. */
  static final int ATTRIBUTE_BYTES_MAX = 4096;

  /** The kernel takes no longer names, their end included. */
  static final int PATH_BYTES_MAX = 4096;

  private final Path root;
  private final boolean kernel;
  private final int rootBytes;
  private final MemorySegment name;
  private final MemorySegment memory = Arena.ofAuto().allocate(ATTRIBUTE_BYTES_MAX, Long.BYTES);
  private final byte[] text = new byte[ATTRIBUTE_BYTES_MAX];
  private volatile boolean ranOut;

  public DirectorySysfs(Path root) {
    this.root = root;
    this.kernel = isOnSysfs(root);
    byte[] directory = (root + "/").getBytes(StandardCharsets.UTF_8);
    this.rootBytes = directory.length;
    this.name = Arena.ofAuto().allocate(rootBytes + PATH_BYTES_MAX);
    MemorySegment.copy(directory, 0, name, ValueLayout.JAVA_BYTE, 0, rootBytes);
  }

  /** Returns once the JVM has linked what attributes need: for another thread, at the start. */
  public static void link() {
    Calls.link();
  }

  private static boolean isOnSysfs(Path root) {
    try {
      return Files.getFileStore(root).type().equals("sysfs");
    } catch (IOException noSuchRoot) {
      return false;
    }
  }

  @Override
  public String read(String path) throws SysfsException {
    try {
      int descriptor = Calls.open(name(path), Calls.O_RDONLY);
      try {
        int length = Calls.read(descriptor, memory);
        MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, 0, text, 0, length);
        int end = 0;
        while (end < length && text[end] != '\n') {
          end++;
        }
        return new String(text, 0, end, StandardCharsets.UTF_8).strip();
      } finally {
        Calls.close(descriptor);
      }
    } catch (IOException refused) {
      throw refusal(path, refused);
    }
  }

  /** The file's name as C has it; until the next one is asked for. */
  private MemorySegment name(String path) throws SysfsException {
    byte[] bytes = path.getBytes(StandardCharsets.UTF_8);
    if (bytes.length >= PATH_BYTES_MAX) {
      throw new SysfsException(path, "is too long");
    }
    MemorySegment.copy(bytes, 0, name, ValueLayout.JAVA_BYTE, rootBytes, bytes.length);
    name.set(ValueLayout.JAVA_BYTE, rootBytes + bytes.length, (byte) 0);
    return name;
  }

  @Override
  public void write(String path, String value) throws SysfsException {
    ByteBuffer buffer = ByteBuffer.wrap((value + "\n").getBytes(StandardCharsets.UTF_8));
    int length = buffer.remaining();
    // Neither created nor truncated: a plain file is never empty while it is written.
    try (FileChannel file = FileChannel.open(root.resolve(path), StandardOpenOption.WRITE)) {
      file.write(buffer, 0);
      if (!kernel) {
        file.truncate(length);
      }
    } catch (IOException refused) {
      throw refusal(path, refused);
    }
  }

  @Override
  public Attribute open(String path, boolean writable) throws SysfsException {
    try {
      return new FileAttribute(path, root.resolve(path), writable, kernel);
    } catch (IOException refused) {
      throw refusal(path, refused);
    }
  }

  @Override
  public boolean exists(String path) {
    try {
      return Calls.exists(name(path));
    } catch (SysfsException tooLong) {
      return false;
    }
  }

  @Override
  public long identity(String path) {
    try {
      return Calls.inode(name(path), memory);
    } catch (SysfsException tooLong) {
      return 0;
    }
  }

  @Override
  public List<String> list(String directory) {
    List<String> names = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(root.resolve(directory))) {
      for (Path entry : entries) {
        names.add(entry.getFileName().toString());
      }
    } catch (IOException noSuchDirectory) {
      note(Errno.of(noSuchDirectory));
      return List.of();
    }
    return names;
  }

  private SysfsException refusal(String path, IOException refused) {
    Errno errno = Errno.of(refused);
    note(errno);
    return new SysfsException(path, errno, refused);
  }

  private void note(Errno errno) {
    if (errno == Errno.EMFILE) {
      ranOut = true;
    }
  }

  @Override
  public boolean ranOutOfDescriptors() {
    boolean since = ranOut;
    ranOut = false;
    return since;
  }

  @Override
  public boolean isKernel() {
    return kernel;
  }

  @Override
  public String toString() {
    return root.toString();
  }
}
