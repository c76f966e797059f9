package dev.vmpower.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.vmpower.host.Daemon;
import dev.vmpower.host.RunningDaemon;
import dev.vmpower.host.config.ConfigFile;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A real daemon on a plain directory: six pCPUs of which number 3 is offline and 5 reserved, and
 * two VMs without libvirt, of which the first has two channels and has asked once.
 */
final class ScratchHost implements AutoCloseable {
  private static final String LADDER = "2601000 2600000 2300000 2000000 1700000 1400000 1200000 ";
  private static final long WAIT_S = 30;
  private static final int CPUS = 6;
  private static final int OFFLINE = 3;

  private static final int PACKET_BYTES = 464;
  private static final int UNIT_AT = 8;
  private static final int COMMAND_AT = 12;
  private static final int CPU_POWER = 1;
  private static final int SCALE_MIN = 4;

  private final Path directory;
  private final List<ServerSocketChannel> listeners = new ArrayList<>();
  private final List<SocketChannel> guests = new ArrayList<>();
  private final AutoCloseable daemon;

  /**
   * Starts one below {@code directory}.
   *
   * @param alone in a process of its own, which is what can be handed over; else in this one
   */
  ScratchHost(Path directory, boolean alone) throws Exception {
    this.directory = directory;
    for (int cpu = 0; cpu < CPUS; cpu++) {
      addCpu(cpu);
    }
    write("cpu/online", "0-2,4-5");
    write("cpu/present", "0-5");
    write("vmpower.toml", config());
    Files.createDirectories(directory.resolve("channels"));
    listen("channels/vm0.0");
    listen("channels/vm0.1");
    listen("other.sock");
    Path file = directory.resolve("vmpower.toml");
    daemon = alone ? process(file) : RunningDaemon.start(file, ConfigFile.read(file));
    guests.add(listeners.get(0).accept());
    guests.add(listeners.get(1).accept());
    await().until(() -> status().number("channels") == 2);
    ask(guests.getFirst());
  }

  Path socket() {
    return directory.resolve("control.sock");
  }

  private Row status() throws FailureException {
    ControlClient client = new ControlClient(socket());
    return Row.of(Json.read(client.ask("/v1/status", null).body()));
  }

  private AutoCloseable process(Path file) throws IOException {
    Path log = directory.resolve("log");
    Process process =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElseThrow(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "--add-exports=java.base/sun.nio.ch=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Daemon.class.getName(),
                "--config",
                file.toString())
            .redirectError(log.toFile())
            .start();
    await()
        .atMost(WAIT_S, TimeUnit.SECONDS)
        .until(() -> Files.readString(log).contains("ready") || !process.isAlive());
    assertThat(process.isAlive()).as(Files.readString(log)).isTrue();
    return () -> {
      process.destroy();
      // After a handover there is another one that gives back, for a second.
      await().atMost(WAIT_S, TimeUnit.SECONDS).until(() -> !isAnyAlive());
    };
  }

  private boolean isAnyAlive() {
    return ProcessHandle.allProcesses()
        .anyMatch(
            process ->
                process.info().commandLine().orElse("").contains(directory + "/vmpower.toml"));
  }

  private void addCpu(int cpu) throws IOException {
    String policy = "cpu/cpufreq/policy" + cpu + "/";
    write(policy + "affected_cpus", cpu == OFFLINE ? "" : "" + cpu);
    write(policy + "related_cpus", "" + cpu);
    write(policy + "cpuinfo_min_freq", "1200000");
    write(policy + "cpuinfo_max_freq", "2601000");
    write(policy + "scaling_available_frequencies", LADDER);
    write(policy + "scaling_available_governors", "userspace performance schedutil ");
    write(policy + "scaling_cur_freq", "2600000");
    write(policy + "scaling_driver", "acpi-cpufreq");
    write(policy + "scaling_governor", "schedutil");
    write(policy + "scaling_min_freq", "1200000");
    write(policy + "scaling_max_freq", "2601000");
    write(policy + "scaling_setspeed", "<unsupported>");
    if (cpu == OFFLINE) {
      Files.delete(directory.resolve(policy + "scaling_cur_freq"));
    }
    String own = "cpu/cpu" + cpu + "/";
    write(own + "topology/core_id", "" + cpu);
    write(own + "topology/physical_package_id", "0");
    write(own + "topology/thread_siblings_list", "" + cpu);
    if (cpu > 0) {
      write(own + "online", cpu == OFFLINE ? "0" : "1");
    }
    Files.createSymbolicLink(
        directory.resolve(own + "cpufreq"), Path.of("../cpufreq/policy" + cpu));
  }

  private String config() {
    return """
        [cpu]
        root = "%1$s/cpu"
        reserved = "5"
        [state]
        dir = "%1$s/run"
        lib = "%1$s/lib"
        [control]
        socket = "%1$s/control.sock"
        [libvirt]
        uri = ""
        [[vm]]
        name = "vm0"
        channels = "%1$s/channels"
        vcpus = ["0", "1-2"]
        [[vm]]
        name = "vm1"
        channels = "%1$s/channels"
        vcpus = ["2", "5"]
        max_khz = 2000000
        turbo = false"""
        .formatted(directory);
  }

  private void write(String file, String text) throws IOException {
    Path path = directory.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text + "\n");
  }

  private void listen(String socket) throws IOException {
    ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    listeners.add(listener.bind(UnixDomainSocketAddress.of(directory.resolve(socket))));
  }

  /** Asks for the minimum of vCPU 0 and waits for the answer. */
  private static void ask(SocketChannel guest) throws IOException {
    ByteBuffer packet = ByteBuffer.allocate(PACKET_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    packet.putInt(UNIT_AT, SCALE_MIN).putInt(COMMAND_AT, CPU_POWER);
    while (packet.hasRemaining()) {
      guest.write(packet);
    }
    packet.clear();
    while (packet.hasRemaining() && guest.read(packet) >= 0) {
      // Until the reply is whole.
    }
    assertThat(packet.getInt(COMMAND_AT)).as("ACK").isEqualTo(1);
  }

  @Override
  public void close() throws Exception {
    daemon.close();
    for (SocketChannel guest : guests) {
      guest.close();
    }
    for (ServerSocketChannel listener : listeners) {
      listener.close();
    }
  }
}
