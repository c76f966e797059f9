package dev.vmpower.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** Where things are: the checkout that is tested, and the folder for all that the lab leaves. */
final class Checkout {
  private Checkout() {}

  static Path top() {
    return Path.of(Objects.requireNonNull(System.getProperty("vmpower.checkout")));
  }

  static Path lab() {
    return top().resolve("lab");
  }

  /** Git ignores it; what a test leaves there is there to be read after a failure. */
  static Path build() {
    return lab().resolve("build");
  }

  static String launcher() {
    return top().resolve("vmpower").toString();
  }

  /** An empty folder, whatever an earlier run left in it. */
  static Path emptyFolder(String... names) {
    Path folder = build();
    for (String name : names) {
      folder = folder.resolve(name);
    }
    try {
      if (Files.exists(folder)) {
        List<Path> old;
        try (Stream<Path> files = Files.walk(folder)) {
          old = files.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path file : old) {
          Files.delete(file);
        }
      }
      return Files.createDirectories(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
