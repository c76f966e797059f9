package dev.vmpower.sim.world;

import dev.vmpower.host.monitor.Event;
import dev.vmpower.machine.libvirt.DomainInfo;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** What happens next, by chance: guests, libvirt, the power. */
final class Chance {
  private static final int GUESTS_MAX = 5;
  private static final int EVENTS_MAX = 40;

  private static final long NEVER = Long.MAX_VALUE;

  private final World world;
  private final SplittableRandom random;
  private final Packets packets;
  private final Operators operators;
  private final Mishaps mishaps;
  private final boolean losesEvents;
  private long askNs = NEVER; // when libvirt is asked for what was not told
  private int names;
  private int pids = 1000;

  Chance(World world) {
    this.world = world;
    this.random = world.random;
    this.packets = new Packets(random);
    this.operators = new Operators(world);
    this.mishaps = new Mishaps(world);
    this.losesEvents = world.late.nextInt(3) == 0;
  }

  /** Lets something happen, and the daemon wake up once. */
  void step() throws IOException {
    int happenings = random.nextInt(3);
    for (int i = 0; i < happenings; i++) {
      happen();
    }
    connect();
    sweep();
    world.disk.step();
    long sleepMs = random.nextInt(3) > 0 ? random.nextInt(20) : random.nextInt(1500);
    if (random.nextInt(3000) == 0) {
      sleepMs = 1_800_000;
    }
    if (random.nextInt(400) == 0) {
      world.kernel.killAfter(1 + random.nextInt(60));
    }
    try {
      world.wakeUp(sleepMs);
      world.kernel.spare();
    } catch (Killed killed) {
      crash();
    }
    if (random.nextInt(1500) == 0) {
      end();
    }
  }

  private void crash() throws IOException {
    world.life.kill();
    again();
  }

  private void again() throws IOException {
    if (random.nextInt(3) == 0) {
      world.life.restore();
    }
    world.nowNs += random.nextInt(3000) * World.NS_PER_MS;
    if (random.nextInt(4) == 0) {
      world.kernel.killAfter(1 + random.nextInt(100)); // a second crash, soon
    }
    while (true) {
      try {
        world.life.start();
        world.kernel.spare();
        if (world.late.nextInt(3) == 0) {
          startAnew();
        }
        return;
      } catch (Killed again) {
        world.life.kill();
      }
    }
  }

  /** Some VMs are started anew before the daemon is connected to them: others may be inside. */
  private void startAnew() {
    for (Guest guest : world.guests) {
      if (!guest.isStatic()
          && guest.state == DomainInfo.State.RUNNING
          && world.late.nextBoolean()) {
        guest.state = DomainInfo.State.SHUT_OFF;
        tell(guest);
        guest.state = DomainInfo.State.RUNNING;
        guest.pid = pids++;
        guest.arrived = false;
        tell(guest);
      }
    }
  }

  private void end() throws IOException {
    if (random.nextInt(4) == 0) {
      world.note("the host reboots");
      world.life.kill();
      world.guests.forEach(this::stop);
      world.guests.removeIf(guest -> !guest.isStatic());
      world.life.boot();
    } else {
      if (random.nextBoolean()) {
        world.life.terminate();
      } else {
        world.life.kill();
      }
      again();
    }
  }

  private void stop(Guest guest) {
    guest.ports.forEach(port -> port.listening = false);
  }

  private void happen() throws IOException {
    int dice = random.nextInt(1000);
    if (dice < 700) {
      talk();
    } else if (dice < 760) {
      readOrHangUp();
    } else if (dice < 850) {
      vm();
    } else if (dice < 930) {
      if (world.waitingEvents() < EVENTS_MAX) {
        operators.ask();
      }
    } else {
      mishaps.happen();
    }
  }

  private @Nullable GuestPort anyPort() {
    if (world.guests.isEmpty()) {
      return null;
    }
    Guest guest = world.guests.get(random.nextInt(world.guests.size()));
    return guest.ports.get(random.nextInt(Guest.PORTS));
  }

  private void talk() {
    GuestPort port = anyPort();
    if (port == null || port.socket == null) {
      return;
    }
    int vcpus = Guest.PORTS;
    int count = random.nextInt(50) == 0 ? random.nextInt(60) : 1 + random.nextInt(3);
    for (int i = 0; i < count; i++) {
      if (!port.queue(packets.next(port.number, vcpus))) {
        break;
      }
    }
    int bytes = port.outgoingBytes();
    port.send(random.nextInt(8) == 0 ? random.nextInt(bytes + 1) : bytes);
    SimSocket socket = port.socket;
    if (socket != null && random.nextInt(4) > 0) {
      socket.drain();
    }
  }

  private void readOrHangUp() {
    GuestPort port = anyPort();
    SimSocket socket = port == null ? null : port.socket;
    if (port == null || socket == null) {
      return;
    }
    if (random.nextInt(3) > 0) {
      socket.drain();
    } else {
      world.note(port + " hangs up");
      port.hangUp(random.nextInt(3) == 0);
    }
  }

  /** The connector reaches sockets that are there and wanted. */
  private void connect() {
    for (Guest guest : world.guests) {
      for (GuestPort port : guest.ports) {
        boolean wanted = port.listening && world.wanted.contains(guest.name);
        if (wanted && !port.busy && port.socket == null && random.nextInt(4) == 0) {
          SimSocket socket = new SimSocket(port, 464 + random.nextInt(20_000));
          try {
            socket.configureBlocking(false);
          } catch (IOException impossible) {
            throw new IllegalStateException(impossible);
          }
          port.connect(socket);
          world.post(
              new Event.Connected(guest.name, port.number, socket, socket, guest.peer()),
              () -> world.effects.connected(guest, port));
        }
      }
    }
  }

  private void vm() {
    if (world.waitingEvents() > EVENTS_MAX) {
      return;
    }
    if (world.guests.isEmpty() || (world.guests.size() < GUESTS_MAX && random.nextInt(6) == 0)) {
      add();
      return;
    }
    Guest guest = world.guests.get(random.nextInt(world.guests.size()));
    if (guest.isStatic()) {
      if (random.nextInt(3) == 0) {
        pin(guest);
        world.note(guest.name + " is configured at " + guest.pins);
        reload();
      } else if (random.nextInt(8) == 0) {
        world.guests.remove(guest);
        stop(guest);
        world.note(guest.name + " is configured no more");
        reload();
        guest.ports.forEach(port -> port.hangUp(false));
      }
      return;
    }
    domain(guest);
  }

  private void domain(Guest guest) {
    if (world.late.nextInt(10) == 0) {
      migrate(guest);
      return;
    }
    switch (random.nextInt(8)) {
      case 0 -> {
        world.note(guest.name + " reboots");
        world.post(new Event.DomainRebooted(guest.uuid), () -> world.effects.rebooted(guest.name));
      }
      case 1, 2 -> {
        int number = random.nextInt(Guest.PORTS);
        boolean open = random.nextBoolean();
        guest.open.set(number, open);
        world.note(guest.name + " port " + number + (open ? " opened" : " closed"));
        world.post(
            new Event.GuestPort(guest.uuid, number, open),
            () -> world.effects.guestPort(guest.name, number, open));
      }
      case 3, 4 -> {
        pin(guest);
        tell(guest);
      }
      case 5 -> {
        if (guest.state != DomainInfo.State.SHUT_OFF) {
          boolean runs = guest.state == DomainInfo.State.RUNNING;
          guest.state = runs ? DomainInfo.State.PAUSED : DomainInfo.State.RUNNING;
          tell(guest);
        }
      }
      case 6 -> {
        boolean off = guest.state == DomainInfo.State.SHUT_OFF;
        guest.state = off ? DomainInfo.State.RUNNING : DomainInfo.State.SHUT_OFF;
        guest.pid = off ? pids++ : guest.pid;
        guest.arrived = false;
        guest.ports.forEach(port -> port.listening = off);
        if (!off && random.nextBoolean()) { // else its process takes its time to end
          guest.ports.forEach(port -> port.hangUp(false));
        }
        tell(guest);
      }
      default -> {
        if (random.nextInt(3) == 0) {
          world.note(guest.name + " is gone");
          world.guests.remove(guest);
          stop(guest);
          if (!isLost()) {
            world.post(new Event.DomainGone(guest.uuid), () -> world.effects.gone(guest.name));
          }
        }
      }
    }
  }

  private void tell(Guest guest) {
    if (isLost()) {
      world.note(guest.name + " is " + guest.state + " at " + guest.pins + ", and nobody tells");
      return;
    }
    DomainInfo info = guest.info();
    world.note(guest.name + " is " + info.state() + " at " + guest.pins);
    world.post(new Event.DomainChanged(info), () -> world.effects.domain(info));
  }

  /** In some worlds events are lost; then libvirt is asked for all within 5 s. */
  private boolean isLost() {
    boolean lost = losesEvents && world.late.nextInt(4) == 0;
    if (lost && askNs == NEVER) {
      askNs = world.nowNs + world.late.nextInt(5000) * World.NS_PER_MS;
    }
    return lost;
  }

  private void sweep() {
    if (world.nowNs < askNs || world.waitingEvents() > EVENTS_MAX) {
      return;
    }
    askNs = NEVER;
    List<DomainInfo> all = new ArrayList<>();
    for (Guest guest : world.guests) {
      if (!guest.isStatic()) {
        all.add(guest.info());
      }
    }
    world.note("libvirt is asked for all");
    world.post(new Event.LibvirtConnected(all), () -> world.effects.domains(all));
  }

  /** Goes to another host, or comes back from there: paused at first, with its ports open. */
  private void migrate(Guest guest) {
    guest.pid = pids++;
    if (guest.state == DomainInfo.State.SHUT_OFF) {
      guest.arrived = true;
      for (int i = 0; i < Guest.PORTS; i++) {
        guest.open.set(i, world.late.nextBoolean());
      }
      guest.state = DomainInfo.State.PAUSED;
      guest.ports.forEach(port -> port.listening = true);
    } else {
      guest.arrived = false;
      guest.state = DomainInfo.State.SHUT_OFF;
      guest.ports.forEach(port -> port.listening = false);
      guest.ports.forEach(port -> port.hangUp(false));
    }
    tell(guest);
  }

  private void add() {
    Guest guest = new Guest("vm" + names++, random.nextInt(3) == 0, world.rules);
    guest.pid = pids++;
    guest.ports.forEach(port -> port.listening = true);
    pin(guest);
    world.guests.add(guest);
    if (guest.isStatic()) {
      world.note(guest.name + " is configured at " + guest.pins);
      reload();
    } else {
      tell(guest);
    }
  }

  private void reload() {
    Map<String, Map<Integer, List<Integer>>> statics = new TreeMap<>(); // as configured now
    for (Guest guest : world.guests) {
      if (guest.isStatic()) {
        statics.put(guest.name, Map.copyOf(guest.pins));
      }
    }
    world.post(
        new Event.Configured(world.life.config(), new CompletableFuture<>()),
        () -> {
          for (RuleVm vm : List.copyOf(world.host.vms.values())) {
            if (vm.state == RuleVm.State.STATIC && !statics.containsKey(vm.name)) {
              world.effects.gone(vm.name);
            }
          }
          statics.forEach(world.effects::addStatic);
          world.settle();
        });
  }

  private void pin(Guest guest) {
    guest.pins.clear();
    int vcpus = 1 + random.nextInt(Guest.PORTS);
    for (int i = 0; i < vcpus; i++) {
      TreeSet<Integer> cpus = new TreeSet<>();
      int width = random.nextInt(5) == 0 ? 1 + random.nextInt(world.shape.cpus) : 1;
      for (int j = 0; j < width; j++) {
        cpus.add(random.nextInt(world.shape.cpus));
      }
      guest.pins.put(i, new ArrayList<>(cpus));
    }
  }
}
