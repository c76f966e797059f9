package dev.vmpower.guest;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SortedSet;
import java.util.TreeSet;

/** Where a VM's ports are: a directory with a name for each virtio-serial port. */
public record PortDirectory(Path path) {
  /** What the name of a port begins with; the number of its channel follows. */
  public static final String NAME_PREFIX = "virtio.serial.port.poweragent.";

  /** The highest number of a channel. */
  public static final int NUMBER_MAX = 8191;

  /** Where udev puts them. */
  public static PortDirectory standard() {
    return new PortDirectory(Path.of("/dev/virtio-ports"));
  }

  /** The port of channel {@code number}, whether it is there or not. */
  public Path port(int number) {
    if (number < 0 || number > NUMBER_MAX) {
      throw new IllegalArgumentException("channel " + number + " is not in 0-" + NUMBER_MAX);
    }
    return path.resolve(NAME_PREFIX + number);
  }

  /** The numbers of the ports that are there; none where there is no such directory. */
  public SortedSet<Integer> numbers() throws IOException {
    SortedSet<Integer> numbers = new TreeSet<>();
    if (!Files.isDirectory(path)) {
      return numbers;
    }
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(path)) {
      for (Path entry : entries) {
        String name = entry.getFileName().toString();
        if (name.startsWith(NAME_PREFIX)) {
          add(name.substring(NAME_PREFIX.length()), numbers);
        }
      }
    }
    return numbers;
  }

  private static void add(String digits, SortedSet<Integer> numbers) {
    try {
      int number = Integer.parseInt(digits);
      if (number >= 0 && number <= NUMBER_MAX && Integer.toString(number).equals(digits)) {
        numbers.add(number);
      }
    } catch (NumberFormatException otherPort) {
      // Not one of ours.
    }
  }
}
