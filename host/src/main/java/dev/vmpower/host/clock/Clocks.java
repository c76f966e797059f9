package dev.vmpower.host.clock;

import dev.vmpower.host.config.Config;
import dev.vmpower.host.vm.Refusal;
import dev.vmpower.host.vm.Vcpu;
import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.cpu.Topology;
import dev.vmpower.machine.cpufreq.Ladder;
import dev.vmpower.machine.cpufreq.OriginalStore;
import dev.vmpower.machine.sysfs.Sysfs;
import dev.vmpower.machine.sysfs.SysfsException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All frequency domains of the host: which are managed, what their targets are, and the one place
 * where those are written, once per wake-up.
 *
 * <p>What changed in a wake-up only marks groups; {@link #settle} then decides, saves the originals
 * of all that become managed in one durable write, writes what changed, and gives back what nobody
 * wants any more.
 *
 * <p>Not thread-safe: the monitor thread owns it.
 */
public final class Clocks {
  private static final Logger LOG = LoggerFactory.getLogger("vmpower.cpufreq");

  /** How long a next start waits for claims before it restores what an earlier one had managed. */
  public static final long ADOPT_NS = 5_000_000_000L;

  private static final long REASSERT_NS = 500_000_000L;

  private final Sysfs sysfs;
  private final Config.Cpu config;
  private final Originals originals;
  private final Steward steward;
  private final ByHand byHand = new ByHand();
  private final Lowerings lowerings = new Lowerings();
  private final EarlyLooks earlyLooks = new EarlyLooks();
  private final List<ClockGroup> touched = new ArrayList<>();

  private @Nullable Consumer<ManagedDomain> watcher;
  private ClockMap map;
  private boolean passive;
  private long adoptUntilNs = ManagedDomain.NEVER;

  /** Reads the tree; writes nothing. */
  public Clocks(Sysfs sysfs, Config.Cpu config, OriginalStore store) {
    this.sysfs = sysfs;
    this.config = config;
    this.originals = new Originals(store);
    this.steward = new Steward(config.reassert());
    this.passive = config.observe();
    this.map = ClockMap.read(sysfs, config, null);
    if (map.domains().isEmpty()) {
      LOG.warn("{} has no cpufreq: requests are refused until it appears", sysfs);
    }
  }

  /**
   * Takes up what an earlier daemon left managed. What is not claimed again within {@link
   * #ADOPT_NS} is then restored.
   *
   * @throws IOException if the saved originals cannot be used, in one line
   */
  public void adopt(long nowNs) throws IOException {
    int left = originals.load();
    if (left > 0) {
      LOG.info("an earlier run left {} frequency domains managed", left);
      originals.handOut(map.domains());
      adoptUntilNs = nowNs + (passive ? 0 : ADOPT_NS);
    }
  }

  /** When {@link #expire} has something to do, in the monitor's time. */
  public long deadlineNs() {
    return Math.min(
        Math.min(adoptUntilNs, lowerings.nextNs()),
        Math.min(earlyLooks.nextNs(), byHand.nextDeadlineNs()));
  }

  /**
   * Ends the waiting for claims of an earlier run, and of what may be lowered now.
   *
   * @param quiet whether nobody asked in this wake-up, so that nobody waits
   */
  public void expire(long nowNs, boolean quiet) {
    if (nowNs >= adoptUntilNs) {
      adoptUntilNs = ManagedDomain.NEVER;
      touchAll();
    }
    if (nowNs >= lowerings.nextNs()) {
      lowerings.expire(nowNs, map, this::touch);
    }
    if (quiet && nowNs >= earlyLooks.nextNs()) {
      earlyLooks.expire(nowNs, this::lookAt);
    }
  }

  public Topology topology() {
    return map.topology();
  }

  public List<ManagedDomain> domains() {
    return map.domains();
  }

  /** The frequency domain with this index, as in {@link Vcpu#domains}. */
  public ManagedDomain domain(int index) {
    return map.domains().get(index);
  }

  /** The frequency domain of a pCPU; null where it has none. */
  public @Nullable ManagedDomain domainOf(int cpu) {
    return map.domainOf(cpu);
  }

  /** Whether {@code vcpu} may have turbo where it runs now. */
  public boolean hasTurbo(Vcpu vcpu) {
    return vcpu.domains().length > 0
        && domain(vcpu.domains()[0]).bounds.turbo()
        && vcpu.vm().envelope().turbo();
  }

  /** Whether the base frequency of the lowest pCPU of {@code vcpu} is above that of others. */
  public boolean hasPriority(Vcpu vcpu) {
    return vcpu.domains().length > 0 && map.hasPriority(domain(vcpu.domains()[0]));
  }

  /** Puts into force what operators had set by hand in an earlier run. */
  public void restoreByHand(Map<Hold, CpuSet> holds, Map<TurboOff, CpuSet> turboOff) {
    byHand.restore(holds, turboOff);
    byHand.placeIn(map);
    touchAll();
  }

  ByHand byHand() {
    return byHand;
  }

  @Nullable ClockGroup groupOf(int cpu) {
    return map.groupOf(cpu);
  }

  ClockGroup groupOf(ManagedDomain managed) {
    return map.group(managed);
  }

  /** The hold that an operator set by hand and that covers {@code managed}; null if none does. */
  public @Nullable Hold holdOn(ManagedDomain managed) {
    return map.group(managed).hold;
  }

  /** The hold of an operator's policy that covers {@code managed}; null if none does. */
  public @Nullable Hold scheduledOn(ManagedDomain managed) {
    return map.group(managed).scheduled;
  }

  /** Who switched turbo off in {@code managed}; null if nobody did. */
  public @Nullable TurboOff turboOffOn(ManagedDomain managed) {
    return map.group(managed).turboOff;
  }

  /** The vCPUs whose votes can count in {@code managed}. */
  public List<Vcpu> membersOf(ManagedDomain managed) {
    return List.of(map.group(managed).members);
  }

  /** What {@code vcpu} counts as in {@code managed}, in kHz. */
  public int levelKhz(Vcpu vcpu, ManagedDomain managed) {
    Ladder ladder = managed.domain.ladder();
    return ladder.khz(ClockGroup.level(vcpu, ladder, managed));
  }

  public boolean isReserved(ManagedDomain managed) {
    return map.group(managed).reserved;
  }

  /** Names who is told of each frequency domain that was settled; null for nobody. */
  public void watch(@Nullable Consumer<ManagedDomain> watcher) {
    this.watcher = watcher;
  }

  /** Whether nothing is written: observing, or paused. */
  public boolean isPassive() {
    return passive;
  }

  /** Gives all back at the next settling and writes no more, or begins again as after a start. */
  public void setPassive(boolean passive) {
    if (this.passive && !passive) {
      map.domains().forEach(ManagedDomain::beginAgain);
    }
    this.passive = passive;
    touchAll();
  }

  /** Works out where each vCPU's vote counts, after a pinning, a vCPU or the topology changed. */
  public void place(Collection<Vcpu> vcpus) {
    map.place(vcpus, config);
    touchAll();
  }

  /** Marks the frequency domains of {@code vcpu} for {@link #settle}. */
  public void touch(Vcpu vcpu) {
    for (int index : vcpu.domains()) {
      touch(map.group(map.domains().get(index)));
    }
  }

  void touch(ClockGroup group) {
    if (!group.touched) {
      group.touched = true;
      touched.add(group);
    }
  }

  /**
   * How often {@link #touchManaged} is to be called, in ns: where another program's changes are to
   * be undone, nobody may have to ask first.
   */
  public long checkEveryNs() {
    return config.reassert() ? REASSERT_NS : ManagedDomain.NEVER;
  }

  /** Marks the frequency domains that are managed, for a look at what others made of them. */
  public void touchManaged() {
    for (ManagedDomain managed : map.domains()) {
      if (managed.original != null) {
        lookAt(managed);
      }
    }
  }

  private void lookAt(ManagedDomain managed) {
    managed.looks.makeDue();
    touch(map.group(managed));
  }

  /** Marks all frequency domains for {@link #settle}. */
  public void touchAll() {
    map.groups().forEach(this::touch);
  }

  /** Why a request of {@code vcpu} is not in force; null if it is. After {@link #settle}. */
  public @Nullable Refusal refusal(Vcpu vcpu) {
    if (vcpu.standing() != null) {
      return vcpu.standing(); // it was pinned elsewhere in this wake-up
    }
    for (int index : vcpu.domains()) {
      ManagedDomain managed = map.domains().get(index);
      if (map.group(managed).ruling() != null) {
        return Refusal.HOLD;
      }
      if (managed.problem != null) {
        return managed.problem;
      }
    }
    return passive ? Refusal.OBSERVE : null;
  }

  /**
   * Decides about every marked group and puts it into force.
   *
   * @param nowNs the monitor's time
   * @param nowMs the wall clock
   */
  public void settle(long nowNs, long nowMs) {
    if (touched.isEmpty()) {
      return;
    }
    boolean givenBack = false;
    for (int i = 0; i < touched.size(); i++) {
      ClockGroup group = touched.get(i);
      if (group.isWanted()) {
        originals.prepare(group, passive);
        group.decide(nowNs, nowMs);
        lowerings.note(group);
      }
    }
    originals.savePrepared(map.domains());
    for (int i = 0; i < touched.size(); i++) {
      ClockGroup group = touched.get(i);
      group.touched = false;
      boolean wanted = group.isWanted();
      for (int j = 0; j < group.domains.size(); j++) {
        givenBack |= settle(group.domains.get(j), wanted, nowNs);
        if (watcher != null) {
          watcher.accept(group.domains.get(j));
        }
      }
    }
    touched.clear();
    if (givenBack) {
      originals.saveRemaining(map.domains());
    }
    steward.throwBroken();
  }

  private boolean settle(ManagedDomain managed, boolean wanted, long nowNs) {
    if (wanted && !passive) {
      if (managed.original != null && !managed.online.isEmpty()) {
        steward.apply(managed, nowNs);
        earlyLooks.note(managed);
      }
      return false;
    }
    // Left by an earlier run, and not taken up yet in this one.
    boolean waits =
        !managed.taken && nowNs < adoptUntilNs && adoptUntilNs != ManagedDomain.NEVER && !passive;
    if (!wanted) {
      managed.loseTarget(); // also where the kernel refuses what follows: the next claim is new
    }
    if (managed.original == null || waits) {
      return false;
    }
    return steward.giveBack(managed);
  }

  /** Gives everything back now, at an orderly end, and throws if the kernel refused some of it. */
  public void giveBackAll() throws NotGivenBackException {
    boolean any = false;
    for (ManagedDomain managed : map.domains()) {
      any |= managed.original != null;
      steward.giveBack(managed);
    }
    if (any) {
      originals.saveRemaining(map.domains());
    }
    originals.tellAbsent();
    steward.throwBroken();
    NotGivenBackException.throwIfAny(map.domains());
  }

  /**
   * Looks at what the kernel changes without a word: frequency domains that came or went, pCPUs
   * that went offline or came back, turbo switched off for the host, other programs' governors.
   *
   * @return whether the vCPUs must be placed anew
   */
  public boolean sweep() {
    ClockMap fresh = map.refresh(sysfs, config);
    boolean changed = fresh != map;
    if (changed) {
      for (ManagedDomain lost : map.lostIn(fresh)) {
        originals.keep(lost);
        lost.domain.close();
      }
      if (!fresh.summary().equals(map.summary())) {
        LOG.info("{}", fresh.summary());
      }
      map = fresh;
      touched.clear();
      earlyLooks.clear();
      originals.handOut(fresh.domains());
      byHand.placeIn(fresh);
    }
    originals.saveAgain(map.domains());
    map.domains().forEach(ManagedDomain::suspect);
    touchAll();
    return changed;
  }

  /** Names who is told, at once and often, that another program's change was found. */
  public void whenConflictFound(Runnable told) {
    steward.whenConflictFound(told);
  }

  /** Takes {@code cause}, a sentence, for what is behind the conflicts found last. */
  public void accuse(String cause) {
    Steward.accuse(map.domains(), cause);
  }

  /** Makes {@code managed} ours again, after another program changed its governor or limits. */
  public void reclaim(ManagedDomain managed) throws SysfsException {
    if (managed.original != null) {
      if (steward.reclaim(managed)) {
        originals.saveRemaining(map.domains());
      }
      touch(map.group(managed));
    }
  }
}
