package dev.vmpower.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A clean Debian 12 with systemd, booted beside this one, whose {@code /sys/devices/system/cpu} is
 * a plain folder. The packages of this checkout are in its {@code /dist}.
 */
final class DebianMachine implements AutoCloseable {
  private static final Duration FETCH = Duration.ofMinutes(5);
  private static final Duration BUILD = Duration.ofMinutes(5);
  private static final String SCRIPT = Checkout.lab().resolve("vm/debian").toString();

  private static final Path BASE = Checkout.build().resolve("debian-base");
  private static final Path PACKAGES = Checkout.top().resolve("target/dist");

  private final Path root;
  private final PlainCpuTree cpus;

  private DebianMachine(Path root, PlainCpuTree cpus) {
    this.root = root;
    this.cpus = cpus;
  }

  /** Says in words what is missing, if it cannot be. */
  static Optional<String> missing() {
    List<String> packages = new ArrayList<>();
    String[][] parts = {
      {"/usr/sbin/debootstrap", "debootstrap"},
      {"/usr/bin/systemd-nspawn", "systemd-container"},
      {"/usr/bin/lintian", "lintian"},
      {"/usr/bin/strip", "binutils"}
    };
    for (String[] part : parts) {
      if (!Files.isExecutable(Path.of(part[0]))) {
        packages.add(part[1]);
      }
    }
    return packages.isEmpty()
        ? Optional.empty()
        : Optional.of("it needs: apt-get install " + String.join(" ", packages));
  }

  /** Builds the packages, and boots a machine that has none of them. */
  static DebianMachine boot() {
    Path folder = Checkout.emptyFolder("hosts", "DistTest");
    Path tree = folder.resolve("cpu");
    PlainCpuTree cpus = PlainCpuTree.create(tree);
    fetchAndBuild();
    Path root = Checkout.build().resolve("debian");
    run(
        FETCH,
        SCRIPT,
        "up",
        BASE.toString(),
        root.toString(),
        "--bind-ro=" + PACKAGES + ":/dist",
        "--bind=" + tree + ":/sys/devices/system/cpu",
        "--bind-ro=" + Checkout.build().resolve("fakeguest") + ":/usr/local/bin/fakeguest");
    return new DebianMachine(root, cpus);
  }

  /** Makes the clean root, once, and the packages; where that root is. */
  static Path fetchAndBuild() {
    run(FETCH, SCRIPT, "fetch", BASE.toString());
    build("quick", PACKAGES);
    return BASE;
  }

  private static String run(Duration patience, String... words) {
    return Command.run(patience, List.of(words)).output();
  }

  /** What the host's CPUs are to this machine. */
  PlainCpuTree cpus() {
    return cpus;
  }

  /** Runs a shell's command line in it. */
  Command sh(String line) {
    return Command.run(Duration.ofMinutes(1), enter("sh", "-c", line));
  }

  /** The words that run a command in it. */
  List<String> enter(String... words) {
    List<String> all = new ArrayList<>(List.of(SCRIPT, "enter", root.toString()));
    all.addAll(List.of(words));
    return all;
  }

  /** Builds the packages in {@code folder}, in that way. */
  static void build(String way, Path folder) {
    run(BUILD, Checkout.top().resolve("dist/build").toString(), way, folder.toString());
  }

  /** Each file of a package with its rights, time and sum; but for AOT caches. */
  static List<String> contents(Path debianPackage) {
    String script =
        """
        dpkg-deb --fsys-tarfile "$1" | tar --full-time -tvf - | grep -v '[.]aot$'
        unpacked=$(mktemp -d)
        dpkg-deb -x "$1" "$unpacked"
        (cd "$unpacked" && find . -type f ! -name '*.aot' -exec sha256sum {} + | sort -k 2)
        rm -r "$unpacked"
        """;
    return run(BUILD, "sh", "-ec", script, "sh", debianPackage.toString()).lines().toList();
  }

  /** The package of that name that was built. */
  static Path debianPackage(String name) {
    return debianPackage(PACKAGES, name);
  }

  /** The package of that name in {@code folder}. */
  static Path debianPackage(Path folder, String name) {
    try (var files = Files.list(folder)) {
      return files
          .filter(file -> file.getFileName().toString().matches(name + "_.*\\.deb"))
          .findFirst()
          .orElseThrow();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Writes a file in it. */
  void write(String file, String text) {
    try {
      Path path = root.resolve(file.substring(1));
      Files.createDirectories(path.getParent());
      Files.writeString(path, text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    run(Duration.ofMinutes(1), SCRIPT, "down", root.toString());
  }
}
