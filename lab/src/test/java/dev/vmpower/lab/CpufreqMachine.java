package dev.vmpower.lab;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A machine of four CPUs with the kernel's real acpi-cpufreq, in which any program of this machine
 * runs. See {@code lab/cpufreq/machine}.
 */
final class CpufreqMachine implements AutoCloseable {
  /** The frequency of each P-state, by its index in the P-state log. */
  static final List<String> P_STATES =
      List.of("2601000", "2600000", "2300000", "2000000", "1700000", "1400000", "1200000");

  static final int CPUS = 4;

  /** The emulator crashes or hangs at about one boot in fifty. */
  private static final int BOOTS_MAX = 3;

  private static final Duration BOOT = Duration.ofSeconds(60);
  private static final Duration COMMAND = Duration.ofMinutes(2);

  private final Path folder;
  private final Process process;
  private final @Nullable LineChannel control;
  private final AtomicInteger commands = new AtomicInteger();

  private CpufreqMachine(Path folder, Process process, @Nullable LineChannel control) {
    this.folder = folder;
    this.process = process;
    this.control = control;
  }

  /** Boots a machine with {@code shared} neighbours on one clock. */
  static CpufreqMachine boot(int shared) {
    return boot(CPUS, shared);
  }

  /** Boots a machine with as many CPUs, and {@code shared} neighbours on one clock. */
  static CpufreqMachine boot(int cpus, int shared) {
    for (int boots = 1; boots <= BOOTS_MAX; boots++) {
      CpufreqMachine machine = start(Checkout.emptyFolder("cpufreq"), cpus, shared);
      if (machine.control != null && "up".equals(machine.control.take(BOOT))) {
        return machine;
      }
      machine.close();
    }
    throw new IllegalStateException("no boot; see " + Checkout.build().resolve("cpufreq"));
  }

  private static CpufreqMachine start(Path folder, int cpus, int shared) {
    try {
      Process process =
          new ProcessBuilder(
                  Checkout.lab().resolve("cpufreq/machine").toString(),
                  folder.toString(),
                  Integer.toString(cpus),
                  Integer.toString(shared))
              .redirectErrorStream(true)
              .redirectOutput(folder.resolve("qemu.log").toFile())
              .start();
      Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
      Path socket = folder.resolve("control");
      await()
          .atMost(BOOT)
          .pollInterval(Duration.ofMillis(20))
          .until(() -> Files.exists(socket) || !process.isAlive());
      return new CpufreqMachine(folder, process, LineChannel.connect(socket));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Runs a bash script as root and returns what it said.
   *
   * @throws IllegalStateException if it fails
   */
  String run(String script) {
    LineChannel channel = Objects.requireNonNull(control);
    String number = Integer.toString(commands.incrementAndGet());
    channel.send(
        number + " " + Base64.getEncoder().encodeToString(script.getBytes(StandardCharsets.UTF_8)));
    String[] answer;
    do {
      String line = channel.take(COMMAND);
      if (line == null) {
        throw new IllegalStateException("no end within " + COMMAND + ": " + script);
      }
      answer = line.split(" ", -1);
    } while (!answer[0].equals(number)); // of a command that nobody waited for to its end
    String output =
        new String(Base64.getDecoder().decode(answer[2]), StandardCharsets.UTF_8).strip();
    if (!"0".equals(answer[1])) {
      throw new IllegalStateException(script + ": status " + answer[1] + ": " + output);
    }
    return output;
  }

  /** A file of the frequency domain of {@code cpu}. */
  String read(int cpu, String file) {
    return run("cat /sys/devices/system/cpu/cpu" + cpu + "/cpufreq/" + file);
  }

  /** How many P-state commands have reached the hardware so far. */
  int pStateCommands() {
    return pStateLog().length;
  }

  /** The kHz of the P-state commands to {@code cpu} since there were {@code since} in all. */
  List<String> pStates(int cpu, int since) {
    byte[] log = pStateLog();
    List<String> khz = new ArrayList<>();
    for (int i = since; i < log.length; i++) {
      if ((log[i] & 0xff) >> 4 == cpu) {
        khz.add(P_STATES.get(log[i] & 0xf));
      }
    }
    return khz;
  }

  private byte[] pStateLog() {
    try {
      return Files.readAllBytes(folder.resolve("pstates"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    if (control != null) {
      control.close();
    }
    process.destroyForcibly();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        throw new IllegalStateException("QEMU does not end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
