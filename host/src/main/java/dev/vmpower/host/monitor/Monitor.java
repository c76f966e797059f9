package dev.vmpower.host.monitor;

import dev.vmpower.host.channel.Channel;
import dev.vmpower.host.channel.Links;
import dev.vmpower.host.claims.ClaimLedger;
import dev.vmpower.host.clock.Clocks;
import dev.vmpower.host.clock.Holds;
import dev.vmpower.host.config.Config;
import dev.vmpower.host.feed.Feed;
import dev.vmpower.host.orders.OrdersFile;
import dev.vmpower.host.sampler.Probe;
import dev.vmpower.machine.cpufreq.OriginalStore;
import dev.vmpower.machine.epoll.TurnSelector;
import dev.vmpower.machine.sysfs.Sysfs;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The thread that owns every VM, vote, channel and cpufreq file.
 *
 * <p>It sleeps in the selector. In one wake-up it reads what is ready, folds it into votes, takes
 * what other threads posted, settles the frequency domains whose targets changed, each with one
 * write, and then sends the replies.
 *
 * <p>A simulation does without the thread: it calls {@link #begin}, {@link #wakeUp} and {@link
 * #end} itself.
 */
public final class Monitor {
  /** How often it looks at what the kernel changes without a word. */
  public static final long SWEEP_NS = 5_000_000_000L;

  /** How many events it takes in one wake-up, so that guests do not wait for a burst of them. */
  static final int EVENTS_PER_TURN_MAX = 64;

  private final TurnSelector selector;
  private final Mailbox mailbox;
  private final Links links;
  private final Clocks clocks;
  private final Connections connections;
  private final Fleet fleet;
  private final ClaimLedger ledger;
  private final Statistics statistics = new Statistics();
  private final Turn turn;
  private final Sockets sockets;
  private final FifoVms fifos;
  private final PolicyTicker policies;
  private final OperatorPolicies operatorPolicies;
  private final Reception reception;
  private final Feed feed = new Feed();
  private final LastSteps lastSteps = new LastSteps();
  private final Changes changes;
  private final LongSupplier clockNs;
  private final LongSupplier wallMs;
  private final Thread thread;
  private final CompletableFuture<Void> ended = new CompletableFuture<>();

  private Config config;
  private Heartbeat heartbeat = Heartbeat.none();
  private boolean stopping;
  private boolean givesBack = true;
  private boolean moreEvents;
  private long nextSweepNs;
  private long nextCheckNs = Long.MAX_VALUE;
  private long dueNs; // when the first of what is timed is to be done
  private long wakeups;

  /**
   * A monitor over {@code sysfs}; nothing is read or written there before {@link #start}, but for
   * its shape.
   *
   * @param kept what operators ordered in earlier runs, and where it is kept
   * @param sampler is told what policies want to be counted; {@link Event.Sampled} answers
   * @param clockNs time that never jumps, for deadlines
   * @param wallMs the wall clock, to show
   * @throws IOException if the saved originals cannot be used, or the kernel lacks descriptors
   */
  public Monitor(
      Config config,
      Sysfs sysfs,
      OriginalStore originals,
      ClaimLedger ledger,
      OrdersFile kept,
      Consumer<List<Probe>> sampler,
      LongSupplier clockNs,
      LongSupplier wallMs)
      throws IOException {
    this(config, sysfs, originals, ledger, Surroundings.real(kept, sampler, clockNs, wallMs));
  }

  /** As the other one, in any surroundings. */
  public Monitor(
      Config config, Sysfs sysfs, OriginalStore originals, ClaimLedger ledger, Surroundings around)
      throws IOException {
    this.config = config;
    this.ledger = ledger;
    this.clockNs = around.clockNs();
    this.wallMs = around.wallMs();
    this.selector = around.selector();
    this.mailbox = new Mailbox(selector);
    this.clocks = new Clocks(sysfs, config.cpu(), originals);
    this.clocks.adopt(clockNs.getAsLong());
    this.policies = new PolicyTicker(clocks, around.sampler());
    GuestPolicies guests = new GuestPolicies(clocks, policies);
    Votes votes = new Votes(clocks);
    this.turn = new Turn(clocks, votes, guests, statistics, ledger);
    this.sockets = new Sockets(turn, clockNs, wallMs);
    this.links =
        around
            .links()
            .make(
                (vm, number, socket, peer) ->
                    mailbox.offer(Event.Connected.of(vm, number, socket, peer)));
    Overrides overrides = new Overrides();
    this.connections =
        new Connections(
            clocks, guests, ledger, channel -> links.lost(channel.vm().name(), channel.number()));
    this.fleet = new Fleet(clocks, connections, overrides);
    this.fifos = new FifoVms(clocks, fleet, votes, guests, statistics, this::publishChanges);
    Holds holds = new Holds(clocks);
    this.operatorPolicies = new OperatorPolicies(clocks, holds, fleet, policies);
    PolicyDesk desk = new PolicyDesk(clocks, fleet, guests, operatorPolicies);
    this.reception =
        new Reception(
            clocks,
            holds,
            fleet,
            connections,
            overrides,
            desk,
            statistics,
            this::settle,
            around.orders(),
            config.cpu());
    this.changes = new Changes(feed, clocks, fleet, statistics, reception::mode, desk::list);
    this.thread = Thread.ofPlatform().name("monitor").unstarted(this::run);
  }

  /** Names who finds out about other programs' changes; {@link Event.Suspected} answers. */
  public void whenConflictFound(Runnable told) {
    clocks.whenConflictFound(told);
  }

  /** Names the watchdog; before {@link #start}. */
  public void setHeartbeat(Heartbeat heartbeat) {
    this.heartbeat = heartbeat;
  }

  /** Starts serving; {@link #awaitServing} waits until all sockets that exist are connected. */
  public void start() {
    begin();
    thread.start();
  }

  /** What {@link #start} does before the thread runs. */
  public void begin() {
    policies.tick(clockNs.getAsLong(), wallMs.getAsLong());
    reception.restore(clockNs.getAsLong(), wallMs.getAsLong());
    fleet.configure(config.vms(), wallMs.getAsLong());
    nextSweepNs = clockNs.getAsLong() + SWEEP_NS;
    if (clocks.checkEveryNs() < SWEEP_NS) {
      nextCheckNs = clockNs.getAsLong() + clocks.checkEveryNs();
    }
    links.start();
  }

  /** Waits until every socket that exists, of the VMs that are known, has been taken up. */
  public void awaitServing() throws InterruptedException {
    sync();
    links.awaitPass();
    sync();
  }

  private void sync() throws InterruptedException {
    CompletableFuture<Void> done = new CompletableFuture<>();
    mailbox.offer(new Event.Sync(done));
    while (!done.isDone() && !ended.isDone()) {
      CompletableFuture.anyOf(done, ended).join();
    }
  }

  /** Where other threads post. */
  public Mailbox mailbox() {
    return mailbox;
  }

  /** Where those who follow what changes get it from. */
  public Feed feed() {
    return feed;
  }

  /**
   * Asks a verb. The answer fails with {@link Verb.RefusedException} where it cannot be done, and
   * with {@link IllegalStateException} where too many ask, or the daemon ends.
   */
  public <T> CompletableFuture<T> ask(Verb<T> verb) {
    CompletableFuture<T> answer = new CompletableFuture<>();
    if (ended.isDone() || !mailbox.offer(new Event.Asked<>(verb, answer))) {
      answer.completeExceptionally(new IllegalStateException("the daemon is too busy or ends"));
    }
    return answer;
  }

  /** Completed when the thread has ended and everything is given back; fails if it broke. */
  public CompletableFuture<Void> ended() {
    return ended;
  }

  private void run() {
    try {
      while (!stopping) {
        wakeUp();
      }
      end(null);
    } catch (IOException | RuntimeException | Error broke) {
      end(broke);
    }
  }

  /** What the thread does at its end: gives everything back, where it is to, and closes all. */
  public void end(@Nullable Throwable broke) {
    if (broke != null) {
      lastSteps.broke(broke);
    }
    LastSteps.Step giveBack = givesBack || broke != null ? clocks::giveBackAll : () -> {};
    lastSteps.insistOn(giveBack);
    lastSteps.attempt(() -> ledger.save(Connections.claims(fleet.entries()), clockNs.getAsLong()));
    lastSteps.attempt(links::close);
    lastSteps.attempt(fleet::closeSockets);
    lastSteps.attempt(selector::close);
    lastSteps.attempt(giveBack); // what lacked descriptors: now there are some
    lastSteps.attempt(reception::close);
    Throwable failure = lastSteps.failure();
    if (failure == null) {
      ended.complete(null);
    } else {
      ended.completeExceptionally(failure);
    }
  }

  /** Waits until the thread is no more. Whether it ended well. */
  public boolean awaitEnd() {
    try {
      thread.join();
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
    return ended.isDone() && !ended.isCompletedExceptionally();
  }

  /**
   * Waits until something happens, or is due, and does all that has to be done then.
   *
   * @throws IOException if the selector broke
   */
  public void wakeUp() throws IOException {
    sockets.begin();
    dueNs = deadlineNs();
    selector.turn(sockets, moreEvents ? 0 : Math.max(dueNs - clockNs.getAsLong(), 0));
    wakeups++;
    long nowNs = clockNs.getAsLong();
    long nowMs = wallMs.getAsLong();
    changes.begin(nowMs);
    takeEvents(nowNs, nowMs);
    if (nowNs >= dueNs) {
      runTimers(nowNs, nowMs);
    }
    dropBroken(nowMs);
    publishChanges();
    clocks.settle(nowNs, nowMs);
    turn.reply(sockets, nowNs);
    fifos.settled(nowNs);
    if (!sockets.broken().isEmpty()) {
      dropBroken(nowMs);
      clocks.settle(nowNs, nowMs);
    }
    if (nowNs >= ledger.deadlineNs()) {
      ledger.save(Connections.claims(fleet.entries()), nowNs);
    }
    changes.publish();
    heartbeat.turned(nowNs);
  }

  private long deadlineNs() {
    long firstNs = Math.min(Math.min(nextSweepNs, nextCheckNs), clocks.deadlineNs());
    firstNs = Math.min(Math.min(firstNs, policies.deadlineNs()), heartbeat.deadlineNs());
    return Math.min(Math.min(firstNs, ledger.deadlineNs()), sockets.deadlineNs());
  }

  private void dropBroken(long nowMs) {
    List<Channel> broken = sockets.broken();
    for (int i = 0; i < broken.size(); i++) {
      changes.suspectAll();
      fleet.hungUp(broken.get(i), nowMs);
    }
    broken.clear();
  }

  /** After VMs, pinnings or channels changed: once, however many of them did. */
  private void publishChanges() {
    if (fleet.takeChanged()) {
      placeVcpus();
      links.want(fleet.targets());
      connections.tellClosed();
    }
  }

  private void placeVcpus() {
    fleet.placeVcpus();
    operatorPolicies.attach();
    policies.changed();
  }

  private void runTimers(long nowNs, long nowMs) {
    sockets.endRests(nowNs);
    policies.tick(nowNs, nowMs);
    clocks.expire(nowNs, turn.isEmpty());
    if (reception.expire(nowNs)) {
      changes.suspectAll();
    }
    if (nowNs >= nextCheckNs) {
      nextCheckNs = nowNs + clocks.checkEveryNs();
      clocks.touchManaged();
    }
    if (nowNs >= nextSweepNs) {
      nextSweepNs = nowNs + SWEEP_NS;
      changes.sweep();
      policies.lookAtClock(nowNs, nowMs);
      if (clocks.sweep()) {
        placeVcpus();
      }
    }
  }

  private void takeEvents(long nowNs, long nowMs) throws IOException {
    for (int i = 0; i < EVENTS_PER_TURN_MAX; i++) {
      Event event = mailbox.poll();
      if (event == null) {
        moreEvents = false;
        return;
      }
      changes.suspectAll();
      take(event, nowNs, nowMs);
    }
    moreEvents = true;
  }

  private void take(Event event, long nowNs, long nowMs) throws IOException {
    switch (event) {
      case Event.Connected connected -> {
        publishChanges();
        Connections.attend(connected, fleet.connected(connected, nowMs), selector, sockets);
      }
      case Event.LibvirtConnected all -> {
        reception.setLibvirt("connected");
        fleet.domains(all.domains(), nowMs);
      }
      case Event.LibvirtDisconnected lost -> reception.setLibvirt(lost.why());
      case Event.DomainChanged one -> fleet.domain(one.domain(), nowMs);
      case Event.DomainGone one -> fleet.gone(one.uuid(), nowMs);
      case Event.DomainRebooted one -> fleet.rebooted(one.uuid(), nowMs);
      case Event.GuestPort port -> fleet.guestPort(port.uuid(), port.channel(), port.open(), nowMs);
      case Event.FifosOpened opened -> fleet.setFifos(opened.cpus());
      case Event.FifoOrdered ordered -> fifos.take(ordered, nowMs);
      case Event.Sampled sampled -> policies.take(sampled.readings());
      case Event.Suspected suspected -> clocks.accuse(suspected.cause());
      case Event.Branches branches -> policies.setBranches(branches.whyNot());
      case Event.Configured fresh -> {
        config = fresh.config();
        fleet.configure(config.vms(), nowMs);
        policies.lookAtClock(nowNs, nowMs); // the time zone may be another
        settle(nowNs, nowMs);
        fresh.done().complete(null);
      }
      case Event.Asked<?> asked -> {
        changes.begin(nowMs); // whoever asks after it began to follow misses nothing from here
        reception.take(asked, wakeups, nowNs, nowMs);
      }
      case Event.Sync sync -> {
        settle(nowNs, nowMs);
        sync.done().complete(null);
      }
      case Event.Stop stop -> {
        stopping = true;
        givesBack = stop.giveBack();
      }
    }
  }

  private void settle(long nowNs, long nowMs) {
    publishChanges();
    clocks.settle(nowNs, nowMs);
  }
}
