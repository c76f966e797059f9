package dev.vmpower.machine.sysfs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A plain directory that looks like {@code /sys/devices/system/cpu}, to be filled file by file. */
public final class Tree {
  private final Path root;

  public Tree(Path root) {
    this.root = root;
  }

  public Path root() {
    return root;
  }

  /** Writes {@code text} as it is, and the directories above it. */
  public Tree put(String path, String text) {
    try {
      Path file = root.resolve(path);
      Files.createDirectories(file.getParent());
      Files.writeString(file, text);
      return this;
    } catch (IOException refused) {
      throw new UncheckedIOException(refused);
    }
  }

  /** Writes one line for each {@code NAME VALUE} of {@code lines} into a file below a directory. */
  public Tree putAll(String directory, String... lines) {
    for (String line : lines) {
      int blank = line.indexOf(' ');
      put(directory + "/" + line.substring(0, blank), line.substring(blank + 1) + "\n");
    }
    return this;
  }

  public String get(String path) {
    try {
      return Files.readString(root.resolve(path));
    } catch (IOException refused) {
      throw new UncheckedIOException(refused);
    }
  }
}
