package dev.vmpower.machine.libvirt;

import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.net.GuestInterface;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A libvirt domain at one moment.
 *
 * @param uuid the domain's identity; a rename keeps it
 * @param id libvirt's number of this run of the domain; -1 while it is shut off
 * @param vcpus one entry for each vCPU that is plugged in, in order of its number
 * @param channels its power channels, in order of their number
 * @param interfaces its network interfaces, in the XML's order
 * @param arrived whether it goes on from another run: by live migration, or restored from a file or
 *     a snapshot. Its guest may have ports open since then
 */
public record DomainInfo(
    String uuid,
    String name,
    int id,
    State state,
    List<VcpuInfo> vcpus,
    List<ChannelInfo> channels,
    List<GuestInterface> interfaces,
    boolean arrived) {

  /** A domain that was booted, or is shut off. */
  public DomainInfo(
      String uuid,
      String name,
      int id,
      State state,
      List<VcpuInfo> vcpus,
      List<ChannelInfo> channels,
      List<GuestInterface> interfaces) {
    this(uuid, name, id, state, vcpus, channels, interfaces, false);
  }

  /** What of a domain's state matters to its votes. */
  public enum State {
    RUNNING,
    /** Paused, or suspended by the guest's power management: its vCPUs do not run now. */
    PAUSED,
    /** Defined, but without a process. */
    SHUT_OFF
  }

  /**
   * One vCPU that is plugged in.
   *
   * @param number the vCPU's number in the guest
   * @param cpus the pCPUs it may run on: the real affinity of a running domain (virDomainGetVcpus),
   *     the configured one of a domain that is shut off
   */
  public record VcpuInfo(int number, CpuSet cpus) {}

  /**
   * One power channel.
   *
   * @param number N of the target name {@code virtio.serial.port.poweragent.N}
   * @param path the AF_UNIX socket at which QEMU listens
   * @param guestOpen whether a guest process has the port open; null where libvirt does not say.
   *     Just after a change this can be the state before it: {@link LibvirtListener#guestPort} is
   *     what counts
   */
  public record ChannelInfo(int number, Path path, @Nullable Boolean guestOpen) {}
}
