package dev.vmpower.lab;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A private libvirtd, which nothing else on this machine sees. */
final class LabLibvirt implements AutoCloseable {
  private static final String SCRIPT = Checkout.lab().resolve("vm/libvirt").toString();
  private static final Duration VIRSH_PATIENCE = Duration.ofSeconds(60);

  private final Path folder;
  private final String uri;

  private LabLibvirt(Path folder) {
    this.folder = folder;
    // What a run that was killed has left: its VMs would count as neighbours.
    script("down");
    this.uri = script("up");
  }

  static LabLibvirt up() {
    return up("libvirt");
  }

  /** One of its own for tests that are not good to it; {@code name} is that of its folder. */
  static LabLibvirt up(String name) {
    return new LabLibvirt(Checkout.build().resolve(name));
  }

  private String script(String verb) {
    return Command.run(SCRIPT, verb, folder.toString()).output();
  }

  /** The name of its folder. */
  String name() {
    return folder.getFileName().toString();
  }

  /** Sends libvirtd a signal. */
  void signal(String signal) {
    Command.run("kill", "-" + signal, Long.toString(pid(folder.resolve("pid")))).output();
  }

  /** Ends libvirtd by a signal; its VMs go on. */
  void end(String signal) {
    ProcessHandle libvirtd = ProcessHandle.of(pid(folder.resolve("pid"))).orElseThrow();
    signal(signal);
    libvirtd.onExit().orTimeout(20, TimeUnit.SECONDS).join();
  }

  /** Starts libvirtd after it ended, and returns when it answers. */
  void startAgain() {
    script("up");
  }

  /** Breaks every connection that libvirtd has. */
  void dropClients() {
    String admin = "libvirtd+unix:///system?socket=" + runFolder().resolve("libvirt-admin-sock");
    List<String> virtAdmin = List.of("virt-admin", "-q", "-c", admin);
    List<String> list = new ArrayList<>(virtAdmin);
    list.addAll(List.of("client-list", "libvirtd"));
    for (String line : Command.run(VIRSH_PATIENCE, list).output().lines().toList()) {
      List<String> drop = new ArrayList<>(virtAdmin);
      drop.addAll(List.of("client-disconnect", "libvirtd", line.strip().split(" +", -1)[0]));
      Command.run(VIRSH_PATIENCE, drop).output();
    }
  }

  /** Waits until there is a VM of that name, running or on its way in. */
  void awaitVm(String vm) {
    await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> virsh("list", "--all", "--name").lines().anyMatch(vm::equals));
  }

  /** The process of a VM that runs. */
  long qemuPid(String vm) {
    return pid(runFolder().resolve("qemu/" + vm + ".pid"));
  }

  private static long pid(Path file) {
    try {
      return Long.parseLong(Files.readString(file).strip());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String uri() {
    return uri;
  }

  /** Where it listens. */
  Path socket() {
    return runFolder().resolve("libvirt-sock");
  }

  /** Libvirt's folder for its drivers' pid files. */
  Path runFolder() {
    return folder.resolve("run/libvirt");
  }

  /**
   * Runs virsh.
   *
   * @throws IllegalStateException if virsh fails
   */
  String virsh(String... words) {
    List<String> command = new ArrayList<>(List.of("virsh", "-q", "-c", uri));
    command.addAll(List.of(words));
    return Command.run(VIRSH_PATIENCE, command).output();
  }

  /** Runs virsh, which may fail. */
  void tryVirsh(String... words) {
    List<String> command = new ArrayList<>(List.of("virsh", "-q", "-c", uri));
    command.addAll(List.of(words));
    Command.run(VIRSH_PATIENCE, command);
  }

  /** Sends a VM's QEMU a signal, without libvirt. */
  void signalVm(String vm, String signal) {
    Command.run("kill", "-" + signal, Long.toString(qemuPid(vm))).output();
  }

  /** The words that run {@code command} where the network interfaces of the VMs are. */
  List<String> where(String... command) {
    List<String> words = new ArrayList<>(List.of(SCRIPT, "enter", folder.toString()));
    words.addAll(List.of(command));
    return words;
  }

  @Override
  public void close() {
    script("down");
  }
}
