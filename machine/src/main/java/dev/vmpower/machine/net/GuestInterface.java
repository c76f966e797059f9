package dev.vmpower.machine.net;

import org.jspecify.annotations.Nullable;

/**
 * One network interface of a guest.
 *
 * @param mac the address of the guest's end, as {@link MacAddress} has it
 * @param device the network device of the host that stands behind it; null where there is none
 */
public record GuestInterface(long mac, Kind kind, @Nullable String device) {
  /** What it is on the host. */
  public enum Kind {
    /** A tap device, with or without vhost-net. */
    TAP,
    /** A macvtap device. */
    MACVTAP,
    /** A virtual function of a network card, handed to the guest. */
    VF,
    /** A socket of another program: the kernel sees no packet. */
    VHOST_USER,
    OTHER
  }
}
