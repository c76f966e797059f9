package dev.vmpower.lab;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** What the lab is made of: root's rights, Debian packages, and what is built here. */
final class LabParts {
  /** By program, the Debian package that brings it. */
  private static final Map<String, String> PACKAGES =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry("qemu-system-x86_64", "qemu-system-x86"),
              Map.entry("libvirtd", "libvirt-daemon"),
              Map.entry("virsh", "libvirt-clients"),
              Map.entry("busybox", "busybox-static"),
              Map.entry("gcc", "gcc"),
              Map.entry("make", "make"),
              Map.entry("cpio", "cpio"),
              Map.entry("xz", "xz-utils"),
              Map.entry("pkg-config", "pkg-config"),
              Map.entry("iasl", "acpica-tools"),
              Map.entry("chromium", "chromium"),
              Map.entry("apt-get", "apt")));

  private static final Path QEMU_DRIVER =
      Path.of("/usr/lib/x86_64-linux-gnu/libvirt/connection-driver/libvirt_driver_qemu.so");

  private static final Duration FETCH_AND_BUILD = Duration.ofMinutes(5);

  private LabParts() {}

  /** Builds what the lab boots and tests; says in words what is missing if that cannot be. */
  static Optional<String> missing() {
    if (!Files.isWritable(Path.of("/etc/passwd"))) {
      return Optional.of("it needs root, for a libvirtd of its own");
    }
    if (Runtime.getRuntime().availableProcessors() < 2) {
      return Optional.of("it needs 2 CPUs, to pin vCPUs to");
    }
    List<String> packages = new ArrayList<>();
    PACKAGES.forEach(
        (program, name) -> {
          if (!onPath(program)) {
            packages.add(name);
          }
        });
    if (!Files.exists(QEMU_DRIVER)) {
      packages.add("libvirt-daemon-driver-qemu");
    }
    if (!Files.exists(Path.of("/usr/share/doc/dpdk-dev"))) {
      packages.add("dpdk-dev");
    }
    if (!packages.isEmpty()) {
      return Optional.of("it needs: apt-get install " + String.join(" ", packages));
    }
    Command make =
        Command.run(FETCH_AND_BUILD, List.of("make", "-s", "-C", Checkout.lab().toString()));
    if (make.status() != 0) {
      return Optional.of("`make -C lab` fails: " + make.err());
    }
    // Any command of the launcher builds what is tested; where it runs later is no network.
    Command build = Command.run(FETCH_AND_BUILD, List.of(Checkout.launcher(), "ctl", "--help"));
    return build.status() == 0
        ? Optional.empty()
        : Optional.of("`./vmpower` does not build: " + build.err());
  }

  private static boolean onPath(String program) {
    return List.of("/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/bin").stream()
        .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
  }
}
