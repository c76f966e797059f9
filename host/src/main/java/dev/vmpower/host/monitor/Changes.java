package dev.vmpower.host.monitor;

import dev.vmpower.host.arbiter.Arbiter;
import dev.vmpower.host.channel.Channel;
import dev.vmpower.host.clock.Clocks;
import dev.vmpower.host.clock.Hold;
import dev.vmpower.host.clock.ManagedDomain;
import dev.vmpower.host.feed.Change;
import dev.vmpower.host.feed.Feed;
import dev.vmpower.host.policy.PolicyRun;
import dev.vmpower.host.view.PolicyView;
import dev.vmpower.host.vm.Refusal;
import dev.vmpower.host.vm.Vcpu;
import dev.vmpower.host.vm.Vm;
import dev.vmpower.machine.cpu.CpuSet;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Finds out what each wake-up changed, and publishes it: while somebody follows, what is now is
 * compared with what was when it was last published. So a vCPU that asked five times in one wake-up
 * is one change, and nothing that others do needs to tell.
 *
 * <p>Votes and targets are looked at where frequency domains were settled; all else when an event
 * came in. The changes of a wake-up are published at its end, causes before what they led to.
 *
 * <p>Not thread-safe: the monitor thread owns it. While nobody follows, a wake-up costs it one
 * read.
 */
final class Changes {
  private final Feed feed;
  private final Clocks clocks;
  private final Fleet fleet;
  private final Statistics statistics;
  private final Supplier<String> mode;
  private final Supplier<List<PolicyView>> policies;
  private final CpuViews views;
  private final Audit audit;

  private boolean watching;
  private boolean all;
  private Instant at = Instant.EPOCH;

  // Of this wake-up.
  private final Set<Vcpu> settled = new LinkedHashSet<>();
  private boolean policiesMoved;
  private final List<Change.Vote> votes = new ArrayList<>();
  private final List<Change.Conflict> conflicts = new ArrayList<>();
  private final List<Change.Target> targets = new ArrayList<>();
  private final Map<RefusalKey, Integer> refusals = new LinkedHashMap<>();

  // As it was last published.
  private String modeSeen = "";
  private Map<String, Vm.State> vmsSeen = new TreeMap<>();
  private Map<Channel, ChannelState> channelsSeen = new LinkedHashMap<>();
  private Map<Integer, Hold> holdsSeen = new TreeMap<>();
  private Map<String, PolicyState> policiesSeen = new TreeMap<>();
  private final Map<Vcpu, Vote> votesSeen = new HashMap<>();
  private final Map<Integer, Integer> targetsSeen = new HashMap<>();
  private final ConflictChanges conflictsSeen = new ConflictChanges();

  private record ChannelState(boolean disabled, boolean portClosed) {}

  private record PolicyState(String since, @Nullable String toml, @Nullable String level) {
    boolean isTheSame(PolicyState before) {
      return since.equals(before.since) && Objects.equals(toml, before.toml);
    }
  }

  private record Vote(
      int vote,
      boolean turbo,
      boolean claimed,
      String source,
      @Nullable PolicyRun operator,
      @Nullable PolicyRun guest) {
    boolean looksLike(Vote before) {
      return vote == before.vote
          && turbo == before.turbo
          && claimed == before.claimed
          && source.equals(before.source);
    }
  }

  private record RefusalKey(
      Vm vm, @Nullable Channel channel, Refusal refusal, @Nullable Vcpu vcpu) {}

  Changes(
      Feed feed,
      Clocks clocks,
      Fleet fleet,
      Statistics statistics,
      Supplier<String> mode,
      Supplier<List<PolicyView>> policies) {
    this.feed = feed;
    this.clocks = clocks;
    this.fleet = fleet;
    this.statistics = statistics;
    this.mode = mode;
    this.policies = policies;
    this.views = new CpuViews(clocks);
    this.audit = new Audit(clocks, fleet, views);
  }

  /** Begins to watch where the first reader has come, and ends where the last one has gone. */
  void begin(long nowMs) {
    boolean wanted = feed.isWanted();
    if (wanted) {
      at = Instant.ofEpochMilli(nowMs);
    }
    if (wanted != watching) {
      watch(wanted);
    }
  }

  private void watch(boolean wanted) {
    forget();
    if (wanted) {
      lookAtAll();
      lookAtPolicies();
      clocks.domains().forEach(this::settled);
      forgetWakeUp();
      all = true; // what came in just now has yet to be done
    }
    watching = wanted;
    clocks.watch(wanted ? this::settled : null);
    statistics.watch(wanted ? this::refused : null);
  }

  private void forget() {
    modeSeen = mode.get();
    vmsSeen = new TreeMap<>();
    channelsSeen = new LinkedHashMap<>();
    holdsSeen = new TreeMap<>();
    policiesSeen = new TreeMap<>();
    votesSeen.clear();
    targetsSeen.clear();
    conflictsSeen.forget();
    forgetWakeUp();
    all = false;
  }

  private void forgetWakeUp() {
    policiesMoved = false;
    settled.clear();
    votes.clear();
    conflicts.clear();
    targets.clear();
    refusals.clear();
  }

  /** Something else than a request may have changed things in this wake-up. */
  void suspectAll() {
    all = true;
  }

  /** Once in a while, whoever follows: what no event told, and the audit. */
  void sweep() {
    all = true;
    audit.sweep();
  }

  private void settled(ManagedDomain managed) {
    int targetKhz = managed.targetKhz();
    Integer before = targetsSeen.put(managed.domain().number(), targetKhz);
    if (before == null ? targetKhz > 0 : before != targetKhz) {
      targets.add(
          new Change.Target(
              at,
              managed.domain().number(),
              managed.domain().cpus().toString(),
              targetKhz > 0 ? (Integer) targetKhz : null,
              views.why(managed)));
    }
    lookAtConflict(managed);
    settled.addAll(clocks.membersOf(managed));
  }

  private void lookAtConflict(ManagedDomain managed) {
    Change.Conflict conflict = conflictsSeen.look(managed, at);
    if (conflict != null) {
      conflicts.add(conflict);
    }
  }

  private void refused(Vm vm, @Nullable Channel channel, Refusal refusal, @Nullable Vcpu vcpu) {
    refusals.merge(new RefusalKey(vm, channel, refusal, vcpu), 1, Integer::sum);
  }

  /** Publishes what this wake-up changed. */
  void publish() {
    if (!watching) {
      return;
    }
    boolean everything = all;
    if (all) {
      all = false;
      lookAtAll();
    }
    settled.forEach(this::lookAtVote);
    if (everything || policiesMoved || !targets.isEmpty()) {
      lookAtPolicies();
    }
    votes.forEach(this::tell);
    conflicts.forEach(this::tell);
    targets.forEach(this::tell);
    refusals.forEach(this::tellRefusals);
    forgetWakeUp();
    feed.flush();
  }

  /** Before {@link #watching} is set, this only notes how things are. */
  private void tell(Change change) {
    if (watching) {
      feed.publish(change);
    }
  }

  private void tellRefusals(RefusalKey key, int count) {
    Channel channel = key.channel();
    Vcpu vcpu = key.vcpu();
    tell(
        new Change.Refusal(
            at,
            key.vm().name(),
            channel == null ? null : (Integer) channel.number(),
            vcpu == null ? null : (Integer) vcpu.number(),
            key.refusal().label(),
            count));
  }

  private void lookAtAll() {
    lookAtMode();
    lookAtVms();
    lookAtChannels();
    lookAtHolds();
    clocks.domains().forEach(this::lookAtConflict);
    Set<Vcpu> present = new LinkedHashSet<>();
    fleet.entries().forEach(entry -> present.addAll(entry.vm.vcpus()));
    present.forEach(this::lookAtVote);
    votesSeen.keySet().retainAll(present);
  }

  private void lookAtMode() {
    String now = mode.get();
    if (!now.equals(modeSeen)) {
      modeSeen = now;
      tell(new Change.Status(at, now));
    }
  }

  private void lookAtVms() {
    Map<String, Vm.State> now = new TreeMap<>();
    fleet.entries().forEach(entry -> now.put(entry.vm.name(), entry.vm.state()));
    for (String gone : vmsSeen.keySet()) {
      if (!now.containsKey(gone)) {
        tell(new Change.Vm(at, gone, "gone"));
      }
    }
    now.forEach(
        (vm, state) -> {
          if (vmsSeen.get(vm) != state) {
            tell(new Change.Vm(at, vm, Views.word(state)));
          }
        });
    vmsSeen = now;
  }

  private void lookAtChannels() {
    Map<Channel, ChannelState> now = new LinkedHashMap<>();
    for (Fleet.Entry entry : fleet.entries()) {
      for (Channel channel : entry.channels.values()) {
        now.put(channel, new ChannelState(channel.isDisabled(), channel.isPortClosed()));
      }
    }
    for (Channel gone : channelsSeen.keySet()) {
      if (!now.containsKey(gone)) {
        tell(gone, "hung-up");
      }
    }
    now.forEach(this::lookAtChannel);
    channelsSeen = now;
  }

  private void lookAtChannel(Channel channel, ChannelState state) {
    ChannelState before = channelsSeen.get(channel);
    if (before == null) {
      tell(channel, "connected");
    }
    if (state.disabled() != (before != null && before.disabled())) {
      tell(channel, state.disabled() ? "disabled" : "enabled");
    }
    if (state.portClosed() != (before != null && before.portClosed())) {
      tell(channel, state.portClosed() ? "port-closed" : "port-open");
    }
  }

  private void tell(Channel channel, String state) {
    tell(new Change.Channel(at, channel.vm().name(), channel.number(), state));
  }

  /** A hold that was set on several clocks at once is one change. */
  private void lookAtHolds() {
    Map<Integer, Hold> now = new TreeMap<>();
    Map<Hold, CpuSet> released = new LinkedHashMap<>();
    Map<Hold, CpuSet> set = new LinkedHashMap<>();
    for (ManagedDomain managed : clocks.domains()) {
      Hold before = holdsSeen.get(managed.domain().number());
      Hold hold = clocks.holdOn(managed);
      if (hold != null) {
        now.put(managed.domain().number(), hold);
      }
      if (hold != null && !hold.equals(before)) {
        set.merge(hold, managed.domain().cpus(), CpuSet::union);
      } else if (hold == null && before != null) {
        released.merge(before, managed.domain().cpus(), CpuSet::union);
      }
    }
    released.forEach((hold, cpus) -> tell(new Change.Hold(at, cpus.toString(), null, hold.who())));
    set.forEach(
        (hold, cpus) ->
            tell(new Change.Hold(at, cpus.toString(), Arbiter.toString(hold.vote()), hold.who())));
    holdsSeen = now;
  }

  private void lookAtPolicies() {
    Map<String, PolicyState> now = new TreeMap<>();
    for (PolicyView view : policies.get()) {
      now.put(view.name(), new PolicyState(view.since(), view.toml(), view.level()));
    }
    for (String gone : policiesSeen.keySet()) {
      if (!now.containsKey(gone)) {
        tell(new Change.Policy(at, gone, "removed", null));
      }
    }
    now.forEach(
        (name, state) -> {
          PolicyState before = policiesSeen.get(name);
          if (before == null || !state.isTheSame(before)) {
            tell(new Change.Policy(at, name, "applied", state.level()));
          } else if (!state.equals(before)) {
            tell(new Change.Policy(at, name, "level", state.level()));
          }
        });
    policiesSeen = now;
  }

  private void lookAtVote(Vcpu vcpu) {
    Vote now = vote(vcpu);
    Vote before = votesSeen.put(vcpu, now);
    if (now.equals(before)) {
      return;
    }
    boolean ruled = before != null && (before.operator() != null || before.guest() != null);
    policiesMoved |= ruled || now.operator() != null || now.guest() != null;
    if (before == null ? now.claimed() : !now.looksLike(before)) {
      votes.add(
          new Change.Vote(
              at,
              vcpu.vm().name(),
              vcpu.number(),
              Arbiter.toString(now.vote()),
              now.turbo(),
              now.claimed(),
              now.source()));
    }
  }

  private static Vote vote(Vcpu vcpu) {
    PolicyRun operator = vcpu.operatorPolicy();
    PolicyRun guest = vcpu.guestPolicy();
    if (!vcpu.isClaimed()) {
      return new Vote(Arbiter.MAX, true, false, "none", operator, guest);
    }
    PolicyRun ruling = vcpu.policyInForce();
    String source =
        ruling == null ? "request" : ruling == operator ? "operator-policy" : "guest-policy";
    return new Vote(vcpu.vote(), vcpu.turbo(), true, source, operator, guest);
  }
}
