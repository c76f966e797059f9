package dev.vmpower.machine.socket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who is at the other end of a real socket, and which process that is. */
@Timeout(60)
class PeerTest {
  private static final int OWN_PID = (int) ProcessHandle.current().pid();

  @TempDir Path directory;

  @Test
  void bothEndsOfASocketAreThisProcess() throws IOException {
    var address = UnixDomainSocketAddress.of(directory.resolve("socket"));
    try (var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(address);
        var client = SocketChannel.open(address);
        var accepted = server.accept()) {
      var self =
          new PeerCredentials(
              OWN_PID,
              (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid"),
              (int) Files.getAttribute(Path.of("/proc/self"), "unix:gid"));

      assertThat(PeerCredentials.of(client)).isEqualTo(self);
      assertThat(PeerCredentials.of(accepted)).isEqualTo(self);
      assertThat(PeerCredentials.groupsOf(accepted)).containsExactlyInAnyOrder(ownGroups());
    }
  }

  private static int[] ownGroups() throws IOException {
    String line =
        Files.readAllLines(Path.of("/proc/self/status")).stream()
            .filter(each -> each.startsWith("Groups:"))
            .findFirst()
            .orElseThrow();
    return Arrays.stream(line.substring("Groups:".length()).strip().split(" "))
        .filter(group -> !group.isEmpty())
        .mapToInt(Integer::parseInt)
        .toArray();
  }

  @Test
  void theListeningProcessIsNamedAlsoWhenItIsAnother() throws Exception {
    Path socket = directory.resolve("socket");
    Process other = java("-version"); // ends at once: its pid is nobody's now
    other.waitFor();
    assertThatThrownBy(() -> PeerProcess.of((int) other.pid())).isInstanceOf(IOException.class);

    Process listener = java(Listener.class.getName(), socket.toString());
    try {
      assertThat(listener.inputReader().readLine()).isEqualTo("listening");
      try (var client = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
        assertThat(PeerCredentials.of(client).pid()).isEqualTo((int) listener.pid());
      }
    } finally {
      listener.destroyForcibly().waitFor();
    }
  }

  @Test
  void aSocketWithoutAnotherEndIsRefused() throws IOException {
    try (var unconnected = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      assertThatThrownBy(() -> PeerCredentials.of(unconnected)).hasMessageContaining("not conn");
    }
    var address = UnixDomainSocketAddress.of(directory.resolve("socket"));
    try (var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(address)) {
      assertThat(server.isOpen()).isTrue();
      SocketChannel closed = SocketChannel.open(address);
      closed.close();
      assertThatThrownBy(() -> PeerCredentials.of(closed)).isInstanceOf(IOException.class);
    }
  }

  @Test
  void thisProcessIsTheSameWheneverItIsLookedAt() throws IOException {
    PeerProcess self = PeerProcess.of(OWN_PID);

    assertThat(self.pid()).isEqualTo(OWN_PID);
    assertThat(self.startTicks()).isPositive();
    assertThat(PeerProcess.of(OWN_PID)).isEqualTo(self);
    assertThat(self.commandLine().get(0)).endsWith("java");
    assertThat(self.commandLine()).doesNotContain("");
    assertThat(self.isQemuOf("vm0")).isFalse();
  }

  /** The name in brackets of /proc/PID/stat is the program's own, and may look like fields. */
  @Test
  void aNameWithBlanksAndBracketsIsNoField() throws Exception {
    Path odd = directory.resolve("a) R 1 (b");
    Files.copy(Path.of("/bin/sleep").toRealPath(), odd);
    Process process = start(List.of(odd.toString(), "600"));
    try {
      int pid = (int) process.pid();
      await().until(() -> Files.readString(Path.of("/proc/" + pid + "/comm")).startsWith("a) R"));
      String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
      assertThat(stat).contains("(a) R 1 (b)");

      PeerProcess peer = PeerProcess.of(pid);

      assertThat(peer.startTicks()).isGreaterThanOrEqualTo(PeerProcess.of(OWN_PID).startTicks());
      assertThat(stat.substring(stat.lastIndexOf(')'))).contains(" " + peer.startTicks() + " ");
      assertThat(peer.commandLine()).containsExactly(odd.toString(), "600");
    } finally {
      process.destroyForcibly().waitFor();
    }
  }

  @Test
  void aQemuIsKnownByItsNameAndItsStart() throws Exception {
    // A shell takes the rest as its own arguments and keeps them in its command line.
    Process process =
        start(
            List.of(
                "/bin/sh", "-c", "read line", "qemu", "-name", "guest=a,,b,debug-threads=on", ""));
    try {
      PeerProcess peer = PeerProcess.of((int) process.pid());
      await().until(() -> peer.commandLine().contains("qemu"));

      assertThat(peer.isQemuOf("a,b")).isTrue();
      assertThat(peer.isQemuOf("a")).isFalse();
      assertThat(peer.commandLine()).endsWith("guest=a,,b,debug-threads=on", "");
      var earlier = new PeerProcess(peer.pid(), peer.startTicks() - 1);
      assertThat(earlier.isQemuOf("a,b")).as("another run with that pid").isFalse();
    } finally {
      process.destroyForcibly().waitFor();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "none",
      value = {
        "guest=vm0,debug-threads=on  | vm0",
        "guest=vm0                   | vm0",
        "debug-threads=on,guest=vm0  | vm0",
        "vm0,debug-threads=on        | vm0",
        "vm0                         | vm0",
        "guest=a,,b,debug-threads=on | a,b",
        "guest=a,,,,b                | a,,b",
        "guest=a,,                   | a,",
        "guest=a,,guest=b            | a,guest=b",
        "guest=a=b,process=x         | a=b",
        "guest=a b                   | a b",
        "guest=                      | ''",
        "''                          | ''",
        "debug-threads=on            | none",
        "process=x,debug-threads=on  | none",
      })
  void theNameIsReadAsQemuReadsIt(String option, String name) {
    assertThat(PeerProcess.guestName(option)).isEqualTo(name);
    assertThat(PeerProcess.qemuName(List.of("qemu", "-name", option, "-S"))).isEqualTo(name);
  }

  @Test
  void withoutTheOptionThereIsNoName() {
    assertThat(PeerProcess.qemuName(List.of())).isNull();
    assertThat(PeerProcess.qemuName(List.of("qemu", "guest=vm0"))).isNull();
    assertThat(PeerProcess.qemuName(List.of("qemu", "-name"))).isNull();
  }

  private static Process start(List<String> command) throws IOException {
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
  }

  private static Process java(String... arguments) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xshare:auto",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path")));
    command.addAll(List.of(arguments));
    return start(command);
  }

  /** Listens on a socket until it is ended. */
  static final class Listener {
    private Listener() {}

    public static void main(String[] arguments) throws IOException {
      var address = UnixDomainSocketAddress.of(arguments[0]);
      try (var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(address)) {
        System.out.println("listening");
        server.accept().read(ByteBuffer.allocate(1));
        server.accept();
      }
    }
  }
}
