package dev.vmpower.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A VM with one vCPU, one power channel and no system in it: it costs a second, and is enough to be
 * seen, connected to, and counted as a neighbour that never asked.
 */
final class BareVm implements AutoCloseable {
  private final LabLibvirt libvirt;
  private final String name;

  private BareVm(LabLibvirt libvirt, String name) {
    this.libvirt = libvirt;
    this.name = name;
  }

  private static String definition(String name, String uuid, String cpus, Path socket) {
    return """
        <domain type='qemu'>
          <name>%s</name>
          <uuid>%s</uuid>
          <memory unit='MiB'>32</memory>
          <vcpu>1</vcpu>
          <cputune><vcpupin vcpu='0' cpuset='%s'/></cputune>
          <os><type arch='x86_64' machine='q35'>hvm</type></os>
          <devices>
            <emulator>/usr/bin/qemu-system-x86_64</emulator>
            <controller type='usb' model='none'/>
            <channel type='unix'>
              <source mode='bind' path='%s'/>
              <target type='virtio' name='virtio.serial.port.poweragent.0'/>
            </channel>
            <memballoon model='none'/>
          </devices>
        </domain>
        """
        .formatted(name, uuid, cpus, socket);
  }

  /** Starts a VM that libvirt forgets when it ends. */
  static BareVm create(LabLibvirt libvirt, String name, String uuid, String cpus) {
    return up(libvirt, "create", name, uuid, cpus);
  }

  /** Makes a VM known that is off, and stays known. */
  static BareVm define(LabLibvirt libvirt, String name, String uuid, String cpus) {
    return up(libvirt, "define", name, uuid, cpus);
  }

  private static BareVm up(LabLibvirt libvirt, String verb, String name, String uuid, String cpus) {
    try {
      Path socket = Files.createDirectories(LabGuest.sockets()).resolve(name + ".0");
      Path xml = LabGuest.sockets().resolve(name + ".xml");
      Files.writeString(xml, definition(name, uuid, cpus, socket));
      libvirt.virsh(verb, xml.toString());
      return new BareVm(libvirt, name);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Sends its QEMU a signal, without libvirt. */
  void signal(String signal) {
    libvirt.signalVm(name, signal);
  }

  /** Ends it, if it runs. */
  @Override
  public void close() {
    if (libvirt.virsh("list", "--name").lines().anyMatch(name::equals)) {
      libvirt.virsh("destroy", name);
    }
  }
}
