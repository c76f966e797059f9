package dev.vmpower.host.rehearsal;

import dev.vmpower.host.arbiter.Envelope;
import dev.vmpower.host.claims.ClaimLedger;
import dev.vmpower.host.config.Config;
import dev.vmpower.host.log.LogSetup;
import dev.vmpower.host.monitor.Event;
import dev.vmpower.host.monitor.Monitor;
import dev.vmpower.host.orders.OrdersFile;
import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.cpufreq.OriginalStore;
import dev.vmpower.machine.sysfs.DirectorySysfs;
import dev.vmpower.protocol.Command;
import dev.vmpower.protocol.RequestPacket;
import dev.vmpower.protocol.Unit;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.slf4j.LoggerFactory;

/**
 * Answers some requests on a toy host before the real one is served, so that the first guest does
 * not wait for classes to be loaded: DPDK's library gives up after 10 ms.
 *
 * <p>The toy host is a directory with one pCPU below the state directory. It is gone afterwards.
 */
public final class Rehearsal {
  /**
   * Fewer than make the JVM compile: its compilers would be busy just when the first guest asks.
   */
  static final int REQUESTS = 50;

  private static final long ANSWER_MS_MAX = 1_000;

  private static final Unit[] UNITS = {
    Unit.SCALE_MIN, Unit.SCALE_UP, Unit.SCALE_MAX, Unit.SCALE_DOWN, Unit.DISABLE_TURBO,
  };

  private final Path directory;
  private final LongSupplier clockNs;
  private final LongSupplier wallMs;

  private Rehearsal(Path directory, LongSupplier clockNs, LongSupplier wallMs) {
    this.directory = directory;
    this.clockNs = clockNs;
    this.wallMs = wallMs;
  }

  /** Rehearses below {@code state}. A failure is no reason not to serve. */
  public static void run(Path state, LongSupplier clockNs, LongSupplier wallMs) {
    Rehearsal rehearsal = new Rehearsal(state.resolve("rehearsal"), clockNs, wallMs);
    LogSetup.quietly(
        () -> {
          try {
            rehearsal.clear();
            rehearsal.play();
          } catch (IOException failed) {
            // The real start says what is wrong.
          }
        });
    try {
      rehearsal.clear();
    } catch (IOException left) {
      LoggerFactory.getLogger("vmpower").warn("{} is left behind", rehearsal.directory);
    }
  }

  private void play() throws IOException {
    Path channels = Files.createDirectories(directory.resolve("channels"));
    Path state = Files.createDirectories(directory.resolve("state"));
    makeTree(directory.resolve("cpu"));
    try (ServerSocketChannel guest = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      guest.bind(UnixDomainSocketAddress.of(channels.resolve("vm.0")));
      Monitor monitor =
          new Monitor(
              config(channels, state),
              new DirectorySysfs(directory.resolve("cpu")),
              new OriginalStore(state, "rehearsal", directory.toString()),
              new ClaimLedger(state),
              new OrdersFile(state),
              probes -> {},
              clockNs,
              wallMs);
      monitor.start();
      try {
        monitor.awaitServing();
        guest.configureBlocking(false);
        try (SocketChannel socket = guest.accept()) {
          if (socket != null) {
            ask(socket);
          }
        }
      } catch (InterruptedException stopped) {
        Thread.currentThread().interrupt();
      } finally {
        if (monitor.mailbox().offer(new Event.Stop())) {
          monitor.ended().join();
        }
      }
    }
  }

  private static void ask(SocketChannel socket) throws IOException {
    socket.configureBlocking(false);
    Selector selector = Selector.open();
    socket.register(selector, SelectionKey.OP_READ);
    try (selector) {
      ask(socket, selector);
    }
  }

  private static void ask(SocketChannel socket, Selector selector) throws IOException {
    ByteBuffer packet =
        ByteBuffer.allocateDirect(RequestPacket.SIZE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    RequestPacket request = new RequestPacket().wrap(packet, 0);
    for (int i = 0; i < REQUESTS; i++) {
      request.clear().command(Command.CPU_POWER).unit(UNITS[i % UNITS.length]);
      packet.clear();
      socket.write(packet);
      packet.clear();
      while (packet.hasRemaining()) {
        if (selector.select(ANSWER_MS_MAX) == 0 || socket.read(packet) < 0) {
          return; // a rehearsal that fails delays the start no longer than this
        }
        selector.selectedKeys().clear();
      }
    }
  }

  private Config config(Path channels, Path state) {
    return new Config(
        new Config.Cpu(directory.resolve("cpu"), CpuSet.of(), false, 1, true, false, false),
        new Config.State(state, state),
        new Config.Control(state.resolve("control.sock"), null),
        new Config.Libvirt(""),
        new Config.Compat(false, state),
        List.of(
            new Config.VmEntry(
                "vm", channels, List.of(CpuSet.of(0)), null, false, Envelope.HARDWARE)));
  }

  private static void makeTree(Path cpu) throws IOException {
    Path policy = Files.createDirectories(cpu.resolve("cpufreq/policy0"));
    Files.createDirectories(cpu.resolve("cpu0"));
    Files.writeString(cpu.resolve("online"), "0\n");
    Files.writeString(policy.resolve("related_cpus"), "0\n");
    Files.writeString(policy.resolve("scaling_driver"), "acpi-cpufreq\n");
    Files.writeString(policy.resolve("scaling_governor"), "performance\n");
    Files.writeString(policy.resolve("scaling_setspeed"), "<unsupported>\n");
    Files.writeString(
        policy.resolve("scaling_available_frequencies"), "2601000 2600000 2000000 1200000\n");
    Files.writeString(policy.resolve("scaling_min_freq"), "1200000\n");
    Files.writeString(policy.resolve("scaling_max_freq"), "2601000\n");
    Files.writeString(policy.resolve("cpuinfo_min_freq"), "1200000\n");
    Files.writeString(policy.resolve("cpuinfo_max_freq"), "2601000\n");
  }

  private void clear() throws IOException {
    if (!Files.exists(directory)) {
      return;
    }
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
