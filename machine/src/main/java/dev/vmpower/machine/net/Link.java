package dev.vmpower.machine.net;

import java.util.List;

/**
 * A network device of the host, as rtnetlink tells of it.
 *
 * @param vfCount how many virtual functions it says it has; 0 for most devices
 * @param vfs those that it lists: a message has no room for more than some two hundred
 */
record Link(int index, String name, int vfCount, List<Vf> vfs) {
  Link {
    vfs = List.copyOf(vfs);
  }

  /**
   * One virtual function of a network card.
   *
   * @param mac its address, as {@link MacAddress} has it; 0 while it has none
   * @param receivedPackets an unsigned count
   * @param counts whether any counter of its is not 0. The kernel writes zeros for a driver that
   *     counts nothing, so until then nothing is known
   */
  record Vf(int number, long mac, long receivedPackets, boolean counts) {}
}
