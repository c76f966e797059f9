package dev.vmpower.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A VM of two vCPUs under {@link LabLibvirt}, with an unmodified librte_power in it, led step by
 * step: between two steps a test looks at the host. The steps are those of {@code powerguest.c}.
 */
final class LabGuest implements AutoCloseable {
  /** The emulator crashes or hangs at about one boot in fifty. */
  private static final int BOOTS_MAX = 3;

  private static final int DPDK_MIB = 256;

  private static final Duration BOOT = Duration.ofSeconds(60);
  private static final Duration STEP = Duration.ofSeconds(30);

  /** What the guest program says after each boot. */
  private static final String UP = "up";

  private LabLibvirt libvirt;
  private final String name;
  private final Path initrd;
  private final int memoryMib;
  private String vcpus = "";
  private @Nullable LineChannel control;

  private LabGuest(LabLibvirt libvirt, String name, Path initrd, int memoryMib) {
    this.libvirt = libvirt;
    this.name = name;
    this.initrd = initrd;
    this.memoryMib = memoryMib;
  }

  /** Defines and boots a VM with vCPU i pinned to {@code pins[i]}; without pins it floats. */
  static LabGuest boot(LabLibvirt libvirt, String name, String... pins) {
    return boot(libvirt, name, Checkout.build().resolve("vm.initrd"), DPDK_MIB, pins);
  }

  /** Boots a VM with something else in it, which obeys and answers line by line, too. */
  static LabGuest boot(
      LabLibvirt libvirt, String name, Path initrd, int memoryMib, String... pins) {
    LabGuest guest = new LabGuest(libvirt, name, initrd, memoryMib);
    guest.define(pins);
    guest.start();
    return guest;
  }

  /** As {@link #boot}, with a vCPU 1 that can be unplugged. */
  static LabGuest bootWithPlug(LabLibvirt libvirt, String name, String... pins) {
    LabGuest guest = new LabGuest(libvirt, name, Checkout.build().resolve("vm.initrd"), DPDK_MIB);
    guest.vcpus =
        "<vcpus><vcpu id='0' enabled='yes' hotpluggable='no'/>"
            + "<vcpu id='1' enabled='yes' hotpluggable='yes'/></vcpus>";
    guest.define(pins);
    guest.start();
    return guest;
  }

  /** The folder of all VMs' sockets. */
  static Path sockets() {
    return Checkout.build().resolve("run");
  }

  String name() {
    return name;
  }

  private void define(String... pins) {
    StringBuilder cputune = new StringBuilder();
    for (int vcpu = 0; vcpu < pins.length; vcpu++) {
      cputune.append(
          String.format(Locale.ROOT, "<vcpupin vcpu='%d' cpuset='%s'/>", vcpu, pins[vcpu]));
    }
    try {
      Files.createDirectories(sockets());
      String xml =
          Files.readString(Checkout.lab().resolve("vm/domain.xml"))
              .replace("@NAME@", name)
              .replace("@BUILD@", Checkout.build().toString())
              .replace("@INITRD@", initrd.toString())
              .replace("@MEMORY@", Integer.toString(memoryMib))
              .replace("@SOCKETS@", sockets().toString())
              .replace("@VCPUS@", vcpus)
              .replace("@CPUTUNE@", pins.length == 0 ? "" : "<cputune>" + cputune + "</cputune>");
      Path file = sockets().resolve(name + ".xml");
      Files.writeString(file, xml);
      libvirt.virsh("define", file.toString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Starts the VM and waits for its guest program. */
  void start() {
    for (int boots = 1; ; boots++) {
      libvirt.virsh("start", name);
      disconnect();
      control = LineChannel.connect(sockets().resolve(name + ".control"));
      if (control != null && UP.equals(control.take(BOOT))) {
        return;
      }
      if (boots == BOOTS_MAX) {
        throw new IllegalStateException(name + " does not boot; see " + sockets());
      }
      destroy();
    }
  }

  /** Waits for the guest program after the guest rebooted by itself. */
  void awaitReboot() {
    assertThat(control().take(BOOT)).isEqualTo(UP);
  }

  /** Runs one command of the guest program. */
  Reply step(String command) {
    return step(command, STEP);
  }

  /** Runs one command that may take longer. */
  Reply step(String command, Duration patience) {
    control().send(command);
    String line = control().take(patience);
    while (UP.equals(line)) { // of a reboot that a failed test did not wait for
      line = control().take(patience);
    }
    if (line == null) {
      throw new AssertionError(name + ": no answer to " + command);
    }
    return new Reply(line);
  }

  /** Starts the DPDK application and opens the channels of {@code lcores}, which must work. */
  void startApplication(int... lcores) {
    assertThat(step("app").line()).startsWith("ok lcores=2 ");
    for (int lcore : lcores) {
      init(lcore);
    }
  }

  void init(int lcore) {
    assertThat(step("init " + lcore).line()).isEqualTo("ok ret=0 errno=0");
    // Answers that an earlier application has not read.
    assertThat(step("drain " + lcore).ok()).isTrue();
  }

  /** Starts the application that asks by itself; a packet costs it {@code costUs} microseconds. */
  void startForwarder(String costUs) {
    assertThat(step("forward " + costUs).ok()).isTrue();
  }

  /** Ends the DPDK application, if it runs. */
  void endApplication() {
    step("end");
  }

  /** What the next test expects: a running VM without application, whatever the last one left. */
  void tidyUp() {
    String state = virsh("domstate");
    if ("shut off".equals(state)) {
      start();
    } else if ("paused".equals(state)) {
      virsh("resume");
    }
    endApplication();
  }

  /** Asks for a frequency (up, down, min, max, turbo, noturbo) and reads the answer. */
  Reply ask(String verb, int lcore) {
    assertThat(step(verb + " " + lcore).line()).isEqualTo("ok ret=1 errno=0");
    return step("ack " + lcore);
  }

  /** Sends a policy, as {@code powerguest.c} has it, and reads the answer. */
  Reply policy(int lcore, String policy) {
    assertThat(step("policy " + lcore + " " + policy).line()).isEqualTo("ok ret=0");
    return step("ack " + lcore);
  }

  /** Removes the policy, which is not answered. */
  void removePolicy(int lcore) {
    assertThat(step("remove " + lcore).line()).isEqualTo("ok ret=0");
  }

  /** Asks a question (freq, freqs, cap, caps) and reads the answer. */
  Reply query(String verb, int lcore) {
    return step(verb + " " + lcore);
  }

  /** Runs a virsh command whose first argument is this VM. */
  String virsh(String verb, String... rest) {
    List<String> words = new ArrayList<>(List.of(verb, name));
    words.addAll(List.of(rest));
    return libvirt.virsh(words.toArray(String[]::new));
  }

  /** The address of its network interface, and the tap at the other end, while it runs. */
  Nic nic() {
    String[] words = virsh("domiflist").strip().split(" +", -1); // vnet0 ethernet - virtio MAC
    return new Nic(words[0], words[4]);
  }

  record Nic(String tap, String mac) {}

  /** Ends QEMU as an out-of-memory killer does; libvirt notices a second or two later. */
  void killQemu() {
    ProcessHandle.of(libvirt.qemuPid(name)).orElseThrow().destroyForcibly();
  }

  /** Lets a vCPU run elsewhere, without a word to libvirt. */
  void moveThread(int vcpu, int cpu) {
    Path tasks = Path.of("/proc", Long.toString(libvirt.qemuPid(name)), "task");
    try (Stream<Path> threads = Files.list(tasks)) {
      Path thread =
          threads
              .filter(task -> comm(task).startsWith("CPU " + vcpu + "/"))
              .findFirst()
              .orElseThrow();
      Command.run("taskset", "-pc", Integer.toString(cpu), thread.getFileName().toString())
          .output();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String comm(Path task) {
    try {
      return Files.readString(task.resolve("comm"));
    } catch (IOException gone) {
      return "";
    }
  }

  /** The words of virsh that move this VM, live, with its sockets at {@code sockets} there. */
  List<String> migration(LabLibvirt there, Path sockets) {
    try {
      Files.createDirectories(sockets);
      Path xml = sockets.resolve(name + ".xml");
      Files.writeString(
          xml,
          virsh("dumpxml", "--migratable")
              .replace(sockets() + "/" + name + ".", sockets + "/" + name + "."));
      return List.of(
          "migrate",
          "--live",
          "--p2p",
          "--xml",
          xml.toString(),
          name,
          there.uri(),
          "unix://" + sockets.resolve("migration"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** It is there now, and goes on where it was. */
  void arrived(LabLibvirt there, Path sockets) {
    libvirt = there;
    disconnect();
    control = LineChannel.connect(sockets.resolve(name + ".control"));
  }

  /** Waits until libvirt says that the VM is off. */
  void awaitOff() {
    AtomicReference<String> state = new AtomicReference<>("");
    await()
        .atMost(Duration.ofSeconds(20))
        .until(
            () -> {
              state.set(virsh("domstate"));
              return "shut off".equals(state.get());
            });
  }

  /** Ends the VM at once, if it runs. */
  void destroy() {
    if (!"shut off".equals(virsh("domstate"))) {
      virsh("destroy");
    }
    disconnect();
  }

  @Override
  public void close() {
    destroy();
    virsh("undefine");
  }

  private LineChannel control() {
    return Objects.requireNonNull(control, "not started");
  }

  private void disconnect() {
    if (control != null) {
      control.close();
      control = null;
    }
  }
}
