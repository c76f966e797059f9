package dev.vmpower.machine.sysfs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** The attributes below a directory: the kernel's own, or plain files that look like them. */
public final class DirectorySysfs implements Sysfs {
  /** The kernel's attributes are at most a page. */
  static final int ATTRIBUTE_BYTES_MAX = 4096;

  private final Path root;
  private final boolean kernel;
  private volatile boolean ranOut;

  public DirectorySysfs(Path root) {
    this.root = root;
    this.kernel = isOnSysfs(root);
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
    try (FileChannel file = FileChannel.open(root.resolve(path), StandardOpenOption.READ)) {
      ByteBuffer buffer = ByteBuffer.allocate(ATTRIBUTE_BYTES_MAX);
      int length = Math.max(file.read(buffer), 0);
      String text = new String(buffer.array(), 0, length, StandardCharsets.UTF_8);
      int newline = text.indexOf('\n');
      return (newline < 0 ? text : text.substring(0, newline)).strip();
    } catch (IOException refused) {
      throw refusal(path, refused);
    }
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
    return Files.exists(root.resolve(path));
  }

  @Override
  public long identity(String path) {
    try {
      return (Long) Files.getAttribute(root.resolve(path), "unix:ino");
    } catch (IOException noSuchFile) {
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
