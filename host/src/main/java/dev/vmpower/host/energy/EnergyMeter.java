package dev.vmpower.host.energy;

import dev.vmpower.host.view.DomainView;
import dev.vmpower.host.view.EnergyView;
import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.power.BusyTimes;
import dev.vmpower.machine.power.EnergyCounter;
import dev.vmpower.machine.power.FrequencyTimes;
import dev.vmpower.machine.power.VcpuTimes;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks once a minute at what the hardware and the kernel count, and keeps what that comes to:
 * since the start, and by the hour for a month. Guests are told nothing of it.
 *
 * <p>A thread of its own, which sleeps in between; whoever asks waits for one look at most.
 */
public final class EnergyMeter implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger("vmpower.energy");

  /** How often it looks. */
  public static final long LOOK_EVERY_NS = 60_000_000_000L;

  private static final long NS_PER_MS = 1_000_000;
  private static final double MS_PER_S = 1_000;
  private static final long MS_PER_HOUR = 3_600_000;
  private static final long SAVE_EVERY_MS = 600_000;

  /** Where the counters are. */
  public record Sources(Path cpuRoot, Path powercap, Path proc) {
    /**
     * Those of this machine; or, of a tree that only looks like its {@code cpuRoot}, what may lie
     * there beside it: a {@code powercap} and a {@code proc} of its own.
     */
    public static Sources of(Path cpuRoot, boolean isKernel) {
      return isKernel
          ? new Sources(cpuRoot, Path.of("/sys/class/powercap"), Path.of("/proc"))
          : new Sources(cpuRoot, cpuRoot.resolve("powercap"), cpuRoot.resolve("proc"));
    }
  }

  /** The counters, from the first look on. */
  private static final class Counters {
    private final List<EnergyCounter> packages;
    private final BusyTimes busy;
    private final VcpuTimes vcpus;
    private final Map<Integer, FrequencyTimes> times = new HashMap<>();

    Counters(Sources sources) {
      packages = EnergyCounter.find(sources.powercap());
      busy = new BusyTimes(sources.proc().resolve("stat"));
      vcpus = new VcpuTimes(sources.proc());
    }
  }

  private final Sources sources;
  private final Supplier<List<DomainView>> present;
  private final LongSupplier clockNs;
  private final LongSupplier wallMs;
  private final EnergyFile file;
  private final TreeMap<Long, Usage> hours = new TreeMap<>();
  private final Thread thread;
  private volatile boolean closed;

  private @Nullable Counters counters;
  private final Map<Integer, TreeMap<Integer, Long>> spentMs = new TreeMap<>();
  private List<DomainView> domains = List.of();
  private Usage sinceStart = Usage.NONE;
  private long lookedNs;
  private long savedMs;
  private boolean complained;

  /**
   * A meter that counts from now on.
   *
   * @param lib where reports are kept across restarts
   * @param present the frequency domains, and which are managed; may wait for the monitor
   * @param clockNs time that never jumps
   * @param wallMs the wall clock, by which hours are kept
   */
  public EnergyMeter(
      Sources sources,
      Path lib,
      Supplier<List<DomainView>> present,
      LongSupplier clockNs,
      LongSupplier wallMs) {
    this.sources = sources;
    this.present = present;
    this.clockNs = clockNs;
    this.wallMs = wallMs;
    this.file = new EnergyFile(lib);
    this.savedMs = wallMs.getAsLong();
    this.thread = Thread.ofPlatform().daemon().name("energy").unstarted(this::run);
  }

  /** Begins to look. */
  public void start() {
    lookOrTell();
    thread.start();
  }

  private void run() {
    while (!closed) {
      LockSupport.parkNanos(this, LOOK_EVERY_NS);
      if (!closed) {
        lookOrTell();
      }
    }
  }

  private void lookOrTell() {
    try {
      look();
    } catch (RuntimeException bug) {
      LOG.error("energy: {}", bug.toString(), bug);
    }
  }

  /** Takes what was counted since the last look; the first one begins. */
  synchronized void look() {
    List<DomainView> now = present.get();
    domains = now.isEmpty() ? domains : now; // none while the daemon ends
    Counters counting = counters;
    if (counting == null) {
      counting = new Counters(sources);
      for (DomainView domain : domains) {
        timesOf(domain, counting);
      }
      counters = counting;
      hours.putAll(file.load());
      lookedNs = clockNs.getAsLong();
      return;
    }
    long passedMs = (clockNs.getAsLong() - lookedNs) / NS_PER_MS;
    if (passedMs > 0) {
      lookedNs += passedMs * NS_PER_MS;
      add(EnergyModel.usage(interval(passedMs, counting)), wallMs.getAsLong());
    }
  }

  private void add(Usage used, long nowMs) {
    sinceStart = sinceStart.plus(used);
    hours.merge(nowMs / MS_PER_HOUR, used, Usage::plus);
    while (hours.size() > EnergyView.HOURS_MAX) {
      hours.pollFirstEntry();
    }
    if (nowMs - savedMs >= SAVE_EVERY_MS || nowMs < savedMs) {
      save(nowMs);
    }
  }

  private FrequencyTimes timesOf(DomainView domain, Counters counting) {
    return counting.times.computeIfAbsent(
        domain.domain(),
        number -> new FrequencyTimes(sources.cpuRoot().resolve("cpufreq/policy" + number)));
  }

  private Interval interval(long passedMs, Counters counting) {
    List<Interval.Domain> seen = new ArrayList<>();
    for (DomainView domain : domains) {
      Map<Integer, Long> spent = timesOf(domain, counting).advance(passedMs);
      TreeMap<Integer, Long> all =
          spentMs.computeIfAbsent(domain.domain(), number -> new TreeMap<>());
      spent.forEach((khz, ms) -> all.merge(khz, ms, Long::sum));
      seen.add(
          new Interval.Domain(
              domain.packageId(),
              CpuSet.parse(domain.cpus()),
              domain.maxKhz(),
              domain.managed(),
              spent));
    }
    Map<Integer, Double> joules = new HashMap<>();
    for (EnergyCounter counter : counting.packages) {
      try {
        joules.put(counter.packageId(), counter.advanceJoules());
      } catch (IOException unreadable) {
        // Without it the interval is one that nobody measured.
      }
    }
    return new Interval(passedMs, seen, counting.busy.advance(), joules, counting.vcpus.advance());
  }

  private void save(long nowMs) {
    savedMs = nowMs;
    try {
      file.save(hours);
      complained = false;
    } catch (IOException full) {
      if (!complained) {
        complained = true;
        LOG.warn("reports of energy are not kept across a restart: {}", full.toString());
      }
    }
  }

  /** What was used since the start, with the time at each frequency. */
  public synchronized EnergyView sinceStart() {
    look();
    List<EnergyView.Times> all = new ArrayList<>();
    for (DomainView domain : domains) {
      Map<Integer, Long> spent = spentMs.getOrDefault(domain.domain(), new TreeMap<>());
      all.add(
          new EnergyView.Times(
              domain.domain(),
              domain.cpus(),
              List.copyOf(spent.keySet()),
              spent.values().stream().map(ms -> ms / MS_PER_S).toList()));
    }
    return view(sinceStart, all);
  }

  /** What the last {@code count} hours used, the present one included. */
  public synchronized EnergyView lastHours(int count) {
    look();
    long nowHour = wallMs.getAsLong() / MS_PER_HOUR;
    Usage sum = Usage.NONE;
    for (Usage hour : hours.subMap(nowHour - count + 1, true, nowHour, true).values()) {
      sum = sum.plus(hour);
    }
    return view(sum, List.of());
  }

  private static EnergyView view(Usage usage, List<EnergyView.Times> times) {
    boolean measured = usage.measured() && usage.seconds() > 0;
    List<EnergyView.Share> shares = new ArrayList<>();
    double others = 1;
    double othersJoules = usage.joules();
    for (Map.Entry<String, Usage.Part> vm : usage.vms().entrySet()) {
      Usage.Part part = vm.getValue();
      double share = usage.cpuS() > 0 ? part.cpuS() / usage.cpuS() : 0;
      others -= share;
      othersJoules -= part.joules();
      shares.add(new EnergyView.Share(vm.getKey(), share, joules(measured, part.joules())));
    }
    shares.add(
        new EnergyView.Share(
            null, Math.max(others, 0), joules(measured, Math.max(othersJoules, 0))));
    double full = usage.cpuS() + usage.savedCpuS();
    return new EnergyView(
        usage.seconds(),
        measured,
        joules(measured, usage.joules()),
        joules(measured, usage.savedJoules()),
        full > 0 ? usage.savedCpuS() / full : 0,
        shares,
        times,
        EnergyView.METHOD);
  }

  private static @Nullable Double joules(boolean measured, double joules) {
    return measured ? (Double) joules : null;
  }

  @Override
  public void close() {
    closed = true;
    LockSupport.unpark(thread);
    synchronized (this) {
      if (counters != null) {
        look();
        save(wallMs.getAsLong());
      }
    }
  }
}
