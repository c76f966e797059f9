package dev.vmpower.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A host of plain files with two pCPUs and one static VM, and real daemon processes on it. */
final class ScratchHost implements AutoCloseable {
  static final long WAIT_S = 30;

  private final Path directory;
  private final List<Process> started = new ArrayList<>();

  ScratchHost(Path directory) throws IOException {
    this.directory = directory;
    Files.createDirectories(directory.resolve("channels"));
    for (int cpu = 0; cpu < 2; cpu++) {
      Path policy = Files.createDirectories(policy(cpu));
      Files.createDirectories(directory.resolve("cpu/cpu" + cpu));
      Files.writeString(policy.resolve("related_cpus"), cpu + "\n");
      Files.writeString(policy.resolve("scaling_driver"), "acpi-cpufreq\n");
      Files.writeString(policy.resolve("scaling_governor"), "ondemand\n");
      Files.writeString(policy.resolve("scaling_setspeed"), "<unsupported>\n");
      Files.writeString(policy.resolve("scaling_available_frequencies"), Rig.TABLE + " \n");
      Files.writeString(policy.resolve("scaling_min_freq"), "1200000\n");
      Files.writeString(policy.resolve("scaling_max_freq"), "2601000\n");
    }
    Files.writeString(directory.resolve("cpu/online"), "0-1\n");
    writeConfig("0");
  }

  /** Writes the configuration, with the VM's only vCPU pinned to {@code pinning}. */
  void writeConfig(String pinning) throws IOException {
    Files.writeString(
        config(),
        """
        [cpu]
        root = "%1$s/cpu"
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
        vcpus = ["%2$s"]
        """
            .formatted(directory, pinning));
  }

  Path config() {
    return directory.resolve("vmpower.toml");
  }

  Path policy(int number) {
    return directory.resolve("cpu/cpufreq/policy" + number);
  }

  /** The VM's guest, listening. */
  FakeGuest guest() throws IOException {
    return FakeGuest.listen(directory.resolve("channels/vm0.0"));
  }

  void isAsFound() {
    for (int cpu = 0; cpu < 2; cpu++) {
      assertThat(policy(cpu).resolve("scaling_governor")).hasContent("ondemand\n");
      assertThat(policy(cpu).resolve("scaling_setspeed")).hasContent("<unsupported>\n");
    }
  }

  /** Starts {@code vmpowerd VERB... --config FILE}. */
  Process start(String... verb) throws IOException {
    return start(Map.of(), Daemon.class, List.of(), verb);
  }

  /** Starts a daemon by another main class, or in another environment. */
  Process start(Map<String, String> environment, Class<?> main, List<String> flags, String... verb)
      throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                ProcessHandle.current().info().command().orElseThrow(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "--add-exports=java.base/sun.nio.ch=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path")));
    command.addAll(flags);
    command.add(main.getName());
    command.addAll(List.of(verb));
    command.addAll(List.of("--config", config().toString()));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(environment);
    Process process = builder.start();
    started.add(process);
    return process;
  }

  /** Posts to the control socket and returns the answer with its head. */
  String post(String path, String body) throws IOException {
    return post(directory.resolve("control.sock"), path, body);
  }

  /** Posts to a control socket and returns the answer with its head. */
  static String post(Path controlSocket, String path, String body) throws IOException {
    String request =
        "POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
            .formatted(path, body.length(), body);
    try (SocketChannel socket = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      socket.connect(UnixDomainSocketAddress.of(controlSocket));
      ByteBuffer bytes = StandardCharsets.UTF_8.encode(request);
      while (bytes.hasRemaining()) {
        socket.write(bytes);
      }
      ByteArrayOutputStream answer = new ByteArrayOutputStream();
      ByteBuffer piece = ByteBuffer.allocate(4096);
      while (socket.read(piece) >= 0) {
        answer.write(piece.array(), 0, piece.position());
        piece.clear();
      }
      return answer.toString(StandardCharsets.UTF_8);
    }
  }

  static List<String> awaitReady(Process daemon) throws IOException {
    return awaitLine(reader(daemon), "ready");
  }

  static List<String> awaitLine(BufferedReader log, String word) throws IOException {
    List<String> lines = new ArrayList<>();
    for (String line = log.readLine(); line != null; line = log.readLine()) {
      lines.add(line);
      if (line.contains(word)) {
        return lines;
      }
    }
    throw new AssertionError("the daemon ended without '" + word + "': " + lines);
  }

  static List<String> lines(Process process) throws IOException {
    return reader(process).readAllLines();
  }

  static BufferedReader reader(Process process) {
    return new BufferedReader(
        new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8));
  }

  static void kill(Process process) {
    process.destroyForcibly();
    process.onExit().join();
  }

  @Override
  public void close() {
    started.forEach(ScratchHost::kill);
  }
}
