package dev.vmpower.host.sampler;

import dev.vmpower.machine.net.GuestInterface;
import java.util.List;

/** Something to count for as long as it is wanted. */
public sealed interface Probe {
  /**
   * The packets that come to some interfaces of a VM, together.
   *
   * @param key whose they are; readings bear it
   */
  record Packets(Object key, List<GuestInterface> interfaces) implements Probe {}

  /** The branches of one pCPU. */
  record Branches(int cpu) implements Probe {}
}
