package dev.vmpower.host.channel;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Sockets that the daemon wants to be connected to whenever they exist. */
public sealed interface Target {
  /** The name of the VM whose sockets they are. */
  String vm();

  /** The directory that they are in. */
  Path directory();

  /**
   * One socket of a VM that libvirt runs. Its peer must be that domain's QEMU.
   *
   * @param number N of the port's name
   */
  record OfDomain(String vm, int number, Path path) implements Target {
    @Override
    public Path directory() {
      Path parent = path.getParent();
      return parent == null ? path : parent;
    }
  }

  /**
   * All sockets {@code VM.N} in a directory, of a static VM.
   *
   * @param peerUid whom they must belong to; null for root or the directory's owner
   */
  record OfDirectory(String vm, Path directory, @Nullable Integer peerUid) implements Target {}
}
