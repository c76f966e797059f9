package dev.vmpower.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;

/** A VM without DPDK: a shell that obeys the host, a Java runtime, and vmpower-guest. */
final class JavaGuest implements AutoCloseable {
  private static final int MIB = 640;

  /** A Java program takes seconds to start under emulation, and the emulator may be held up. */
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private static final Duration BUILD = Duration.ofMinutes(3);

  private final LabGuest guest;

  private JavaGuest(LabGuest guest) {
    this.guest = guest;
  }

  /** What a command came to. */
  record Done(int status, String output) {}

  static JavaGuest boot(LabLibvirt libvirt, String name, String... pins) {
    return new JavaGuest(LabGuest.boot(libvirt, name, image(), MIB, pins));
  }

  private static Path image() {
    Path image = Checkout.build().resolve("java.initrd");
    try {
      Command.run(
              BUILD,
              List.of(
                  Checkout.lab().resolve("vm/make-java-initrd").toString(),
                  Checkout.build().resolve("kernel").toString(),
                  System.getProperty("java.home"),
                  Checkout.top().resolve("target/build").toRealPath().toString(),
                  image.toString()))
          .output();
      return image;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Runs a line of shell, which leaves nothing behind that still writes. */
  Done run(String line) {
    Reply reply = guest.step(line, PATIENCE);
    byte[] output = Base64.getDecoder().decode(reply.text("output"));
    return new Done(reply.number("status"), new String(output, StandardCharsets.UTF_8));
  }

  /** Starts a command and leaves it running; its output goes to {@code /tmp/NAME}. */
  void start(String name, String command) {
    run("(exec " + command + ") >/tmp/" + name + " 2>&1 & echo $! >/tmp/" + name + ".pid");
  }

  /** What such a command has said so far. */
  String said(String name) {
    return run("cat /tmp/" + name).output();
  }

  /** Signals such a command, and says whether it ended within some seconds. */
  boolean end(String name, String signal) {
    return run("pid=$(cat /tmp/"
                + name
                + ".pid); kill -"
                + signal
                + " $pid; for i in $(seq 500); do"
                + " [ -e /proc/$pid ] || exit 0; usleep 20000; done; exit 1")
            .status()
        == 0;
  }

  @Override
  public void close() {
    guest.close();
  }
}
