package dev.vmpower.machine.libvirt;

import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.libvirt.DomainInfo.ChannelInfo;
import dev.vmpower.machine.libvirt.DomainInfo.State;
import dev.vmpower.machine.libvirt.DomainInfo.VcpuInfo;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Domains as a test wants them; it counts how often each is read. */
final class FakeDomains implements DomainSource {
  private final Map<String, DomainView> domains = new LinkedHashMap<>();
  private final Set<String> unreadable = new HashSet<>();
  final Set<String> faulty = new HashSet<>();
  final List<String> reads = new ArrayList<>();
  boolean alive = true;

  /** A running domain with one vCPU and channels 0, 1 and so on, called channel0 and so on. */
  void run(String uuid, int id, String cpus, @Nullable Boolean... guestOpen) {
    put(uuid, id, State.RUNNING, cpus, guestOpen);
  }

  void put(String uuid, int id, State state, String cpus, @Nullable Boolean... guestOpen) {
    List<ChannelInfo> channels = new ArrayList<>();
    List<DomainXml.Channel> inXml = new ArrayList<>();
    for (int n = 0; n < guestOpen.length; n++) {
      Path path = Path.of("/run/" + uuid + "." + n);
      channels.add(new ChannelInfo(n, path, guestOpen[n]));
      inXml.add(new DomainXml.Channel(n, path, guestOpen[n], "channel" + n));
    }
    List<VcpuInfo> vcpus = List.of(new VcpuInfo(0, CpuSet.parse(cpus)));
    domains.put(
        uuid,
        new DomainView(
            new DomainInfo(uuid, "vm-" + uuid, id, state, vcpus, channels, List.of()),
            new DomainXml(uuid, "vm-" + uuid, id, 1, List.of(0), inXml, List.of())));
  }

  void shutOff(String uuid) {
    put(uuid, -1, State.SHUT_OFF, "0");
  }

  void remove(String uuid) {
    domains.remove(uuid);
  }

  void setReadable(String uuid, boolean readable) {
    if (readable) {
      unreadable.remove(uuid);
    } else {
      unreadable.add(uuid);
    }
  }

  @Override
  public Map<String, Integer> list() {
    Map<String, Integer> ids = new LinkedHashMap<>();
    domains.forEach((uuid, view) -> ids.put(uuid, view.info().id()));
    return ids;
  }

  @Override
  public @Nullable DomainView read(String uuid) throws LibvirtException {
    reads.add(uuid);
    if (faulty.contains(uuid)) {
      throw new IllegalStateException("planned");
    }
    if (unreadable.contains(uuid)) {
      throw new LibvirtException("cannot acquire state change lock");
    }
    return domains.get(uuid);
  }

  @Override
  public List<VcpuInfo> affinity(DomainView view) throws LibvirtException {
    if (faulty.contains(view.info().uuid())) {
      throw new IllegalStateException("planned");
    }
    DomainView now = domains.get(view.info().uuid());
    if (now == null || unreadable.contains(view.info().uuid())) {
      throw new LibvirtException("Domain not found", LibvirtException.NO_DOMAIN);
    }
    return now.info().vcpus();
  }

  @Override
  public boolean isAlive() {
    return alive;
  }
}
