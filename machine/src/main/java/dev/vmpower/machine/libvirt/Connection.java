package dev.vmpower.machine.libvirt;

import static java.lang.foreign.ValueLayout.ADDRESS;

import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.libvirt.DomainInfo.VcpuInfo;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One connection to libvirt with its events registered.
 *
 * <p>One thread owns it, and no other ever calls libvirt through it. libvirt would allow that, but
 * from 6.0 on two callers at once can wait for ever when the keepalive gives up: the second then
 * waits for an answer on a socket that nobody reads any more (seen with 9.0;
 * virNetClientIOEventLoop in virnetclient.c no longer uses the timeout that it works out).
 */
final class Connection implements DomainSource, AutoCloseable {
  // virDomainEventID in libvirt-domain.h
  private static final int EVENT_LIFECYCLE = 0;
  private static final int EVENT_REBOOT = 1;
  private static final int EVENT_DEVICE_REMOVED = 15;
  private static final int EVENT_TUNABLE = 17;
  private static final int EVENT_DEVICE_ADDED = 19;
  // NIC_MAC_CHANGE, and from libvirt 12.4 CHANNEL_LIFECYCLE and VCPU_REMOVED. The last two we
  // want; to each of them we only read the domain again, so it does not matter which is which.
  private static final int EVENT_NEW_FIRST = 27;
  private static final int EVENT_NEW_LAST = 29;

  // A libvirt that hangs is given up after 15 to 20 s.
  private static final int KEEPALIVE_INTERVAL_S = 5;
  private static final int KEEPALIVE_COUNT = 3;

  private static final int DOMAINS_MAX = 16_384; // REMOTE_DOMAIN_LIST_MAX in remote_protocol.x

  private final LibvirtLibrary library;
  private final Callbacks callbacks;
  private final MemorySegment pointer;
  private final Patience patience;
  private final DomainReader reader;
  private final List<Integer> eventIds = new ArrayList<>();
  private final int vserportId;

  private Connection(
      LibvirtLibrary library, Callbacks callbacks, Patience patience, MemorySegment pointer)
      throws LibvirtException {
    this.library = library;
    this.callbacks = callbacks;
    this.pointer = pointer;
    this.patience = patience;
    // Drivers without a network connection, such as test:///default, refuse these two.
    library.virConnectSetKeepAlive(pointer, KEEPALIVE_INTERVAL_S, KEEPALIVE_COUNT);
    library.virConnectRegisterCloseCallback(pointer, callbacks.closed);
    register(EVENT_LIFECYCLE, callbacks.lifecycle);
    register(EVENT_REBOOT, callbacks.reboot);
    register(EVENT_TUNABLE, callbacks.tunable);
    register(EVENT_DEVICE_ADDED, callbacks.device);
    register(EVENT_DEVICE_REMOVED, callbacks.device);
    for (int event = EVENT_NEW_FIRST; event <= EVENT_NEW_LAST; event++) {
      register(event, callbacks.anyDomainEvent);
    }
    try (Arena arena = Arena.ofConfined()) {
      vserportId =
          library.virConnectDomainQemuMonitorEventRegister(
              pointer, arena.allocateFrom(VserportChange.NAME), callbacks.vserport);
    }
    int hostCpus = library.virNodeGetCPUMap(pointer);
    if (hostCpus <= 0) {
      LibvirtException failure = library.failure();
      close();
      throw failure;
    }
    reader = new DomainReader(library, Math.min(hostCpus, CpuSet.CPUS_MAX));
  }

  /** Connects, which can take as long as a hung libvirt hangs. */
  static Connection open(LibvirtLibrary library, Callbacks callbacks, Patience patience, String uri)
      throws LibvirtException {
    patience.begin("connecting");
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pointer = library.virConnectOpen(arena.allocateFrom(uri));
      if (pointer.equals(MemorySegment.NULL)) {
        throw library.failure();
      }
      patience.begin("asking for its events");
      return new Connection(library, callbacks, patience, pointer);
    }
  }

  // An event that this driver does not have is made good by the sweeps.
  private void register(int event, MemorySegment callback) {
    int id = library.virConnectDomainEventRegisterAny(pointer, event, callback);
    if (id >= 0) {
      eventIds.add(id);
    }
  }

  @Override
  public boolean isAlive() {
    return library.virConnectIsAlive(pointer) == 1;
  }

  @Override
  public Map<String, Integer> list() throws LibvirtException {
    patience.begin("listing the domains");
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment result = arena.allocate(ADDRESS);
      int count = library.virConnectListAllDomains(pointer, result, 0);
      if (count < 0) {
        throw library.failure();
      }
      MemorySegment array =
          LibvirtLibrary.memory(result.get(ADDRESS, 0), count * ADDRESS.byteSize());
      Map<String, Integer> domains = new LinkedHashMap<>();
      for (int i = 0; i < count; i++) {
        MemorySegment domain = array.getAtIndex(ADDRESS, i);
        String uuid = Callbacks.uuid(library, domain);
        if (uuid != null && domains.size() < DOMAINS_MAX) {
          domains.put(uuid, library.virDomainGetID(domain));
        }
        library.virDomainFree(domain);
      }
      library.free(array);
      return domains;
    }
  }

  @Override
  public @Nullable DomainView read(String uuid) throws LibvirtException {
    patience.begin("reading domain " + uuid);
    try (Domain domain = lookup(uuid)) {
      return reader.read(domain.pointer());
    } catch (LibvirtException e) {
      if (e.isNoDomain()) {
        return null;
      }
      throw e;
    }
  }

  @Override
  public List<VcpuInfo> affinity(DomainView view) throws LibvirtException {
    patience.begin("reading the pinning of " + view.info().name());
    try (Domain domain = lookup(view.info().uuid())) {
      return reader.affinity(domain.pointer(), view.xml());
    }
  }

  private Domain lookup(String uuid) throws LibvirtException {
    try (Arena arena = Arena.ofConfined()) {
      return domain(library.virDomainLookupByUUIDString(pointer, arena.allocateFrom(uuid)));
    }
  }

  private Domain domain(MemorySegment found) throws LibvirtException {
    if (found.equals(MemorySegment.NULL)) {
      throw library.failure();
    }
    return new Domain(library, found);
  }

  /**
   * Pins one vCPU: of a running domain now, of one that is shut off in its configuration.
   *
   * @return the domain's uuid
   */
  String pin(String name, int vcpu, CpuSet cpus) throws LibvirtException {
    patience.begin("pinning a vCPU of " + name);
    try (Arena arena = Arena.ofConfined();
        Domain domain = domain(library.virDomainLookupByName(pointer, arena.allocateFrom(name)))) {
      MemorySegment map = reader.map(arena, cpus);
      int pinned =
          library.virDomainPinVcpuFlags(
              domain.pointer(), vcpu, map, reader.mapBytes(), DomainReader.AFFECT_CURRENT);
      if (pinned < 0) {
        throw library.failure();
      }
      return String.valueOf(Callbacks.uuid(library, domain.pointer()));
    }
  }

  /** For the tests, which drive test:///default through the connection that holds its state. */
  MemorySegment pointer() {
    return pointer;
  }

  /** Each event registered holds a reference to the connection, so all have to go first. */
  @Override
  public void close() {
    patience.begin("ending the connection");
    if (vserportId >= 0) {
      library.virConnectDomainQemuMonitorEventDeregister(pointer, vserportId);
    }
    for (int id : eventIds) {
      library.virConnectDomainEventDeregisterAny(pointer, id);
    }
    library.virConnectUnregisterCloseCallback(pointer, callbacks.closed);
    library.virConnectClose(pointer);
  }

  private record Domain(LibvirtLibrary library, MemorySegment pointer) implements AutoCloseable {
    @Override
    public void close() {
      library.virDomainFree(pointer);
    }
  }
}
