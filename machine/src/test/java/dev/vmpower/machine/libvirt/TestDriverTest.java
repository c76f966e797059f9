package dev.vmpower.machine.libvirt;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.libvirt.DomainInfo.State;
import dev.vmpower.machine.libvirt.DomainInfo.VcpuInfo;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The real library against libvirt's own test driver, which needs no daemon: it has one running
 * domain "test" with two vCPUs, and eight pCPUs. Its state belongs to this process's connections,
 * and ends with the last of them.
 */
@Tag("lab")
@Timeout(60)
class TestDriverTest {
  private static final String TEST = "test:///default";

  private static final long SHORT_NS = 200_000_000L;

  private final RecordingListener told = new RecordingListener();

  @Test
  void itConnectsAndListsTheDomain() {
    try (LibvirtWatch watch = watch(TEST)) {
      DomainInfo domain = told.last();

      assertThat(domain.name()).isEqualTo("test");
      assertThat(domain.id()).isEqualTo(1);
      assertThat(domain.state()).isEqualTo(State.RUNNING);
      assertThat(domain.vcpus())
          .containsExactly(
              new VcpuInfo(0, CpuSet.parse("0-7")), new VcpuInfo(1, CpuSet.parse("0-7")));
      assertThat(watch.connection()).isNotNull();
    }
  }

  @Test
  void severalWatchesOneAfterAnotherAndAtOnce() {
    for (int i = 0; i < 3; i++) {
      try (LibvirtWatch first = watch(TEST);
          LibvirtWatch second = watch(TEST)) {
        drive(first, "virDomainSuspend");
        awaitCall(" PAUSED 0-7");
        drive(second, "virDomainResume");
        awaitCall(" RUNNING 0-7");
      }
    }
    assertThat(Thread.getAllStackTraces().keySet().stream().map(Thread::getName))
        .contains("libvirt-events")
        .doesNotContain("libvirt");
  }

  @Test
  void aPinIsSeenByTheTimeItReturns() throws LibvirtException {
    try (LibvirtWatch watch = watch(TEST)) {
      watch.pin("test", 1, CpuSet.parse("2,4-5"));

      assertThat(told.last().vcpus())
          .containsExactly(
              new VcpuInfo(0, CpuSet.parse("0-7")), new VcpuInfo(1, CpuSet.parse("2,4-5")));
    }
  }

  @Test
  void aRefusedPinIsOneLine() {
    try (LibvirtWatch watch = watch(TEST)) {
      assertThatThrownBy(() -> watch.pin("nosuch", 0, CpuSet.of(0)))
          .isInstanceOf(LibvirtException.class)
          .hasMessageContaining("not found");
      assertThatThrownBy(() -> watch.pin("test", 7, CpuSet.of(0)))
          .isInstanceOf(LibvirtException.class)
          .hasMessageContaining("'7'");
      assertThatThrownBy(() -> watch.pin("test", 0, CpuSet.of(8)))
          .isInstanceOf(LibvirtException.class)
          .hasMessage("CPU 8 is not on this host of 8");
      assertThatThrownBy(() -> watch.pin("test", 0, CpuSet.of()))
          .isInstanceOf(LibvirtException.class);
    }
  }

  @Test
  void theLifeOfADomain() {
    try (LibvirtWatch watch = watch(TEST)) {
      drive(watch, "virDomainSuspend");
      awaitCall(" PAUSED 0-7");
      drive(watch, "virDomainResume");
      awaitCall(" RUNNING 0-7");
      drive(watch, "virDomainDestroy");
      awaitCall(" SHUT_OFF 0-7");
      assertThat(told.last().id()).isEqualTo(-1);
      drive(watch, "virDomainUndefine");
      awaitCall("gone " + told.last().uuid());
    }
  }

  @Test
  void aTransientDomainIsGoneWhenItStops() {
    try (LibvirtWatch watch = watch(TEST)) {
      drive(watch, "virDomainUndefine");
      awaitCall(" RUNNING 0-7");
      drive(watch, "virDomainDestroy");
      awaitCall("gone " + told.last().uuid());
    }
  }

  @Test
  void whereNobodyListensItTriesForEver(@TempDir Path directory) throws IOException {
    Path socket = directory.resolve("sock");
    try (LibvirtWatch watch = new LibvirtWatch("qemu+unix:///system?socket=" + socket, told)) {
      watch.start();
      awaitCall("disconnected ");
      // Whoever comes to listen is called within the longest back-off.
      try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
        server.bind(UnixDomainSocketAddress.of(socket));
        server.configureBlocking(false);
        accept(server).close(); // a libvirtd that dies before it answers
        told.drain();
        accept(server).close();
      }
    }
  }

  @Test
  void aLibvirtdThatTakesTheConnectionAndSaysNothingIsNoticed(@TempDir Path directory)
      throws IOException {
    Path socket = directory.resolve("sock");
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        LibvirtWatch watch =
            new LibvirtWatch(
                "qemu+unix:///system?socket=" + socket, told, LibvirtLibrary.FILE, SHORT_NS)) {
      server.bind(UnixDomainSocketAddress.of(socket));
      server.configureBlocking(false);
      watch.start();
      SocketChannel silent = accept(server);
      awaitCall("unanswered libvirt has not answered for 0 s (connecting)");
      silent.close();
      awaitCall("disconnected ");
    }
  }

  /** The driver forgets its state when the last reference to the last connection is gone. */
  @Test
  void aClosedWatchLeavesNoReferenceToItsConnection() throws LibvirtException {
    try (LibvirtWatch watch = watch(TEST)) {
      watch.pin("test", 0, CpuSet.of(3));
      drive(watch, "virDomainSuspend");
      awaitCall(" PAUSED 3");
    }

    watch(TEST).close();

    assertThat(told.last().state()).isEqualTo(State.RUNNING);
    assertThat(told.last().vcpus().getFirst().cpus()).isEqualTo(CpuSet.parse("0-7"));
  }

  private static SocketChannel accept(ServerSocketChannel server) {
    return await().atMost(Duration.ofSeconds(5)).until(server::accept, Objects::nonNull);
  }

  private LibvirtWatch watch(String uri) {
    told.drain();
    LibvirtWatch watch = new LibvirtWatch(uri, told);
    watch.start();
    awaitCall("connected ");
    return watch;
  }

  private void awaitCall(String part) {
    await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> told.calls().stream().anyMatch(call -> call.contains(part)));
    assertThat(told.drain()).as("this driver resets nothing").noneMatch(c -> c.contains("reboot"));
  }

  /** Calls a function of one domain through the watch's own connection. */
  private static void drive(LibvirtWatch watch, String function) {
    try (Arena arena = Arena.ofConfined()) {
      LibvirtLibrary library = LibvirtLibrary.load(LibvirtLibrary.FILE);
      Connection connection = Objects.requireNonNull(watch.connection());
      MemorySegment domain =
          library.virDomainLookupByName(connection.pointer(), arena.allocateFrom("test"));
      int result = (int) library.function(function, JAVA_INT, ADDRESS).call(domain);
      library.virDomainFree(domain);
      assertThat(result).as(function).isZero();
    } catch (LibvirtException missing) {
      throw new AssertionError(missing);
    }
  }
}
