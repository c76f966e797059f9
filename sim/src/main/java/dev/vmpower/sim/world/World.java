package dev.vmpower.sim.world;

import dev.vmpower.host.channel.Connector;
import dev.vmpower.host.channel.Links;
import dev.vmpower.host.channel.Target;
import dev.vmpower.host.monitor.Event;
import dev.vmpower.host.monitor.Monitor;
import dev.vmpower.machine.fake.FakeSysfs;
import dev.vmpower.machine.sysfs.SysfsException;
import java.io.IOException;
import java.nio.channels.SelectionKey;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * One simulated host with its guests and its daemon, and after each wake-up of that the comparison
 * of what is with what the rules say should be.
 */
final class World {
  static final long NS_PER_MS = 1_000_000;
  static final long NS_PER_S = 1_000_000_000;
  private static final long SWEEP_NS = 5 * NS_PER_S;
  private static final int IDLE_WAKEUPS_MAX = 50;
  private static final long LATE_NS_MAX = 2 * NS_PER_MS; // what a clock in ms can tell
  private static final long HOUR_MS = 3_600_000;
  private static final int TRACE_LINES = 60;

  final SplittableRandom random;
  final Shape shape;
  final Arbitration host;
  final Rules rules;
  final Effects effects;
  final Life life;
  final List<Guest> guests = new ArrayList<>();
  final List<Rest> rests = new ArrayList<>();
  final BitSet online = new BitSet(); // as it really is
  final Deque<String> trace = new ArrayDeque<>();
  final Set<String> wanted = new HashSet<>();
  FakeSysfs fake;
  Kernel kernel;
  long nowNs = 1000 * NS_PER_S;
  long steps;
  private long sleepMs;
  private long nextSweepNs;
  private final Deque<Runnable> posted = new ArrayDeque<>();
  private int idle;
  boolean hostTurbo = true;

  World(long seed, Path directory) throws IOException {
    random = new SplittableRandom(seed);
    shape = new Shape(random, new SplittableRandom(~seed));
    host = new Arbitration(shape);
    rules = new Rules(host);
    effects = new Effects(this);
    fake = shape.boot();
    kernel = new Kernel(fake);
    life = new Life(this, directory);
    life.boot();
  }

  void note(String what) {
    if (trace.size() == TRACE_LINES) {
      trace.removeFirst();
    }
    trace.addLast(steps + " @" + nowNs / NS_PER_MS + "ms " + what);
  }

  long nowMs() {
    return nowNs / NS_PER_MS;
  }

  int hour() {
    return (int) (nowMs() / HOUR_MS % 24);
  }

  /** Where the daemon would sleep. */
  void sleep(long timeoutMs) {
    nowNs += Math.min(timeoutMs, sleepMs) * NS_PER_MS;
  }

  /** Tells the daemon, and the rules what to make of it once the daemon has taken it. */
  void post(Event event, Runnable effect) {
    if (life.monitor().mailbox().offer(event)) {
      posted.add(effect);
    }
  }

  int waitingEvents() {
    return posted.size();
  }

  void dropEvents() {
    posted.clear();
  }

  /** How the monitor reaches sockets here. */
  Links links(Connector.Sink sink) {
    life.sink = sink;
    return new Links() {
      @Override
      public void start() {}

      @Override
      public void want(List<Target> targets) {
        wanted.clear();
        targets.forEach(target -> wanted.add(target.vm()));
        for (Guest guest : guests) {
          if (!wanted.contains(guest.name)) {
            guest.ports.forEach(port -> port.busy = false);
          }
        }
      }

      @Override
      public void lost(String vm, int number) {
        for (Guest guest : guests) {
          if (guest.name.equals(vm)) {
            guest.ports.get(number).busy = false;
          }
        }
      }

      @Override
      public void awaitPass() {}

      @Override
      public void close() {}
    };
  }

  /** Lets the daemon wake up once, or sleep for at most so long, and compares. */
  void wakeUp(long atMostMs) throws IOException {
    steps++;
    sleepMs = atMostMs;
    long beganNs = nowNs;
    int events = posted.size();
    rests.forEach(Rest::begin);
    readLimits();
    long dueNs = Math.max(dueNs(), beganNs);
    Monitor monitor = life.monitor();
    try {
      monitor.wakeUp();
    } catch (RuntimeException failed) {
      kernel.dieIfKilled();
      throw failed;
    }
    kernel.dieIfKilled();
    spin(events, beganNs);
    if (nowNs > dueNs + LATE_NS_MAX) {
      throw new Wrong("it slept for too long");
    }
    for (int i = 0; i < events; i++) {
      posted.removeFirst().run();
    }
    timers();
    hangUps();
    settle();
    finish(rules.takePending());
    compare();
  }

  /** When it has to wake up by itself at the latest. */
  private long dueNs() {
    long dueNs = Math.min(nextSweepNs, host.lowersAtNs());
    for (Arbitration.Hold hold : host.holds) {
      dueNs = hold == null ? dueNs : Math.min(dueNs, hold.untilNs());
    }
    return dueNs;
  }

  private void spin(int events, long beganNs) {
    boolean idleNow = events == 0 && nowNs == beganNs && sleepMs > 0;
    idle = idleNow ? idle + 1 : 0;
    if (idle > IDLE_WAKEUPS_MAX) {
      throw new Wrong("it wakes up again and again without a reason");
    }
  }

  void timers() {
    int hour = hour();
    if (hour != rules.hour) {
      rules.hour = hour;
      effects.atHour(hour);
    }
    for (int cpu = 0; cpu < shape.cpus; cpu++) {
      Arbitration.Hold hold = host.holds[cpu];
      if (hold != null && hold.untilNs() <= nowNs) {
        effects.endHold(cpu, hold);
      }
    }
    if (nowNs >= nextSweepNs) {
      look();
    }
    if (nowNs >= life.adoptUntilNs) {
      rests.forEach(rest -> rest.leftover = false);
    }
  }

  /** The daemon looks at what the kernel changed without a word. */
  void look() {
    nextSweepNs = nowNs + SWEEP_NS;
    rests.forEach(Rest::look);
    host.see(online);
    host.hostTurbo = hostTurbo;
  }

  private void hangUps() {
    boolean broke = false;
    for (Guest guest : guests) {
      for (GuestPort port : guest.ports) {
        broke |= port.writeBroke;
      }
    }
    if (broke) {
      settle(); // it was found out after the writes, and then all is settled anew
    }
    for (Guest guest : guests) {
      for (GuestPort port : guest.ports) {
        if (port.closedByDaemon) {
          closed(port);
        }
      }
    }
  }

  private void closed(GuestPort port) {
    RuleVm.Port known = port.port;
    if (known != null && known.vm.ports.get(port.number) == known) {
      if (!port.hungUp) {
        throw new Wrong(port + " was closed for nothing");
      }
      effects.end(known);
    }
    port.forget();
  }

  /** Whether one of its pCPUs really is. */
  boolean isOnline(Clock clock) {
    return clock.cpus().stream().anyMatch(online::get);
  }

  /** Where everybody counts, and what follows. */
  void settle() {
    host.place();
    host.decide(nowNs);
    for (Rest rest : rests) {
      rest.leftover &= !host.passive;
      int khz = host.target[rest.clock.index()];
      rest.decided(khz > 0 && !host.passive, khz, isOnline(rest.clock));
    }
  }

  /**
   * What an administrator allows. While all pCPUs are offline nobody can read that: then it is as
   * it was saved with how the frequency domain was found, and binds nothing where it was not.
   */
  private void readLimits() throws IOException {
    for (Rest rest : rests) {
      int i = rest.clock.index();
      boolean known = isOnline(rest.clock) || life.isSaved(rest.clock);
      host.minKhz[i] = known ? rest.minKhz : 0;
      host.maxKhz[i] = known ? rest.highestKhz() : Integer.MAX_VALUE;
    }
  }

  private void finish(List<Rules.Reply> replies) {
    for (Rules.Reply reply : replies) {
      GuestPort port = reply.port.guest;
      if (port.port != reply.port) {
        continue; // it is gone
      }
      boolean known = reply.queried < 0 || reply.port.vm.vcpus.containsKey((int) reply.queried);
      reply.refused |= !known; // a query is answered after all else
      boolean surely = true;
      boolean maybe = !host.passive;
      boolean unclaimed = false;
      for (RuleVm.Vcpu vcpu : reply.vcpus) {
        // Its port was closed in this wake-up: there is nobody whom a reply could mislead.
        unclaimed |= !vcpu.isClaimed() && !vcpu.where.isEmpty();
        for (int index : vcpu.where) {
          Rest rest = rests.get(index);
          surely &= !rest.isDisturbed(nowNs);
          surely &= rest.isAt(fake, host.target[index]);
          maybe &= host.holdOn(rest.clock) == null && rest.counts(fake, host.target[index], nowNs);
        }
        maybe &= !vcpu.where.isEmpty() && vcpu.vm.vcpus.get(vcpu.number) == vcpu;
      }
      if (!reply.refused && !maybe) {
        for (RuleVm.Vcpu vcpu : reply.vcpus) {
          for (int index : vcpu.where) {
            note("    not in force: " + rests.get(index).show(fake) + " for " + host.target[index]);
          }
        }
      }
      reply.mayBeAck = !reply.refused && (maybe || unclaimed);
      reply.mustBeAck = !reply.refused && maybe && surely && !unclaimed;
      port.owe(reply);
    }
    for (Guest guest : guests) {
      for (GuestPort port : guest.ports) {
        SimSocket socket = port.socket;
        if (socket != null) {
          SelectionKey key = socket.keyFor(life.selector());
          port.check(key != null && (key.interestOps() & SelectionKey.OP_WRITE) != 0);
        }
      }
    }
  }

  private void compare() throws SysfsException {
    List<String> writes = fake.takeWrites();
    writes.forEach(w -> note("    wrote " + w));
    int[] speeds = new int[shape.clocks.size()];
    for (String write : writes) {
      Clock clock = clockOf(write);
      if (clock == null || shape.isReserved(clock)) {
        throw new Wrong("written what is never to be touched: " + write);
      }
      int i = clock.index();
      Rest rest = rests.get(i);
      if (rest.isAwaited() && !host.passive && !rest.isDisturbed(nowNs)) {
        throw new Wrong("given back while its claims may still come: " + write);
      }
      if (!rest.wasOurs() && !rest.isDisturbed(nowNs)) {
        throw new Wrong("written what is not managed: " + write);
      }
      if (write.contains("governor")) {
        rest.suspect(); // what it finds is told to the hardware by way of another level
      } else if (write.contains("setspeed") && !rest.isDisturbed(nowNs)) {
        speeds[i]++;
      }
      if (speeds[i] > rest.writesMax()) {
        throw new Wrong("written again and again in one wake-up: " + write);
      }
    }
    rests.forEach(rest -> rest.written(speeds[rest.clock.index()]));
    for (Rest rest : rests) {
      compare(rest, writes);
    }
    for (RuleVm vm : host.vms.values()) {
      if (vm.state != RuleVm.State.SHUT_OFF && !wanted.contains(vm.name)) {
        throw new Wrong("the sockets of " + vm.name + " are not wanted");
      }
    }
  }

  private @Nullable Clock clockOf(String write) {
    for (Rest rest : rests) {
      if (write.startsWith(rest.file("")) || write.startsWith("!" + rest.file(""))) {
        return rest.clock;
      }
    }
    return null;
  }

  private void compare(Rest rest, List<String> writes) throws SysfsException {
    Clock clock = rest.clock;
    int i = clock.index();
    boolean managed = host.isManaged(clock);
    boolean same = rest.isSettled();
    if (!same) {
      String now = managed ? "is to be at " + host.target[i] : "is to be as it was";
      note("    policy" + clock.number() + " " + now);
    }
    if (managed) {
      rest.leftover = false;
      rest.retake(fake);
    } else if (!rest.leftover) {
      rest.leave(fake);
    }
    if ((same && writes.isEmpty() && steps % 8 != 0) || rest.isDisturbed(nowNs)) {
      return;
    }
    if (managed && !rest.isAt(fake, host.target[i])) {
      host.members(clock).forEach(vcpu -> note(vcpu + " counts as " + host.levelOf(vcpu, clock)));
      throw new Wrong(
          "policy%d is at %s %s, and should be at %d"
              .formatted(
                  clock.number(),
                  fake.read(rest.file("scaling_governor")),
                  fake.read(rest.file("scaling_setspeed")),
                  host.target[i]));
    }
    int hardwareKhz = fake.policy(clock.number()).currentKhz();
    if (managed && rest.canBeTold(fake) && hardwareKhz != host.target[i]) {
      throw new Wrong("policy%d: the hardware is at %d".formatted(clock.number(), hardwareKhz));
    }
    if (!managed && !rest.leftover) {
      String difference = rest.difference(fake);
      if (!difference.isEmpty()) {
        throw new Wrong("policy" + clock.number() + " is not as it was found: " + difference);
      }
    }
  }
}
