package dev.vmpower.host;

import dev.vmpower.host.claims.ClaimLedger;
import dev.vmpower.host.clock.Clocks;
import dev.vmpower.host.clock.NotGivenBackException;
import dev.vmpower.host.config.Config;
import dev.vmpower.host.config.ConfigException;
import dev.vmpower.host.config.ConfigFile;
import dev.vmpower.host.control.ControlServer;
import dev.vmpower.host.energy.EnergyMeter;
import dev.vmpower.host.fifo.FifoFeed;
import dev.vmpower.host.monitor.Event;
import dev.vmpower.host.monitor.FifoOrders;
import dev.vmpower.host.monitor.Heartbeat;
import dev.vmpower.host.monitor.LibvirtFeed;
import dev.vmpower.host.monitor.Monitor;
import dev.vmpower.host.monitor.SamplerFeed;
import dev.vmpower.host.monitor.Verb;
import dev.vmpower.host.orders.OrdersFile;
import dev.vmpower.host.rehearsal.Rehearsal;
import dev.vmpower.host.sampler.Sampler;
import dev.vmpower.host.suspects.Suspects;
import dev.vmpower.host.view.DomainView;
import dev.vmpower.host.view.EnergyView;
import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.cpu.Topology;
import dev.vmpower.machine.cpufreq.OriginalStore;
import dev.vmpower.machine.libvirt.LibvirtException;
import dev.vmpower.machine.libvirt.LibvirtWatch;
import dev.vmpower.machine.net.PacketCounters;
import dev.vmpower.machine.process.PowerPrograms;
import dev.vmpower.machine.sysfs.DirectorySysfs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TimeZone;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** All rooms of the daemon, put together and serving. */
public final class RunningDaemon implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger("vmpower");
  private static final Path NET_CLASS = Path.of("/sys/class/net");
  private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");

  private static final long LIBVIRT_WAIT_NS = 3_000_000_000L;
  private static final long MS_PER_S = 1_000;
  private static final long FULL_WAIT_NS = 1_000_000L;

  private final Path file;
  private final StateDirectory state;
  private final CompletableFuture<Void> leaving = new CompletableFuture<>();
  private volatile boolean handedOver;
  private final Monitor monitor;
  private final Sampler sampler;
  private final Suspects suspects = new Suspects(new PowerPrograms()::find, System::nanoTime);
  private final EnergyMeter energy;
  private final ControlServer control;
  private Config config;
  private @Nullable LibvirtWatch libvirt;
  private @Nullable FifoFeed fifos;

  private RunningDaemon(
      Path file, Config config, StateDirectory state, Monitor monitor, Sampler sampler) {
    this.file = file;
    this.config = config;
    this.state = state;
    this.monitor = monitor;
    this.sampler = sampler;
    DirectorySysfs sysfs = new DirectorySysfs(config.cpu().root());
    this.energy =
        new EnergyMeter(
            EnergyMeter.Sources.of(config.cpu().root(), sysfs.isKernel()),
            config.state().lib(),
            this::domains,
            System::nanoTime,
            System::currentTimeMillis);
    this.control =
        new ControlServer(
            config.control().socket(),
            config.control().http(),
            monitor::ask,
            this::pin,
            this::reloadOrRefuse,
            this::handOver,
            new Meter(energy),
            monitor.feed());
  }

  /**
   * Starts a daemon and returns when it serves.
   *
   * @param file where {@code config} was read from, for {@link #reload}
   * @throws IOException in one line, if it cannot start; nothing is then changed
   */
  public static RunningDaemon start(Path file, Config config) throws IOException {
    return start(file, config, Heartbeat.none());
  }

  /** As the other one, under a watchdog. */
  static RunningDaemon start(Path file, Config config, Heartbeat heartbeat) throws IOException {
    StateDirectory state = StateDirectory.lock(config.state().dir());
    try {
      Files.createDirectories(config.state().lib());
      Rehearsal.run(config.state().dir(), System::nanoTime, System::currentTimeMillis);
      ClaimLedger ledger = new ClaimLedger(config.state().dir());
      ledger.load();
      Sampler sampler = new Sampler(new PacketCounters(NET_CLASS), System::nanoTime);
      Monitor monitor =
          new Monitor(
              config,
              new DirectorySysfs(config.cpu().root()),
              originals(config),
              ledger,
              new OrdersFile(config.state().lib()),
              sampler::want,
              System::nanoTime,
              System::currentTimeMillis);
      monitor.setHeartbeat(heartbeat);
      RunningDaemon daemon = new RunningDaemon(file, config, state, monitor, sampler);
      try {
        daemon.serve();
        new HandoverMark(config.state().dir()).remove();
      } catch (IOException failed) {
        daemon.close();
        throw failed;
      }
      return daemon;
    } catch (IOException | RuntimeException failed) {
      state.close();
      throw failed;
    }
  }

  /**
   * Gives back what a daemon that crashed had managed, without serving anybody. After a handover it
   * leaves all as it is until the next daemon's time is over.
   *
   * @throws IOException in one line, if a daemon runs, or not everything could be given back
   */
  public static void restore(Config config) throws IOException {
    StateDirectory state = StateDirectory.lock(config.state().dir());
    HandoverMark mark = new HandoverMark(config.state().dir());
    try {
      long remainingMs = mark.remainingMs().orElse(0);
      if (remainingMs > 0) {
        LOG.info(
            "handed over: all stays as it is, as the next daemon has {} s yet; to give back now,"
                + " remove {}",
            remainingMs / MS_PER_S,
            mark.file());
        return;
      }
      Clocks clocks =
          new Clocks(new DirectorySysfs(config.cpu().root()), config.cpu(), originals(config));
      clocks.adopt(System.nanoTime());
      clocks.giveBackAll();
      mark.remove();
    } finally {
      state.close();
    }
  }

  private static OriginalStore originals(Config config) throws IOException {
    return new OriginalStore(
        config.state().dir(), Files.readString(BOOT_ID).strip(), config.cpu().root().toString());
  }

  private void serve() throws IOException {
    monitor.whenConflictFound(suspects::look);
    monitor.start();
    suspects.start(cause -> monitor.mailbox().offer(new Event.Suspected(cause)));
    sampler.start(new SamplerFeed(monitor.mailbox()));
    String uri = config.libvirt().uri();
    try {
      if (!uri.isEmpty()) {
        LibvirtFeed feed = new LibvirtFeed(monitor);
        libvirt = new LibvirtWatch(uri, feed);
        libvirt.start();
        // A guest that starts while nobody is attached fails for good: serve the running ones
        // first.
        feed.awaitAnswer(LIBVIRT_WAIT_NS);
      }
      monitor.awaitServing();
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
    if (config.compat().fifo()) {
      openFifos();
    }
    control.start();
    energy.start();
  }

  /** What the energy meter has to know of the monitor; nothing once that has ended. */
  private List<DomainView> domains() {
    try {
      return ask(new Verb.ListDomains());
    } catch (Verb.RefusedException | RuntimeException busyOrEnded) {
      return List.of();
    }
  }

  /** What the control socket asks of the energy meter. */
  private record Meter(EnergyMeter energy) implements ControlServer.Meter {
    @Override
    public EnergyView sinceStart() {
      return energy.sinceStart();
    }

    @Override
    public EnergyView lastHours(int count) {
      return energy.lastHours(count);
    }
  }

  // Whoever may write to /tmp can be in the way of the directory: that must not stop the daemon.
  private void openFifos() {
    CpuSet present = Topology.read(new DirectorySysfs(config.cpu().root())).present();
    CpuSet cpus = present.without(config.cpu().reserved());
    try {
      FifoOrders orders = new FifoOrders(monitor);
      FifoFeed feed = FifoFeed.open(config.compat().dir(), cpus, orders, System::nanoTime);
      fifos = feed;
      post(new Event.FifosOpened(feed.cpus()));
      feed.start();
    } catch (IOException refused) {
      LOG.error("no FIFOs: {}", refused.getMessage());
    }
  }

  /** Posts what must not be lost. */
  private void post(Event event) {
    while (!monitor.ended().isDone() && !monitor.mailbox().offer(event)) {
      LockSupport.parkNanos(this, FULL_WAIT_NS);
    }
  }

  /** The thread that owns all state. */
  public Monitor monitor() {
    return monitor;
  }

  /**
   * Reads the configuration again and takes up its VMs. What needs a restart is logged.
   *
   * @throws ConfigException if the file cannot be used; nothing is then changed
   */
  public synchronized void reload() throws ConfigException {
    Config fresh = ConfigFile.read(file);
    if (!fresh.cpu().equals(config.cpu())
        || !fresh.state().equals(config.state())
        || !fresh.control().equals(config.control())
        || !fresh.libvirt().equals(config.libvirt())
        || !fresh.compat().equals(config.compat())) {
      LOG.warn("{}: changes outside of [[vm]] take effect at the next start", file);
    }
    readZoneAgain();
    CompletableFuture<Void> done = new CompletableFuture<>();
    if (!monitor.mailbox().offer(new Event.Configured(fresh, done))) {
      throw new ConfigException("the daemon is too busy; try again");
    }
    CompletableFuture.anyOf(done, monitor.ended()).join();
    config = fresh;
    LOG.info("{}: read again, {} [[vm]]", file, fresh.vms().size());
  }

  // The JVM keeps the zone that it found at its start, by name and as an object.
  private static void readZoneAgain() {
    System.clearProperty("user.timezone");
    TimeZone.setDefault(null);
  }

  private void reloadOrRefuse() throws Verb.RefusedException {
    try {
      reload();
    } catch (ConfigException bad) {
      throw new Verb.RefusedException(bad.getMessage());
    }
  }

  /**
   * Pins a vCPU, one of a domain through libvirt, and returns when its vote counts where it may run
   * now.
   *
   * @throws Verb.RefusedException if there is no such vCPU, or libvirt refused; in one line
   */
  public String pin(String vm, int vcpu, CpuSet cpus) throws Verb.RefusedException {
    LibvirtWatch watch = libvirt;
    if (watch == null || ask(new Verb.ShowVm(vm)).uuid() == null) {
      return ask(new Verb.PinVcpu(vm, vcpu, cpus));
    }
    try {
      watch.pin(vm, vcpu, cpus);
    } catch (LibvirtException refused) {
      throw new Verb.RefusedException(refused.getMessage());
    }
    CompletableFuture<Void> done = new CompletableFuture<>();
    if (monitor.mailbox().offer(new Event.Sync(done))) {
      CompletableFuture.anyOf(done, monitor.ended()).join();
    }
    return vm + " vCPU " + vcpu + " runs on pCPUs " + cpus + " now";
  }

  /**
   * Prepares to end without giving back.
   *
   * @param restoreAfterS when all is given back if no daemon has come
   * @throws Verb.RefusedException if nobody would give back; nothing is then changed
   */
  private synchronized ControlServer.Farewell handOver(int restoreAfterS)
      throws Verb.RefusedException {
    HandoverMark mark = new HandoverMark(config.state().dir());
    try {
      TimedRestore.start(file, restoreAfterS);
    } catch (IOException failed) {
      mark.remove();
      throw new Verb.RefusedException("no handover: " + failed.getMessage());
    }
    handedOver = true;
    String line =
        "handed over: all stays as it is, and is given back if no daemon comes within "
            + restoreAfterS
            + " s";
    LOG.info("{}", line);
    return new ControlServer.Farewell(line, () -> leaving.complete(null));
  }

  /** Completed when an operator wants the daemon to end. */
  public CompletableFuture<Void> leaving() {
    return leaving;
  }

  private <T> T ask(Verb<T> verb) throws Verb.RefusedException {
    CompletableFuture<T> answer = monitor.ask(verb);
    try {
      CompletableFuture.anyOf(answer, monitor.ended()).join();
      return answer.resultNow();
    } catch (CompletionException failed) {
      if (failed.getCause() instanceof Verb.RefusedException refused) {
        throw refused;
      }
      throw failed;
    }
  }

  /** Whether it broke before anybody asked it to end. */
  public boolean endedByItself() {
    return monitor.ended().isDone();
  }

  /** Gives everything back, but after a handover, and ends. */
  @Override
  public void close() throws IOException {
    post(new Event.Stop(!handedOver));
    boolean well = monitor.awaitEnd();
    sampler.close();
    suspects.close();
    energy.close();
    if (fifos != null) {
      fifos.close();
    }
    control.close(); // after everything is given back: it may take its time
    if (libvirt != null) {
      libvirt.close();
    }
    state.close();
    if (!well) {
      Throwable why = monitor.ended().exceptionNow();
      throw why instanceof NotGivenBackException notAll
          ? notAll
          : new IOException("the daemon did not end well; see the log", why);
    }
  }
}
