package dev.vmpower.machine.net;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * How many packets guests have received, as the host's kernel counts them.
 *
 * <p>What a guest receives through a tap device, the host has sent into it: {@code tx_packets}. A
 * macvtap device has no such other end; it counts what comes from the wire for the guest: {@code
 * rx_packets}. Both are in {@code /sys/class/net/DEVICE/statistics} (kernel: {@code
 * Documentation/ABI/testing/sysfs-class-net-statistics}). They begin at 0 whenever the device is
 * made. A macvtap device that libvirt did not make itself is called a tap in the domain's XML; the
 * device itself says better, by its directory {@code macvtap}.
 *
 * <p>Of a virtual function the host sees no packet, but the card counts them.
 *
 * <p>Not thread-safe.
 */
public final class PacketCounters {
  private final Path netClass;
  private final VfCounters vfs = new VfCounters(RouteSocket::links, System::nanoTime);

  /** Counters below {@code netClass}, which is {@code /sys/class/net} on a host. */
  public PacketCounters(Path netClass) {
    this.netClass = netClass;
  }

  /**
   * Packets that came to {@code nic} since its device was made.
   *
   * @throws IOException if they cannot be counted, in one line
   */
  public long received(GuestInterface nic) throws IOException {
    return switch (nic.kind()) {
      case TAP -> statistic(nic, isMacvtap(nic) ? "rx_packets" : "tx_packets");
      case MACVTAP -> statistic(nic, "rx_packets");
      case VF -> vfs.received(nic.mac());
      case VHOST_USER ->
          throw new IOException(
              MacAddress.toString(nic.mac()) + " is vhost-user: no network device to read");
      case OTHER ->
          throw new IOException(MacAddress.toString(nic.mac()) + " has no network device to read");
    };
  }

  private boolean isMacvtap(GuestInterface nic) {
    return Files.isDirectory(netClass.resolve(nic.device() + "/macvtap"));
  }

  private long statistic(GuestInterface nic, String name) throws IOException {
    Path file = netClass.resolve(nic.device() + "/statistics/" + name);
    String text;
    try {
      text = Files.readString(file);
    } catch (IOException unreadable) {
      throw new IOException(
          MacAddress.toString(nic.mac()) + ": " + nic.device() + " is gone or cannot be read",
          unreadable);
    }
    try {
      return Long.parseUnsignedLong(text.strip());
    } catch (NumberFormatException notANumber) {
      throw new IOException(file + " has no number", notANumber);
    }
  }
}
