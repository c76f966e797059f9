package dev.vmpower.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;

/** A daemon that may open nothing more, for a while and then at its end. */
@Tag("lab")
class DescriptorsTest {
  private static final Duration LOOKED_AT = Duration.ofSeconds(3);
  private static final long PAUSE_NS = 20_000_000;
  private static final int LINES_MAX = 20;
  private static final Duration SOON = Duration.ofSeconds(30);

  private Path folder;
  private Path sockets;
  private PlainCpuTree tree;
  private SortedMap<String, String> found;
  private int port;
  private @Nullable LabDaemon started;

  @BeforeEach
  void prepare(TestInfo test) throws IOException {
    folder = LabHost.folder(test);
    sockets = Files.createTempDirectory("vmpower-fds"); // paths of sockets are short
    tree = PlainCpuTree.create(folder.resolve("cpu"));
    found = tree.asFound();
  }

  /** Starts it; {@code page} is a line of its configuration. */
  private void start(String page) throws IOException {
    Path config = folder.resolve("vmpower.toml");
    Files.writeString(
        config,
        """
        [cpu]
        root = "%1$s/cpu"
        [state]
        dir = "%1$s/state"
        lib = "%1$s/lib"
        [control]
        socket = "%2$s/control.sock"
        %3$s
        [libvirt]
        uri = ""
        [[vm]]
        name = "a"
        channels = "%2$s"
        vcpus = ["0", "1"]
        [[vm]]
        name = "b"
        channels = "%2$s"
        vcpus = ["2"]
        """
            .formatted(folder, sockets, page));
    started = LabDaemon.start(config, folder.resolve("daemon.log"));
  }

  private void startAndAwaitControl() throws IOException {
    port = freePort();
    start("http = \"127.0.0.1:" + port + "\"");
    await().atMost(SOON).ignoreExceptions().until(this::isControlled);
    LockSupport.parkNanos(Duration.ofSeconds(2).toNanos()); // what the start needed is closed then
  }

  /** Whether the control socket answers, as it does some time after the daemon is ready. */
  private boolean isControlled() throws IOException {
    try (SocketChannel asking = operator()) {
      asking.write(
          StandardCharsets.US_ASCII.encode(
              "GET /v1/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
      return asking.read(ByteBuffer.allocate(16)) > 0;
    }
  }

  private SocketChannel operator() throws IOException {
    return SocketChannel.open(UnixDomainSocketAddress.of(sockets.resolve("control.sock")));
  }

  private static int freePort() throws IOException {
    try (ServerSocket any = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return any.getLocalPort();
    }
  }

  /** A browser, which is answered or waits. */
  private Socket browser() throws IOException {
    Socket browser = new Socket(InetAddress.getLoopbackAddress(), port);
    browser
        .getOutputStream()
        .write(
            ("GET / HTTP/1.1\r\nHost: 127.0.0.1:" + port + "\r\nConnection: close\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII));
    return browser;
  }

  private LabDaemon daemon() {
    return Objects.requireNonNull(started);
  }

  @AfterEach
  void stop() {
    daemon().close();
  }

  @Test
  void whoIsConnectedIsAnsweredAndWhoComesIsServedOnceThereAreSome() throws Exception {
    startAndAwaitControl();
    try (SocketGuest a = new SocketGuest(sockets.resolve("a.0"))) {
      a.accept();
      assertThat(a.ask(0, SocketGuest.MIN)).isTrue();

      int lines = daemon().log().size();
      setLimit(firstFree());
      try (SocketGuest b = new SocketGuest(sockets.resolve("b.0"));
          SocketChannel operator = operator();
          Socket browser = browser()) {
        CompletableFuture<Void> taken = CompletableFuture.runAsync(b::accept);
        double cpuS = cpuSeconds();
        long beganNs = System.nanoTime();
        while (System.nanoTime() - beganNs < LOOKED_AT.toNanos()) {
          assertThat(a.ask(0, SocketGuest.MAX)).isTrue();
          assertThat(tree.speed(0)).isEqualTo(PlainCpuTree.TURBO);
          assertThat(a.ask(0, SocketGuest.MIN)).isTrue();
          assertThat(tree.speed(0)).isEqualTo(PlainCpuTree.MIN);
          LockSupport.parkNanos(PAUSE_NS);
        }
        assertThat(taken).as("nobody new").isNotDone();
        assertThat(a.ask(1, SocketGuest.MIN)).as("a pCPU that is not managed yet").isFalse();
        assertThat(tree.speed(1)).isEqualTo(PlainCpuTree.GOVERNOR);
        assertThat(cpuSeconds() - cpuS).as("it does not spin").isLessThan(1);
        List<String> log = daemon().log();
        assertThat(log.subList(lines, log.size()))
            .hasSizeLessThan(LINES_MAX)
            .anySatisfy(line -> assertThat(line).contains("nobody can be taken in: Too many"))
            .anySatisfy(line -> assertThat(line).contains("the page takes nobody in: Too many"));

        setLimit(1024);
        taken.get(SOON.toSeconds(), TimeUnit.SECONDS);
        assertThat(b.ask(0, SocketGuest.MIN)).isTrue();
        await().atMost(SOON).until(() -> a.ask(1, SocketGuest.MIN));
        assertThat(operator.isConnected()).as("it waited meanwhile").isTrue();
        await().atMost(SOON).ignoreExceptions().until(this::isControlled);
        byte[] page = browser.getInputStream().readAllBytes();
        assertThat(new String(page, StandardCharsets.UTF_8)).startsWith("HTTP/1.1 200");
      }
    }
  }

  /** The control socket is there when it is ready; what reads from it may not be yet. */
  @Test
  void whereTheyRunOutAsSoonAsItIsReadyOperatorsAreServedOnceThereAreSome() throws Exception {
    start("");
    setLimit(firstFree());
    try (SocketChannel operator = operator()) {
      LockSupport.parkNanos(LOOKED_AT.toNanos());
      assertThat(operator.isConnected()).isTrue();
      assertThat(daemon().log()).hasSizeLessThan(LINES_MAX);

      setLimit(1024);
      await().atMost(SOON).ignoreExceptions().until(this::isControlled);
    }
    daemon().terminate();
  }

  @Test
  void withoutAnyItStillGivesEverythingBackAtItsEnd() throws Exception {
    startAndAwaitControl();
    try (SocketGuest a = new SocketGuest(sockets.resolve("a.0"))) {
      a.accept();
      assertThat(a.ask(0, SocketGuest.MIN)).isTrue();
      assertThat(a.ask(1, SocketGuest.MAX)).isTrue();
      setLimit(firstFree());
      daemon().terminate();
      assertThat(tree.asFound()).isEqualTo(found);
      assertThat(folder.resolve("state/originals")).doesNotExist();
    }
  }

  /** The lowest number that a file would get: with that for a limit none can be opened. */
  private int firstFree() {
    int number = 0;
    while (Files.exists(Path.of("/proc/" + daemon().pid() + "/fd/" + number))) {
      number++;
    }
    return number;
  }

  private void setLimit(int files) throws Exception {
    Process prlimit =
        new ProcessBuilder("prlimit", "--pid", "" + daemon().pid(), "--nofile=" + files + ":")
            .inheritIO()
            .start();
    assertThat(prlimit.waitFor()).isZero();
  }

  /** CPU time of all threads but the JVM's compilers, which are busy after a start; in seconds. */
  private double cpuSeconds() throws IOException {
    long ns = 0;
    try (DirectoryStream<Path> threads =
        Files.newDirectoryStream(Path.of("/proc/" + daemon().pid() + "/task"))) {
      for (Path thread : threads) {
        if (!Files.readString(thread.resolve("comm")).matches("C[12] Compiler.*\n")) {
          ns += Long.parseLong(Files.readString(thread.resolve("schedstat")).split(" ")[0]);
        }
      }
    }
    return ns / 1e9;
  }
}
