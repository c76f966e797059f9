package dev.vmpower.host.channel;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Sockets that the daemon wants to be connected to whenever they exist. */
public sealed interface Target {
  /** The name of the VM whose sockets they are. */
  String vm();

  /** The directory that they are in. */
  Path directory();

  /** One socket, whose number does not follow from its name. */
  sealed interface One extends Target {
    /** N of the port's name. */
    int number();

    Path path();

    @Override
    default Path directory() {
      Path parent = path().getParent();
      return parent == null ? path() : parent;
    }
  }

  /** One socket of a VM that libvirt runs. Its peer must be that domain's QEMU. */
  record OfDomain(String vm, int number, Path path) implements One {}

  /**
   * One socket of a static VM, wherever it is.
   *
   * @param peerUid whom it must belong to; null for root or its directory's owner
   */
  record OfStatic(String vm, int number, Path path, @Nullable Integer peerUid) implements One {}

  /**
   * All sockets {@code VM.N} in a directory, of a static VM.
   *
   * @param peerUid whom they must belong to; null for root or the directory's owner
   */
  record OfDirectory(String vm, Path directory, @Nullable Integer peerUid) implements Target {}
}
