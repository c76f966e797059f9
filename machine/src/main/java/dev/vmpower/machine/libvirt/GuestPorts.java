package dev.vmpower.machine.libvirt;

import dev.vmpower.machine.libvirt.DomainInfo.ChannelInfo;
import dev.vmpower.machine.libvirt.DomainInfo.State;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which ports guests have open, and the rule that a port counts as closed only after {@link
 * LibvirtWatch#PORT_CLOSED_NS}.
 *
 * <p>There are two witnesses. Events are in order but may be missing; the live XML is complete but
 * can be a little behind the events. So only an event cancels a wait that has begun, and at its end
 * the XML, which has caught up by then, decides.
 *
 * <p>Pure: time comes in as an argument. Not thread-safe.
 */
final class GuestPorts {
  private final LibvirtListener listener;
  private final Map<String, Integer> runs = new HashMap<>();
  private final Map<String, Map<Integer, Boolean>> told = new HashMap<>();
  // Every wait is equally long, so they end in the order in which they began.
  private final LinkedHashMap<Port, Long> waits = new LinkedHashMap<>();

  private record Port(String uuid, int channel) {}

  GuestPorts(LibvirtListener listener) {
    this.listener = listener;
  }

  /** An event says that a guest process opened the port. */
  void opened(String uuid, int channel) {
    waits.remove(new Port(uuid, channel));
    tell(uuid, channel, true);
  }

  /** An event says that the guest closed the port. */
  void closed(String uuid, int channel, long nowNs) {
    if (!Boolean.FALSE.equals(told(uuid, channel))) {
      waits.putIfAbsent(new Port(uuid, channel), nowNs + LibvirtWatch.PORT_CLOSED_NS);
    }
  }

  /** The domain was read. */
  void observe(DomainInfo domain, long nowNs) {
    String uuid = domain.uuid();
    if (domain.state() == State.SHUT_OFF) {
      forget(uuid);
      return;
    }
    if (!Objects.equals(runs.put(uuid, domain.id()), domain.id())) {
      forget(uuid);
      runs.put(uuid, domain.id());
    }
    dropUnplugged(domain);
    for (ChannelInfo channel : domain.channels()) {
      if (Boolean.FALSE.equals(channel.guestOpen())) {
        closed(uuid, channel.number(), nowNs);
      } else if (Boolean.TRUE.equals(channel.guestOpen())
          && !Boolean.TRUE.equals(told(uuid, channel.number()))) {
        tell(uuid, channel.number(), true);
      }
    }
  }

  private void dropUnplugged(DomainInfo domain) {
    Map<Integer, Boolean> ports = told.get(domain.uuid());
    if (ports != null) {
      Set<Integer> plugged = new HashSet<>();
      domain.channels().forEach(channel -> plugged.add(channel.number()));
      ports.keySet().retainAll(plugged);
    }
  }

  /** How long until the first wait ends; {@link Long#MAX_VALUE} if none is going on. */
  long sleepNs(long nowNs) {
    return waits.isEmpty() ? Long.MAX_VALUE : waits.firstEntry().getValue() - nowNs;
  }

  /** The domains with waits that are over: they must be read, and {@link #settle settled}. */
  Set<String> due(long nowNs) {
    Set<String> uuids = new LinkedHashSet<>();
    for (Map.Entry<Port, Long> wait : waits.entrySet()) {
      if (wait.getValue() - nowNs > 0) {
        break;
      }
      uuids.add(wait.getKey().uuid());
    }
    return uuids;
  }

  /**
   * Ends the waits of this domain that are over.
   *
   * @param domain as it is now; null where it could not be read, and the next sweep begins anew
   */
  void settle(String uuid, @Nullable DomainInfo domain, long nowNs) {
    Set<Port> over = new LinkedHashSet<>();
    waits.forEach(
        (port, endNs) -> {
          if (port.uuid().equals(uuid) && endNs - nowNs <= 0) {
            over.add(port);
          }
        });
    waits.keySet().removeAll(over);
    if (domain == null) {
      return;
    }
    for (Port port : over) {
      for (ChannelInfo channel : domain.channels()) {
        if (channel.number() == port.channel() && !Boolean.TRUE.equals(channel.guestOpen())) {
          tell(uuid, port.channel(), false);
        }
      }
    }
  }

  /** The domain is gone or shut off: its ports no longer exist. */
  void forget(String uuid) {
    runs.remove(uuid);
    told.remove(uuid);
    waits.keySet().removeIf(port -> port.uuid().equals(uuid));
  }

  private @Nullable Boolean told(String uuid, int channel) {
    return told.getOrDefault(uuid, Map.of()).get(channel);
  }

  private void tell(String uuid, int channel, boolean open) {
    told.computeIfAbsent(uuid, none -> new HashMap<>()).put(channel, open);
    listener.guestPort(uuid, channel, open);
  }
}
