package dev.vmpower.lab;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A private libvirtd, which nothing else on this machine sees. */
final class LabLibvirt implements AutoCloseable {
  private static final String SCRIPT = Checkout.lab().resolve("vm/libvirt").toString();
  private static final Path FOLDER = Checkout.build().resolve("libvirt");
  private static final Duration VIRSH_PATIENCE = Duration.ofSeconds(60);

  private final String uri;

  private LabLibvirt(String uri) {
    this.uri = uri;
  }

  static LabLibvirt up() {
    // What a run that was killed has left: its VMs would count as neighbours.
    down();
    return new LabLibvirt(Command.run(SCRIPT, "up", FOLDER.toString()).output());
  }

  String uri() {
    return uri;
  }

  /** Libvirt's folder for its drivers' pid files. */
  Path runFolder() {
    return FOLDER.resolve("run/libvirt");
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

  /** The words that run {@code command} where the network interfaces of the VMs are. */
  List<String> where(String... command) {
    List<String> words = new ArrayList<>(List.of(SCRIPT, "enter", FOLDER.toString()));
    words.addAll(List.of(command));
    return words;
  }

  @Override
  public void close() {
    down();
  }

  private static void down() {
    Command.run(SCRIPT, "down", FOLDER.toString()).output();
  }
}
