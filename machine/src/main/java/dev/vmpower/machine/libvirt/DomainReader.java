package dev.vmpower.machine.libvirt;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.libvirt.DomainInfo.ChannelInfo;
import dev.vmpower.machine.libvirt.DomainInfo.State;
import dev.vmpower.machine.libvirt.DomainInfo.VcpuInfo;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Set;

/**
 * Reads one domain through a {@code virDomainPtr}: its XML, its state and where its vCPUs may run.
 *
 * <p>These are separate calls, so a domain can change or vanish in between. The event that tells of
 * it leads to the next reading.
 *
 * <pre>
 *  struct _virVcpuInfo (libvirt-domain.h, 64-bit)     0        4       8           16      20
 *                                                     | number | state |  cpuTime  |  cpu  | pad |
 *                                                       uint32   int32    uint64     int32
 * </pre>
 *
 * <p>A cpumap is {@code mapBytes} bytes for each vCPU; bit {@code n % 8} of byte {@code n / 8} is
 * pCPU n (VIR_USE_CPU in libvirt-domain.h).
 */
final class DomainReader {
  private static final long VCPU_INFO_BYTES = 24;
  private static final long VCPU_INFO_NUMBER = 0;

  // virDomainState in libvirt-domain.h
  private static final int STATE_PAUSED = 3;
  private static final int STATE_SHUTOFF = 5;
  private static final int STATE_CRASHED = 6;
  private static final int STATE_PMSUSPENDED = 7;

  // virDomainRunningReason there: migrated, restored, from a snapshot, in post-copy migration.
  private static final Set<Integer> RUNNING_ARRIVED = Set.of(2, 3, 4, 10);
  // virDomainPausedReason: in migration. On its way out it looks the same, but has been seen
  // before.
  private static final int PAUSED_MIGRATION = 2;

  /**
   * VIR_DOMAIN_AFFECT_CURRENT in libvirt-domain.h: the live state of a running domain, else the
   * configuration. (Asked for LIVE in so many words, test:///default refuses.)
   */
  static final int AFFECT_CURRENT = 0;

  private final LibvirtLibrary library;
  private final int hostCpus;

  /**
   * @param hostCpus CPUs of the host, offline ones too
   */
  DomainReader(LibvirtLibrary library, int hostCpus) {
    this.library = library;
    this.hostCpus = hostCpus;
  }

  DomainView read(MemorySegment domain) throws LibvirtException {
    // No VIR_DOMAIN_XML_SECURE: we want no secrets. A running domain's XML is the live one.
    MemorySegment text = library.virDomainGetXMLDesc(domain, 0);
    if (text.equals(MemorySegment.NULL)) {
      throw library.failure();
    }
    DomainXml xml;
    try {
      xml = DomainXml.parse(String.valueOf(LibvirtLibrary.text(text)));
    } catch (IndexOutOfBoundsException tooLong) {
      throw new LibvirtException("domain XML is longer than libvirt allows");
    } finally {
      library.free(text);
    }
    Standing standing = standing(domain, xml);
    State state = standing.state();
    List<VcpuInfo> vcpus =
        state == State.SHUT_OFF ? configured(domain, xml) : affinity(domain, xml);
    List<ChannelInfo> channels =
        xml.channels().stream()
            .map(c -> new ChannelInfo(c.number(), c.path(), c.guestOpen()))
            .toList();
    int id = state == State.SHUT_OFF ? -1 : xml.id();
    DomainInfo info =
        new DomainInfo(
            xml.uuid(),
            xml.name(),
            id,
            state,
            vcpus,
            channels,
            xml.interfaces(),
            standing.arrived());
    return new DomainView(info, xml);
  }

  private record Standing(State state, boolean arrived) {}

  // A domain that is shutting down counts as running: its vCPUs may still have work to do.
  private Standing standing(MemorySegment domain, DomainXml xml) throws LibvirtException {
    if (xml.id() < 0) {
      return new Standing(State.SHUT_OFF, false);
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(JAVA_INT);
      MemorySegment why = arena.allocate(JAVA_INT);
      if (library.virDomainGetState(domain, state, why) < 0) {
        throw library.failure();
      }
      int reason = why.get(JAVA_INT, 0);
      return switch (state.get(JAVA_INT, 0)) {
        case STATE_PAUSED -> new Standing(State.PAUSED, reason == PAUSED_MIGRATION);
        case STATE_PMSUSPENDED, STATE_CRASHED -> new Standing(State.PAUSED, false);
        case STATE_SHUTOFF -> new Standing(State.SHUT_OFF, false);
        default -> new Standing(State.RUNNING, RUNNING_ARRIVED.contains(reason));
      };
    }
  }

  /**
   * Where the vCPUs of a running domain may really run. Where libvirt counts on a vCPU whose thread
   * is gone (it waits 5 s for a guest to let one go, and misses what comes later, until it is
   * restarted) it cannot say that of any: then where it wants them to run.
   */
  List<VcpuInfo> affinity(MemorySegment domain, DomainXml xml) throws LibvirtException {
    if (xml.vcpusMax() == 0) {
      return List.of();
    }
    int mapBytes = mapBytes();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment infos = arena.allocate(VCPU_INFO_BYTES * xml.vcpusMax(), Long.BYTES);
      MemorySegment maps = arena.allocate((long) mapBytes * xml.vcpusMax());
      int count = library.virDomainGetVcpus(domain, infos, xml.vcpusMax(), maps, mapBytes);
      if (count < 0) {
        LibvirtException why = library.failure();
        return why.isSystemError() && library.virDomainIsActive(domain) == 1
            ? configured(domain, xml)
            : unanswered(why, domain, xml);
      }
      List<VcpuInfo> vcpus = new ArrayList<>();
      for (int i = 0; i < Math.min(count, xml.vcpusMax()); i++) {
        int number = infos.get(JAVA_INT, VCPU_INFO_BYTES * i + VCPU_INFO_NUMBER);
        if (number >= 0 && number < DomainXml.VCPUS_MAX) {
          vcpus.add(new VcpuInfo(number, cpus(maps, i)));
        }
      }
      return List.copyOf(vcpus);
    }
  }

  // Some domains have no affinity (TCG without a thread for each vCPU), and some hypervisors do
  // not say. Their vCPUs may run anywhere as far as anybody knows, so that is what we tell.
  private List<VcpuInfo> unanswered(LibvirtException why, MemorySegment domain, DomainXml xml)
      throws LibvirtException {
    if (!why.isUnanswerable() || library.virDomainIsActive(domain) != 1) {
      throw why;
    }
    BitSet all = new BitSet();
    all.set(0, hostCpus);
    CpuSet anywhere = CpuSet.copyOf(all);
    return xml.vcpus().stream().map(number -> new VcpuInfo(number, anywhere)).toList();
  }

  private List<VcpuInfo> configured(MemorySegment domain, DomainXml xml) throws LibvirtException {
    if (xml.vcpusMax() == 0) {
      return List.of();
    }
    int mapBytes = mapBytes();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment maps = arena.allocate((long) mapBytes * xml.vcpusMax());
      int count =
          library.virDomainGetVcpuPinInfo(domain, xml.vcpusMax(), maps, mapBytes, AFFECT_CURRENT);
      if (count < 0) {
        throw library.failure();
      }
      List<VcpuInfo> vcpus = new ArrayList<>();
      for (int number : xml.vcpus()) {
        if (number < count) {
          vcpus.add(new VcpuInfo(number, cpus(maps, number)));
        }
      }
      return List.copyOf(vcpus);
    }
  }

  private CpuSet cpus(MemorySegment maps, int vcpu) {
    int mapBytes = mapBytes();
    byte[] map = maps.asSlice((long) vcpu * mapBytes, mapBytes).toArray(JAVA_BYTE);
    BitSet bits = BitSet.valueOf(map); // little-endian, as libvirt's map is
    return CpuSet.copyOf(bits.get(0, CpuSet.CPUS_MAX));
  }

  /** The length of one cpumap. */
  int mapBytes() {
    return (hostCpus + Byte.SIZE - 1) / Byte.SIZE;
  }

  /** The cpumap of {@code cpus}, for {@link LibvirtLibrary#virDomainPinVcpuFlags}. */
  MemorySegment map(Arena arena, CpuSet cpus) throws LibvirtException {
    if (cpus.isEmpty()) {
      throw new LibvirtException("a vCPU must be allowed at least one CPU");
    }
    int highest = cpus.get(cpus.size() - 1);
    if (highest >= hostCpus) {
      throw new LibvirtException("CPU " + highest + " is not on this host of " + hostCpus);
    }
    MemorySegment map = arena.allocate(mapBytes());
    BitSet bits = new BitSet();
    cpus.forEach(bits::set);
    map.copyFrom(MemorySegment.ofArray(bits.toByteArray()));
    return map;
  }
}
