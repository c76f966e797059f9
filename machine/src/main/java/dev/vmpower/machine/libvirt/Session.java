package dev.vmpower.machine.libvirt;

import dev.vmpower.machine.libvirt.DomainInfo.State;
import dev.vmpower.machine.libvirt.DomainInfo.VcpuInfo;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What is known of the domains while one connection lasts, and what the listener is told of it.
 *
 * <p>Events say only which domain to read again. Two sweeps find what no event tells: where the
 * vCPUs of running domains may run (cgroups and taskset are silent), and at every second sweep all
 * else. A domain that cannot be read now is left for the next sweep, and hinders no other.
 *
 * <p>Not thread-safe.
 */
final class Session {
  /** How often the affinity of running domains is read. */
  static final long AFFINITY_SWEEP_NS = 5_000_000_000L;

  /** Every so many sweeps all running domains are read whole, every 10 s. */
  static final int SWEEPS_PER_FULL = 2;

  private final DomainSource source;
  private final LibvirtListener listener;
  private final LongSupplier clock;
  private final GuestPorts ports;
  private final Map<String, DomainView> known = new HashMap<>();
  private final Set<String> unread = new HashSet<>();
  private long sweepAtNs;
  private int sweeps;

  /**
   * @param clock as System.nanoTime
   */
  Session(DomainSource source, LibvirtListener listener, LongSupplier clock) {
    this.source = source;
    this.clock = clock;
    this.listener = listener;
    this.ports = new GuestPorts(listener);
  }

  /** Reads all domains and tells of the connection; throws when there is none after all. */
  void begin() throws LibvirtException {
    for (String uuid : source.list().keySet()) {
      DomainView view = read(uuid);
      if (view != null) {
        known.put(uuid, view);
      }
    }
    if (!source.isAlive()) {
      throw new LibvirtException("the connection to libvirt broke while domains were read");
    }
    sweepAtNs = clock.getAsLong() + AFFINITY_SWEEP_NS;
    List<DomainInfo> domains = known.values().stream().map(DomainView::info).toList();
    listener.connected(domains);
    domains.forEach(domain -> ports.observe(domain, clock.getAsLong()));
  }

  /** Takes up what came in; many events of one domain lead to one reading. */
  void take(List<Inbox.Message> messages) {
    Set<String> changed = new LinkedHashSet<>();
    for (Inbox.Message message : messages) {
      if (message instanceof Inbox.Message.Changed change) {
        changed.add(change.uuid());
      } else if (message instanceof Inbox.Message.Rebooted reboot) {
        listener.rebooted(reboot.uuid());
        changed.add(reboot.uuid());
      } else if (message instanceof Inbox.Message.Port port) {
        if (!port(port)) {
          changed.add(port.uuid());
        }
      } else if (message instanceof Inbox.Message.Lost) {
        sweepAll();
      }
    }
    changed.forEach(uuid -> refresh(uuid, true));
  }

  // Not read again here: libvirt's XML may not know of it yet.
  private boolean port(Inbox.Message.Port message) {
    String uuid = message.uuid();
    boolean open = message.open();
    DomainView view = known.get(uuid);
    Integer channel = view == null ? null : view.channelOf(message.alias());
    if (view == null || channel == null) {
      return false;
    }
    DomainView now = view.with(channel, open);
    known.put(uuid, now);
    if (open) {
      ports.opened(uuid, channel);
    } else {
      ports.closed(uuid, channel, clock.getAsLong());
    }
    listener.changed(now.info());
    return true;
  }

  /** Does what is due by now. */
  void work() {
    long nowNs = clock.getAsLong();
    for (String uuid : ports.due(nowNs)) {
      boolean readable = refresh(uuid, false);
      DomainView view = known.get(uuid);
      ports.settle(uuid, readable && view != null ? view.info() : null, nowNs);
    }
    if (sweepAtNs - nowNs <= 0) {
      sweepAtNs = nowNs + AFFINITY_SWEEP_NS;
      sweeps++;
      if (sweeps % SWEEPS_PER_FULL == 0) {
        sweepAll();
      } else {
        sweepAffinity();
      }
    }
  }

  /** How long until {@link #work} has something to do. */
  long sleepNs() {
    long nowNs = clock.getAsLong();
    return Math.max(0, Math.min(sweepAtNs - nowNs, ports.sleepNs(nowNs)));
  }

  private void sweepAffinity() {
    for (DomainView view : List.copyOf(known.values())) {
      if (view.info().state() == State.SHUT_OFF) {
        continue;
      }
      try {
        List<VcpuInfo> vcpus = source.affinity(view);
        if (!vcpus.equals(view.info().vcpus())) {
          DomainView now = view.with(vcpus);
          known.put(now.info().uuid(), now);
          listener.changed(now.info());
        }
      } catch (LibvirtException | RuntimeException vanishedOrBroken) {
        unread.add(view.info().uuid());
      }
    }
  }

  private void sweepAll() {
    Map<String, Integer> listed;
    try {
      listed = source.list();
    } catch (LibvirtException broken) {
      return;
    }
    for (String uuid : List.copyOf(known.keySet())) {
      if (!listed.containsKey(uuid)) {
        refresh(uuid, false);
      }
    }
    Set<String> again = Set.copyOf(unread);
    listed.forEach(
        (uuid, id) -> {
          DomainView view = known.get(uuid);
          if (id >= 0 || view == null || view.info().id() != id || again.contains(uuid)) {
            refresh(uuid, false);
          }
        });
    unread.retainAll(listed.keySet());
  }

  // Returns whether libvirt said how the domain is, which may be that there is none.
  private boolean refresh(String uuid, boolean always) {
    DomainView before = known.get(uuid);
    DomainView now = read(uuid);
    if (now != null) {
      known.put(uuid, now);
      if (always || before == null || !before.info().equals(now.info())) {
        listener.changed(now.info());
      }
      // After the reading, which may have taken a while: a port is closed for 2 s at least.
      ports.observe(now.info(), clock.getAsLong());
      return true;
    }
    if (unread.contains(uuid)) {
      return false;
    }
    ports.forget(uuid);
    if (known.remove(uuid) != null) {
      listener.gone(uuid);
    }
    return true;
  }

  // Null where there is no such domain, and where it cannot be read: then it is in "unread".
  private @Nullable DomainView read(String uuid) {
    try {
      DomainView view = source.read(uuid);
      unread.remove(uuid);
      return view;
    } catch (LibvirtException | RuntimeException unreadable) {
      unread.add(uuid);
      return null;
    }
  }
}
