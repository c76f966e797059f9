package dev.vmpower.host.monitor;

import dev.vmpower.machine.libvirt.DomainInfo;
import java.util.BitSet;

/**
 * Which ports were open already when a VM arrived: by live migration, or restored from a file.
 *
 * <p>The programs that have them open asked somebody else, and will not say it again by themselves.
 * So each such port is <em>brought</em>, once: its vCPU counts as MAX until it asks. QEMU tells of
 * the open ports only when the VM goes on, so the first time that a port is seen open in a run that
 * arrived counts.
 *
 * <p>Not thread-safe: the monitor thread owns every instance.
 */
final class Arrival {
  private final BitSet seen = new BitSet();
  private final BitSet brought = new BitSet();
  private int run = -1;
  private boolean arrived;
  private boolean running;

  /** What libvirt says of the VM. */
  void observe(DomainInfo domain) {
    if (domain.id() != run) {
      run = domain.id();
      arrived = false;
      seen.clear();
      brought.clear();
    }
    arrived |= domain.arrived();
    running = domain.state() == DomainInfo.State.RUNNING;
  }

  /** The guest has this port open. */
  void opened(int number) {
    if (running && !seen.get(number)) {
      seen.set(number);
      brought.set(number, arrived);
    }
  }

  /** Whether this port was brought and nobody asked this before. */
  boolean take(int number) {
    boolean was = brought.get(number);
    brought.clear(number);
    return was;
  }
}
