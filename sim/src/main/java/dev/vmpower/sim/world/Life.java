package dev.vmpower.sim.world;

import dev.vmpower.host.arbiter.Envelope;
import dev.vmpower.host.channel.Connector;
import dev.vmpower.host.claims.ClaimLedger;
import dev.vmpower.host.clock.Clocks;
import dev.vmpower.host.config.Config;
import dev.vmpower.host.monitor.Event;
import dev.vmpower.host.monitor.Monitor;
import dev.vmpower.host.monitor.Surroundings;
import dev.vmpower.host.orders.OrderStore;
import dev.vmpower.host.orders.Orders;
import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.cpufreq.OriginalStore;
import dev.vmpower.machine.libvirt.DomainInfo;
import dev.vmpower.machine.socket.PeerProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** How the daemon begins and ends, and the host with it. */
final class Life {
  private final World world;
  private final Path directory;
  private @Nullable Monitor monitor;
  private @Nullable SimSelector selector;
  Connector.@Nullable Sink sink;
  Orders stored = Orders.NONE;
  List<String> ledger = new ArrayList<>();
  long adoptUntilNs;
  private int boots;

  Life(World world, Path directory) {
    this.world = world;
    this.directory = directory;
  }

  Monitor monitor() {
    return Objects.requireNonNull(monitor);
  }

  SimSelector selector() {
    return Objects.requireNonNull(selector);
  }

  Path directory() {
    return directory;
  }

  /** The host boots, and then the daemon starts. */
  void boot() throws IOException {
    boots++;
    world.fake = world.shape.boot();
    world.kernel = new Kernel(world.fake);
    world.online.set(0, world.shape.cpus);
    world.hostTurbo = true;
    world.rests.clear();
    for (Clock clock : world.shape.clocks) {
      world.rests.add(new Rest(clock, world.fake));
    }
    world.disk.clear();
    Files.deleteIfExists(directory.resolve("claims"));
    start();
  }

  private final class Memory implements OrderStore {
    @Override
    public Orders load() {
      return stored;
    }

    @Override
    public void record(Orders orders, Consumer<@Nullable String> done) {
      boolean full = world.disk.isOrdersFull();
      stored = full ? stored : orders;
      done.accept(full ? "no room" : null);
    }

    @Override
    public void close() {}
  }

  Config config() {
    Shape shape = world.shape;
    List<Config.VmEntry> vms = new ArrayList<>();
    for (Guest guest : world.guests) {
      if (guest.isStatic()) {
        List<CpuSet> pins = guest.pins.values().stream().map(Guest::set).toList();
        Path sockets = Path.of("/sim");
        vms.add(new Config.VmEntry(guest.name, sockets, pins, null, false, Envelope.HARDWARE));
      }
    }
    int[] reserved = shape.reserved.stream().mapToInt(Integer::intValue).toArray();
    return new Config(
        new Config.Cpu(
            Path.of("/sim/cpu"),
            CpuSet.of(reserved),
            shape.allowUnpinned,
            shape.maxPcpus,
            shape.together,
            false,
            shape.reassert,
            shape.changesPerSecondMax),
        new Config.State(directory, directory),
        new Config.Control(directory.resolve("control.sock"), null),
        new Config.Libvirt("sim"),
        new Config.Compat(false, directory),
        vms);
  }

  private OriginalStore originals() {
    return new OriginalStore(directory, "boot-" + boots, "sim");
  }

  /** The daemon starts. It may be killed meanwhile. */
  void start() throws IOException {
    world.note("the daemon starts");
    ledger = readLedger();
    ClaimLedger claims = new ClaimLedger(directory, this::isAlive);
    claims.load();
    List<String> leftovers = leftovers();
    Arbitration host = world.host;
    host.vms.clear();
    host.passive = false;
    host.beginAgain();
    world.effects.restore(stored);
    world.rules.hour = world.hour();
    world.look();
    adoptUntilNs = world.nowNs + Clocks.ADOPT_NS;
    for (Rest rest : world.rests) {
      rest.begin(leftovers.contains("policy " + rest.clock.number()));
      if (!rest.leftover) {
        rest.leave(world.fake); // it was given back when the daemon was killed
      }
    }
    SimSelector fresh = new SimSelector(world::sleep);
    selector = fresh;
    Monitor begun =
        new Monitor(
            config(),
            world.kernel,
            originals(),
            claims,
            new Surroundings(
                fresh, world::links, new Memory(), probes -> {}, () -> world.nowNs, world::nowMs));
    monitor = begun;
    begun.begin();
    world.kernel.dieIfKilled();
    List<DomainInfo> domains = new ArrayList<>();
    for (Guest guest : world.guests) {
      if (guest.isStatic()) {
        world.effects.addStatic(guest.name, Map.copyOf(guest.pins));
      } else {
        domains.add(guest.info());
      }
    }
    world.post(new Event.LibvirtConnected(domains), () -> world.effects.domains(domains));
  }

  private boolean isAlive(PeerProcess peer) {
    return world.guests.stream().anyMatch(guest -> guest.peer().equals(peer));
  }

  private List<String> readLedger() throws IOException {
    Path file = directory.resolve("claims");
    return Files.exists(file) ? new ArrayList<>(Files.readAllLines(file)) : new ArrayList<>();
  }

  private List<String> leftovers() throws IOException {
    Path file = directory.resolve("originals");
    List<String> found = new ArrayList<>();
    if (Files.exists(file)) {
      List<String> lines = Files.readAllLines(file);
      if (lines.contains("boot boot-" + boots)) {
        for (String line : lines) {
          if (line.startsWith("policy ")) {
            found.add(line.substring(0, line.indexOf(' ', 7)));
          }
        }
      }
    }
    return found;
  }

  /** Whether how a frequency domain was found is on the disk. */
  boolean isSaved(Clock clock) throws IOException {
    return leftovers().contains("policy " + clock.number());
  }

  /** The vCPUs whose claims a port held before the daemon's end, if the same process is behind. */
  List<Integer> takeClaims(Guest guest, int port) {
    List<Integer> found = new ArrayList<>();
    for (String line : List.copyOf(ledger)) {
      String[] words = line.split(" ");
      if (words.length == 6
          && words[5].equals(guest.name)
          && words[2].equals(Integer.toString(port))) {
        ledger.remove(line);
        if (words[3].equals(Integer.toString(guest.pid))) {
          found.add(Integer.valueOf(words[1]));
        }
      }
    }
    return found;
  }

  private void endSockets() {
    world.dropEvents();
    world.rules.takePending();
    world.wanted.clear();
    for (Guest guest : world.guests) {
      for (GuestPort port : guest.ports) {
        port.forget();
        port.busy = false;
      }
    }
  }

  /** SIGKILL, now. */
  void kill() {
    world.note("SIGKILL");
    world.kernel.spare();
    world.fake.takeWrites();
    endSockets();
  }

  /** SIGTERM; everything must be as it was found afterwards, where the kernel lets it. */
  void terminate() throws IOException {
    world.note("SIGTERM");
    monitor().end(null);
    requireClaims();
    endSockets();
    requireRest("SIGTERM");
  }

  /** Every claim must be on the disk, for the next one. */
  private void requireClaims() throws IOException {
    if (world.disk.isFull()) {
      return;
    }
    List<String> kept = readLedger();
    for (RuleVm vm : world.host.vms.values()) {
      for (RuleVm.Port port : vm.ports.values()) {
        for (int vcpu : port.claims) {
          String claim = "claim " + vcpu + " " + port.number + " ";
          if (kept.stream().noneMatch(line -> line.startsWith(claim) && line.endsWith(vm.name))) {
            throw new Wrong("the claim of " + vm.name + " vCPU " + vcpu + " is not kept");
          }
        }
      }
    }
  }

  /** {@code vmpowerd restore} after a crash. */
  void restore() throws IOException {
    world.note("restore");
    Clocks clocks = new Clocks(world.kernel, config().cpu(), originals());
    clocks.adopt(world.nowNs);
    try {
      clocks.giveBackAll();
      for (Rest rest : world.rests) {
        if (world.isOnline(rest.clock) && isSaved(rest.clock)) {
          throw new Wrong(
              "policy" + rest.clock.number() + " is not given back, and nobody says so");
        }
      }
    } catch (IOException refused) {
      world.note(String.valueOf(refused.getMessage()));
    }
    requireRest("restore");
  }

  private void requireRest(String after) throws IOException {
    world.fake.takeWrites();
    for (Rest rest : world.rests) {
      rest.leave(world.fake);
      if (!rest.isDisturbed(world.nowNs)) {
        String difference = rest.difference(world.fake);
        if (!difference.isEmpty()) {
          throw new Wrong("policy" + rest.clock.number() + " after " + after + " " + difference);
        }
      }
    }
  }
}
