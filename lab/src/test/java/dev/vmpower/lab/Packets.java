package dev.vmpower.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;

/** A steady stream of packets to a VM, from the host's end of its tap: {@code packets.c}. */
final class Packets {
  private Packets() {}

  /** Sends {@code perSecond} packets a second for as long as {@code check} runs. */
  static void whileSending(LabLibvirt libvirt, LabGuest guest, int perSecond, Runnable check) {
    Process sender = start(libvirt, guest.nic(), perSecond);
    Thread hook = new Thread(sender::destroyForcibly);
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      check.run();
      assertThat(sender.isAlive()).as("the sender runs").isTrue();
    } finally {
      sender.destroyForcibly();
      Runtime.getRuntime().removeShutdownHook(hook);
    }
  }

  private static Process start(LabLibvirt libvirt, LabGuest.Nic nic, int perSecond) {
    String program = Checkout.build().resolve("packets").toString();
    try {
      return new ProcessBuilder(
              libvirt.where(program, nic.tap(), nic.mac(), Integer.toString(perSecond)))
          .inheritIO()
          .start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
