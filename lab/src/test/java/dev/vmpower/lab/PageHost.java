package dev.vmpower.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A daemon on a plain tree with its page, guests that are sockets, and a browser on the page. */
final class PageHost implements AutoCloseable {
  private final Path folder;
  private final Path sockets;
  private final Path config;
  private final int cpus;
  private final PlainCpuTree tree;
  private final List<SocketGuest> guests = new ArrayList<>();
  private final Chromium browser;
  private LabDaemon daemon;

  /**
   * Starts it all; two guests to a VM, one for each vCPU.
   *
   * @param shared how many pCPUs have one clock
   * @param vms the pinning of both vCPUs of each VM, as the configuration has it
   */
  PageHost(Path folder, int cpus, int shared, List<String> vms) {
    this.folder = folder;
    config = folder.resolve("vmpower.toml");
    this.cpus = cpus;
    tree = PlainCpuTree.create(folder.resolve("cpu"), cpus, cpus, shared);
    try {
      sockets = Files.createTempDirectory("vmpower-page"); // paths of sockets are short
      String address = freeAddress();
      Files.writeString(config, text(address, vms));
      for (int vm = 0; vm < vms.size(); vm++) {
        guests.add(new SocketGuest(sockets.resolve("vm" + vm + ".0")));
        guests.add(new SocketGuest(sockets.resolve("vm" + vm + ".1")));
      }
      daemon = startDaemon();
      guests.forEach(SocketGuest::accept);
      Path profile = Files.createDirectories(folder.resolve("chromium"));
      browser = Chromium.start(profile, 1600, 1400);
      browser.open("http://" + address + "/");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String freeAddress() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return "127.0.0.1:" + free.getLocalPort();
    }
  }

  private String text(String address, List<String> vms) {
    StringBuilder text =
        new StringBuilder(
            """
            [cpu]
            root = "%s"
            [state]
            dir = "%s"
            lib = "%s"
            [control]
            socket = "%s"
            http = "%s"
            [libvirt]
            uri = ""
            """
                .formatted(
                    tree.root(),
                    folder.resolve("state"),
                    folder.resolve("lib"),
                    socket(),
                    address));
    for (int vm = 0; vm < vms.size(); vm++) {
      text.append(
          "[[vm]]\nname = \"vm%d\"\nchannels = \"%s\"\nvcpus = [%s]\n"
              .formatted(vm, sockets, vms.get(vm)));
    }
    return text.toString();
  }

  private Path socket() {
    return sockets.resolve("control.sock");
  }

  private LabDaemon startDaemon() {
    return LabDaemon.start(config, folder.resolve("daemon.log"));
  }

  /** The port of a vCPU of a VM. */
  SocketGuest guest(int vm, int vcpu) {
    return guests.get(2 * vm + vcpu);
  }

  Chromium browser() {
    return browser;
  }

  Ctl ctl() {
    return new Ctl(socket());
  }

  /** Lets the pCPUs run as fast as they were told, as hardware does. */
  void followSpeeds() {
    for (int cpu = 0; cpu < cpus; cpu++) {
      String khz = tree.read(cpu, "scaling_setspeed");
      if (!khz.startsWith("<")) {
        tree.write(cpu, "scaling_cur_freq", khz);
      }
    }
  }

  void killDaemon() {
    daemon.kill();
  }

  /** Starts a daemon after the last one ended, and waits until it has all guests. */
  void startDaemonAgain() {
    daemon = startDaemon();
    guests.forEach(SocketGuest::accept);
  }

  @Override
  public void close() {
    browser.close();
    daemon.close();
    guests.forEach(SocketGuest::close);
    Command.run("rm", "-r", sockets.toString()).output();
  }
}
