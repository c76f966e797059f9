package dev.vmpower.sim.world;

import dev.vmpower.host.channel.Connector;
import dev.vmpower.host.channel.Links;
import dev.vmpower.host.channel.Target;
import dev.vmpower.host.monitor.Event;
import dev.vmpower.host.monitor.Monitor;
import dev.vmpower.machine.fake.FakeSysfs;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * One simulated host with its guests and its daemon, and after each wake-up of that the comparison
 * of what is with what the rules say should be.
 */
final class World {
  static final long NS_PER_MS = 1_000_000;
  static final long NS_PER_S = 1_000_000_000;
  private static final long SWEEP_NS = 5 * NS_PER_S;
  private static final int IDLE_WAKEUPS_MAX = 50;
  private static final long HOUR_MS = 3_600_000;
  private static final int TRACE_LINES = 60;

  final SplittableRandom random;
  final SplittableRandom late; // of what came into these worlds later, so that seeds stay
  final Shape shape;
  final Arbitration host;
  final Rules rules;
  final Effects effects;
  final Life life;
  final Disk disk;
  private final Comparison comparison;
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
    late = new SplittableRandom(~seed * 17);
    shape = new Shape(random, new SplittableRandom(~seed));
    host = new Arbitration(shape);
    rules = new Rules(host);
    effects = new Effects(this);
    comparison = new Comparison(this);
    disk = new Disk(this, directory, new SplittableRandom(~seed * 31));
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
  void sleep(long timeoutNs) {
    nowNs += Math.min(timeoutNs, sleepMs * NS_PER_MS);
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
    if (nowNs > dueNs) {
      throw new Wrong("it slept for too long");
    }
    for (int i = 0; i < events; i++) {
      posted.removeFirst().run();
    }
    timers();
    hangUps();
    settle();
    comparison.judge(rules.takePending());
    comparison.compare();
    disk.check();
  }

  /** When it has to wake up by itself at the latest. */
  private long dueNs() {
    // What would wait while nothing is written depends on limits that nobody has to look at then.
    long dueNs = host.passive ? nextSweepNs : Math.min(nextSweepNs, host.lowersAtNs());
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
      int i = rest.clock.index();
      int khz = host.target[i];
      boolean wanted = khz > 0 && !host.passive;
      host.unsaved[i] = wanted && disk.isFull() && !rest.isKept();
      rest.decided(wanted && !host.unsaved[i], khz, isOnline(rest.clock));
      rest.keep(nowNs);
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
}
