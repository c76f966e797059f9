package dev.vmpower.host;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vmpower.host.arbiter.Envelope;
import dev.vmpower.host.claims.ClaimLedger;
import dev.vmpower.host.config.Config;
import dev.vmpower.host.monitor.Event;
import dev.vmpower.host.monitor.Monitor;
import dev.vmpower.host.monitor.Verb;
import dev.vmpower.host.orders.OrdersFile;
import dev.vmpower.host.sampler.Probe;
import dev.vmpower.host.view.CpuView;
import dev.vmpower.host.view.StatusView;
import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.cpufreq.OriginalStore;
import dev.vmpower.machine.fake.FakeSysfs;
import dev.vmpower.machine.net.GuestInterface;
import dev.vmpower.machine.sysfs.DirectorySysfs;
import dev.vmpower.machine.sysfs.Sysfs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.jspecify.annotations.Nullable;

/**
 * A real monitor on a fake kernel: real AF_UNIX sockets, real threads, and time that a test can
 * make jump.
 */
public final class Rig implements AutoCloseable {
  public static final String TABLE = "2601000 2600000 2300000 2000000 1700000 1400000 1200000";
  public static final long SECOND_NS = 1_000_000_000L;

  private static final long WAIT_S = 20;
  private static final Duration LOOK_EVERY = Duration.ofMillis(2);

  /** The fake kernel; one that nobody looks at for a rig on a plain directory. */
  public final FakeSysfs sysfs;

  public final Path directory;

  /** What the sampler was told to count, each time. */
  public final LinkedBlockingQueue<List<Probe>> probes = new LinkedBlockingQueue<>();

  private final Sysfs tree;
  private final AtomicLong passedNs = new AtomicLong();
  private final AtomicLong wallJumpedMs = new AtomicLong();
  private final List<FakeGuest> guests = new ArrayList<>();
  private Config config;
  private @Nullable Monitor monitor;

  /** A rig on {@code sysfs}, with its sockets and state below {@code directory}. */
  public Rig(Path directory, FakeSysfs sysfs) {
    this(directory, sysfs, sysfs);
  }

  /** A rig on the plain directory {@code tree}. */
  public Rig(Path directory, DirectorySysfs tree) {
    this(directory, new FakeSysfs(), tree);
  }

  /** A rig on {@code tree}, which may be the fake kernel with something before it. */
  public Rig(Path directory, FakeSysfs sysfs, Sysfs tree) {
    this.directory = directory;
    this.sysfs = sysfs;
    this.tree = tree;
    this.config =
        new Config(
            new Config.Cpu(directory, CpuSet.of(), false, 8, true, false, false),
            new Config.State(directory.resolve("run"), directory.resolve("lib")),
            new Config.Control(directory.resolve("control.sock"), null),
            new Config.Libvirt(""),
            new Config.Compat(false, directory),
            List.of());
  }

  /** A rig on {@code cpus} pCPUs with a clock each. */
  public static Rig withCpus(Path directory, int cpus) {
    FakeSysfs sysfs = new FakeSysfs().put("online", "0-" + (cpus - 1)).addCpus(0, cpus, TABLE);
    return new Rig(directory, sysfs);
  }

  /** Changes section {@code [cpu]} before {@link #start}. */
  public Rig cpu(UnaryOperator<Config.Cpu> change) {
    config =
        new Config(
            change.apply(config.cpu()),
            config.state(),
            config.control(),
            config.libvirt(),
            config.compat(),
            config.vms());
    return this;
  }

  /** Adds a static VM with one pinning, such as {@code "2-3"}, for each vCPU. */
  public Rig vm(String name, String... vcpus) {
    return vm(name, Envelope.HARDWARE, vcpus);
  }

  /** Adds a static VM with an envelope. */
  public Rig vm(String name, Envelope envelope, String... vcpus) {
    List<CpuSet> pinning = Arrays.stream(vcpus).map(CpuSet::parse).toList();
    return entry(new Config.VmEntry(name, channels(), pinning, null, true, envelope));
  }

  /** Adds a static VM with one vCPU and network interfaces. */
  public Rig vm(String name, List<GuestInterface> interfaces, String cpus) {
    return entry(
        new Config.VmEntry(
            name,
            channels(),
            List.of(CpuSet.parse(cpus)),
            null,
            true,
            Envelope.HARDWARE,
            interfaces));
  }

  /** Adds a {@code [[vm]]} as it is. */
  public Rig entry(Config.VmEntry entry) {
    List<Config.VmEntry> vms = new ArrayList<>(config.vms());
    vms.removeIf(vm -> vm.name().equals(entry.name()));
    vms.add(entry);
    config =
        new Config(
            config.cpu(), config.state(), config.control(), config.libvirt(), config.compat(), vms);
    return this;
  }

  public Config config() {
    return config;
  }

  private Path channels() {
    return directory.resolve("channels");
  }

  /** Starts the monitor, and waits until it serves the sockets there are. */
  public Rig start() throws IOException, InterruptedException {
    make();
    monitor().start();
    monitor().awaitServing();
    return this;
  }

  /** Makes the monitor, for a test that calls its wake-ups, and its end, by hand. */
  public Monitor begin() throws IOException {
    make();
    monitor().begin();
    return monitor();
  }

  private void make() throws IOException {
    Files.createDirectories(channels());
    Files.createDirectories(config.state().dir());
    Files.createDirectories(config.state().lib());
    ClaimLedger ledger = new ClaimLedger(config.state().dir());
    ledger.load();
    monitor =
        new Monitor(
            config,
            tree,
            new OriginalStore(config.state().dir(), "boot", "fake"),
            ledger,
            new OrdersFile(config.state().lib()),
            probes::add,
            () -> System.nanoTime() + passedNs.get(),
            () ->
                System.currentTimeMillis()
                    + TimeUnit.NANOSECONDS.toMillis(passedNs.get())
                    + wallJumpedMs.get());
  }

  /** The monitor under test. */
  public Monitor monitor() {
    if (monitor == null) {
      throw new IllegalStateException("not started");
    }
    return monitor;
  }

  /** A guest of the static VM {@code vm} on channel {@code number}, connected. */
  public FakeGuest guest(String vm, int number) throws Exception {
    return guestAt(channels().resolve(vm + "." + number));
  }

  /** A guest behind the socket {@code path}, connected. */
  public FakeGuest guestAt(Path path) throws Exception {
    int before = status().channels();
    FakeGuest guest = FakeGuest.listen(path);
    guests.add(guest);
    guest.awaitConnection();
    soon().until(() -> status().channels() > before);
    return guest;
  }

  // The usual tenth of a second between two looks would be most of what a test takes.
  private static ConditionFactory soon() {
    return Awaitility.await().pollDelay(Duration.ZERO).pollInterval(LOOK_EVERY);
  }

  /** Posts what libvirt would tell. */
  public void post(Event event) throws Exception {
    assertThat(monitor().mailbox().offer(event)).isTrue();
    sync();
  }

  /** Waits until the monitor has done all that was posted before. */
  public void sync() throws Exception {
    CompletableFuture<Void> done = new CompletableFuture<>();
    assertThat(monitor().mailbox().offer(new Event.Sync(done))).isTrue();
    done.get(WAIT_S, TimeUnit.SECONDS);
  }

  /** Lets time pass and the monitor see it. */
  public void pass(long ns) throws Exception {
    passedNs.addAndGet(ns);
    // The wake-up that answers first may have read the clock before; the next one has not, and the
    // one after that finds it done.
    long wakeups = status().wakeups();
    soon().until(() -> status().wakeups() > wakeups + 1);
  }

  /** Sets the wall clock, forward or back, while no time passes. */
  public void setWallClock(long byMs) throws Exception {
    wallJumpedMs.addAndGet(byMs);
    pass(0);
  }

  /** Lets time pass while the monitor is stopped. */
  public void passWhileStopped(long ns) {
    passedNs.addAndGet(ns);
  }

  /** Asks a verb and returns its answer. */
  public <T> T ask(Verb<T> verb) throws Exception {
    try {
      return monitor().ask(verb).get(WAIT_S, TimeUnit.SECONDS);
    } catch (ExecutionException refused) {
      throw refused.getCause() instanceof Exception cause ? cause : refused;
    }
  }

  public CpuView cpu(int number) throws Exception {
    return ask(new Verb.ListCpus()).get(number);
  }

  public StatusView status() throws Exception {
    return ask(new Verb.Status());
  }

  /** The frequency that this hardware was last told, in kHz. */
  public int khz(int policy) {
    return sysfs.policy(policy).currentKhz();
  }

  public String governor(int policy) {
    return sysfs.policy(policy).governor();
  }

  /** Ends the monitor in good order. */
  public void stop() throws InterruptedException, ExecutionException, TimeoutException {
    if (monitor != null) {
      assertThat(monitor.mailbox().offer(new Event.Stop())).isTrue();
      try {
        monitor.ended().get(WAIT_S, TimeUnit.SECONDS);
      } finally {
        monitor = null;
      }
    }
  }

  @Override
  public void close() throws IOException {
    for (FakeGuest guest : guests) {
      guest.close();
    }
    try {
      stop();
    } catch (InterruptedException | ExecutionException | TimeoutException badly) {
      throw new AssertionError("the monitor did not end well", badly);
    }
  }
}
