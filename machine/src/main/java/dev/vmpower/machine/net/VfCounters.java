package dev.vmpower.machine.net;

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * How many packets virtual functions of network cards (SR-IOV) have received, by their address: the
 * host's kernel sees none of these packets, but the card counts them, and its driver tells.
 *
 * <p>The kernel tells of all of them or none, and asks the cards for each. So one answer serves for
 * {@link #FRESH_NS}: those who ask for many, one after the other, share it. An address that two
 * functions have, as under a bond, is what both received.
 *
 * <p>Not thread-safe.
 */
final class VfCounters {
  /** How old an answer may be. */
  static final long FRESH_NS = 20_000_000L;

  /** Lists the network devices of the host. */
  interface Lister {
    List<Link> links() throws IOException;
  }

  private final Lister lister;
  private final LongSupplier clockNs;
  private Map<Long, Link.Vf> byMac = Map.of();
  private String unlisted = "";
  private @Nullable String failure;
  private boolean asked;
  private long askedNs;

  /**
   * Counters of what {@code lister} lists.
   *
   * @param clockNs time that never jumps
   */
  VfCounters(Lister lister, LongSupplier clockNs) {
    this.lister = lister;
    this.clockNs = clockNs;
  }

  /**
   * Packets that the function with address {@code mac} has received, as an unsigned count. It
   * begins anew when its driver does.
   *
   * @throws IOException if they cannot be counted, in one line
   */
  long received(long mac) throws IOException {
    if (!asked || clockNs.getAsLong() - askedNs >= FRESH_NS) {
      ask();
    }
    if (failure != null) {
      throw new IOException(MacAddress.toString(mac) + ": " + failure);
    }
    Link.Vf found = byMac.get(mac);
    if (found == null) {
      throw new IOException(
          MacAddress.toString(mac) + ": no virtual function of this host has it" + unlisted);
    }
    if (!found.counts()) {
      throw new IOException(
          MacAddress.toString(mac)
              + ": no packet yet, or the driver of its card does not count for virtual functions");
    }
    return found.receivedPackets();
  }

  private void ask() {
    Map<Long, Link.Vf> found = new HashMap<>();
    String missing = "";
    try {
      for (Link link : lister.links()) {
        if (link.vfs().size() < link.vfCount()) {
          missing =
              "; of the %d that %s has, the kernel lists %d"
                  .formatted(link.vfCount(), link.name(), link.vfs().size());
        }
        for (Link.Vf vf : link.vfs()) {
          found.merge(vf.mac(), vf, VfCounters::together);
        }
      }
      failure = null;
    } catch (IOException cannot) {
      failure = String.valueOf(cannot.getMessage());
    }
    byMac = found;
    unlisted = missing;
    asked = true;
    askedNs = clockNs.getAsLong();
  }

  private static Link.Vf together(Link.Vf one, Link.Vf other) {
    return new Link.Vf(
        one.number(),
        one.mac(),
        one.receivedPackets() + other.receivedPackets(),
        one.counts() || other.counts());
  }
}
