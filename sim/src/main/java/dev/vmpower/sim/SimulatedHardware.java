package dev.vmpower.sim;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * What a kernel and its CPUs do with the files of a {@link SimulatedHost}: the speed now follows
 * {@code scaling_setspeed} under the governor {@code userspace}.
 *
 * <p>Under the kernel's own governor it is full speed: a DPDK application polls, so its CPU looks
 * busy at all hours. That is what vmpower is for.
 */
final class SimulatedHardware implements AutoCloseable {
  private static final int LOOK_EVERY_MS = 20;
  private static final int TIMEOUT_MS = 2_000;

  private final SimulatedHost host;
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().name("hardware").daemon().factory());

  SimulatedHardware(SimulatedHost host) {
    this.host = host;
  }

  void start() {
    var unused =
        thread.scheduleWithFixedDelay(
            this::follow, LOOK_EVERY_MS, LOOK_EVERY_MS, TimeUnit.MILLISECONDS);
  }

  private void follow() {
    try {
      for (Path policy : host.policies()) {
        follow(policy);
      }
    } catch (IOException gone) {
      throw new UncheckedIOException(gone);
    }
  }

  private static void follow(Path policy) throws IOException {
    Path current = policy.resolve("scaling_cur_freq");
    int beforeKhz = Integer.parseInt(firstLine(current));
    int khz = SimulatedHost.MAX_KHZ;
    if (firstLine(policy.resolve("scaling_governor")).equals("userspace")) {
      String asked = firstLine(policy.resolve("scaling_setspeed"));
      khz = asked.matches("[0-9]{1,9}") ? clip(policy, Integer.parseInt(asked)) : beforeKhz;
    }
    if (khz != beforeKhz) {
      overwrite(current, Integer.toString(khz));
    }
  }

  private static int clip(Path policy, int askedKhz) throws IOException {
    int minKhz = Integer.parseInt(firstLine(policy.resolve("scaling_min_freq")));
    int maxKhz = Integer.parseInt(firstLine(policy.resolve("scaling_max_freq")));
    return SimulatedHost.levelKhz(Math.clamp(askedKhz, minKhz, maxKhz));
  }

  private static String firstLine(Path file) throws IOException {
    String text = Files.readString(file, StandardCharsets.US_ASCII);
    int newline = text.indexOf('\n');
    return newline < 0 ? text : text.substring(0, newline);
  }

  // In one piece and without emptying it first: whoever reads sees the old or the new number. The
  // hardware may write what is read-only for others.
  private static void overwrite(Path file, String text) throws IOException {
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    try (FileChannel out = FileChannel.open(file, StandardOpenOption.WRITE)) {
      out.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)), 0);
    }
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--r--r--"));
  }

  /** Looks once more, and stops. */
  @Override
  public void close() {
    thread.shutdown();
    try {
      if (thread.awaitTermination(TIMEOUT_MS, TimeUnit.MILLISECONDS)) {
        follow();
      }
    } catch (InterruptedException stopWaiting) {
      Thread.currentThread().interrupt();
    }
  }
}
