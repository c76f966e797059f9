package dev.vmpower.sim.world;

import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.libvirt.DomainInfo;
import dev.vmpower.machine.socket.PeerProcess;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.TreeMap;

/** A VM as it really is, whatever the daemon has heard of it by now. */
final class Guest {
  static final int PORTS = 3;
  private static final long START_TICKS = 100;

  final String name;
  final String uuid; // empty for a static one
  final List<GuestPort> ports = new ArrayList<>();
  final TreeMap<Integer, List<Integer>> pins = new TreeMap<>();
  DomainInfo.State state = DomainInfo.State.RUNNING;
  int pid;
  boolean arrived; // from another host, in this run
  final BitSet open = new BitSet(); // the ports that its guest has open, as libvirt tells it then

  Guest(String name, boolean isStatic, Rules rules) {
    this.name = name;
    this.uuid = isStatic ? "" : "uuid-" + name;
    for (int i = 0; i < PORTS; i++) {
      ports.add(new GuestPort(name, i, rules));
    }
  }

  boolean isStatic() {
    return uuid.isEmpty();
  }

  PeerProcess peer() {
    return new PeerProcess(pid, START_TICKS);
  }

  static CpuSet set(List<Integer> cpus) {
    return CpuSet.of(cpus.stream().mapToInt(Integer::intValue).toArray());
  }

  /** What libvirt says of it. */
  DomainInfo info() {
    List<DomainInfo.VcpuInfo> vcpus = new ArrayList<>();
    pins.forEach((number, cpus) -> vcpus.add(new DomainInfo.VcpuInfo(number, set(cpus))));
    List<DomainInfo.ChannelInfo> channels = new ArrayList<>();
    for (GuestPort port : ports) {
      Path path = Path.of("/sim/" + name + "." + port.number);
      Boolean isOpen = arrived ? (Boolean) open.get(port.number) : null;
      channels.add(new DomainInfo.ChannelInfo(port.number, path, isOpen));
    }
    return new DomainInfo(uuid, name, pid, state, vcpus, channels, List.of(), arrived);
  }
}
