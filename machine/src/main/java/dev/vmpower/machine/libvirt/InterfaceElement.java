package dev.vmpower.machine.libvirt;

import dev.vmpower.machine.net.GuestInterface;
import dev.vmpower.machine.net.GuestInterface.Kind;
import dev.vmpower.machine.net.MacAddress;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One {@code <interface>} of a domain's XML, while it is read.
 *
 * <p>An interface of type {@code network} can be anything that the network hands out. The XML of a
 * running domain mostly says the actual type in its place; where it does not, what its source looks
 * like tells: a virtual function has the address of a PCI device, a macvtap a mode.
 */
final class InterfaceElement {
  // IFNAMSIZ is 16 with its NUL; the kernel's dev_valid_name() refuses the rest.
  private static final Pattern DEVICE = Pattern.compile("(?!\\.{1,2}$)[^/:\\s\\p{Cntrl}]{1,15}");

  private final String type;
  private @Nullable String mac;
  private @Nullable String device;
  private boolean hasMode;
  private boolean hasPciSource;

  InterfaceElement(@Nullable String type) {
    this.type = type == null ? "" : type;
  }

  void mac(@Nullable String address) {
    mac = mac == null ? address : mac;
  }

  void target(@Nullable String dev) {
    device = device == null ? dev : device;
  }

  void source(@Nullable String mode) {
    hasMode |= mode != null;
  }

  void sourceAddress(@Nullable String addressType) {
    hasPciSource |= "pci".equals(addressType);
  }

  /** What was read; null for an interface without a MAC. */
  @Nullable GuestInterface guestInterface() {
    if (mac == null) {
      return null;
    }
    try {
      long address = MacAddress.parse(mac);
      String name = device != null && DEVICE.matcher(device).matches() ? device : null;
      return new GuestInterface(address, kind(name != null), name);
    } catch (IllegalArgumentException noAddress) {
      return null;
    }
  }

  // Of a domain that is shut off, most devices are not there.
  private Kind kind(boolean hasDevice) {
    return switch (type) {
      case "network" -> networkKind(hasDevice);
      case "bridge", "ethernet" -> hasDevice ? Kind.TAP : Kind.OTHER;
      case "direct" -> hasDevice ? Kind.MACVTAP : Kind.OTHER;
      case "hostdev" -> Kind.VF;
      case "vhostuser" -> Kind.VHOST_USER;
      default -> Kind.OTHER;
    };
  }

  private Kind networkKind(boolean hasDevice) {
    if (hasPciSource) {
      return Kind.VF;
    }
    if (!hasDevice) {
      return Kind.OTHER;
    }
    return hasMode ? Kind.MACVTAP : Kind.TAP;
  }
}
