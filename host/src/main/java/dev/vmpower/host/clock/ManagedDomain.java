package dev.vmpower.host.clock;

import dev.vmpower.host.arbiter.Bounds;
import dev.vmpower.host.arbiter.Pace;
import dev.vmpower.host.vm.Refusal;
import dev.vmpower.host.vm.Vcpu;
import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.cpufreq.FrequencyDomain;
import dev.vmpower.machine.cpufreq.Original;
import dev.vmpower.machine.sysfs.SysfsException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A frequency domain and what vmpower has made of it: its original while it is managed, its target,
 * and why it is not there if it is not.
 *
 * <p>Not thread-safe: the monitor thread owns every instance.
 */
public final class ManagedDomain {
  private static final Logger LOG = LoggerFactory.getLogger("vmpower.cpufreq");

  /** No frequency: no target yet, or what was written is not known to be in force. */
  static final int NONE = -1;

  static final long NEVER = Long.MAX_VALUE;

  final FrequencyDomain domain;
  final int index;

  CpuSet online = CpuSet.of();

  /** How it was found; kept from before the first write until it is given back. */
  @Nullable Original original;

  /** Whether it is steered by us in this run. */
  boolean taken;

  // The limits in force when it was taken over, which bound what is asked.
  private int limitMinKhz;
  private int limitMaxKhz = Integer.MAX_VALUE;
  Bounds bounds = new Bounds(0, Integer.MAX_VALUE, false);
  private boolean hostTurbo;
  private boolean foundWithoutBoost;
  private boolean capped;

  int targetKhz = NONE;
  int writtenKhz = NONE;

  /** What the votes come to; below the target while lowering waits. */
  int aimKhz = NONE;

  /** When the target may be lowered to that. */
  long lowersAtNs = NEVER;

  Pace pace;

  /** When it is looked at for what other programs changed. */
  final Looks looks = new Looks();

  /** Whether {@link EarlyLooks} has it. */
  boolean inStream;

  /** Whether the target is with turbo, where its level does not say. */
  boolean targetTurbo;

  /** Who has the target; null for a hold, or none. */
  @Nullable Vcpu winner;

  /** When the target last changed, in milliseconds of the wall clock. */
  long changedAtMs;

  /** The hardware may not have heard what the kernel believes. */
  boolean hardwareUnsure;

  private long generation;

  @Nullable Refusal problem;
  String problemText = "";
  long triedAtNs;

  long writes;
  private long toldWrites;
  private int toldKhz;
  long refusedWrites;
  long conflicts;

  /** What another program last changed, in words; empty if none did. */
  String conflict = "";

  /** Who is likely to have done that, in a sentence; empty until somebody has looked. */
  String conflictCause = "";

  long conflictLoggedAtNs;
  long conflictsUnlogged;

  ManagedDomain(FrequencyDomain domain, int index, Pace pace) {
    this.domain = domain;
    this.index = index;
    this.pace = pace;
  }

  public FrequencyDomain domain() {
    return domain;
  }

  /** Whether vmpower has taken it over from the kernel's governor. */
  public boolean isManaged() {
    return original != null;
  }

  /** What arbitration decided, in kHz; 0 while nothing asks. */
  public int targetKhz() {
    return Math.max(targetKhz, 0);
  }

  /** What the votes come to, in kHz, where the target is not to be lowered to it yet; else 0. */
  public int waitingKhz() {
    return lowersAtNs == NEVER ? 0 : aimKhz;
  }

  /** What was last written, in kHz; 0 while nothing was. */
  public int writtenKhz() {
    return Math.max(writtenKhz, 0);
  }

  public @Nullable Vcpu winner() {
    return winner;
  }

  public long changedAtMs() {
    return changedAtMs;
  }

  public CpuSet online() {
    return online;
  }

  public @Nullable Original original() {
    return original;
  }

  public Bounds bounds() {
    return bounds;
  }

  /**
   * The bounds as they are now: while this is not managed, an administrator may have set others
   * since they were last read. Limits that cannot be read bind nothing.
   */
  public Bounds boundsNow() {
    if (original == null && !online.isEmpty()) {
      try {
        setLimits(domain.readOriginal());
      } catch (SysfsException unreadable) {
        forgetLimits(); // whoever takes it over is told why
      }
    }
    return bounds;
  }

  /** Why there is no turbo here; null where there is. An operator's switch is not told of. */
  public @Nullable String whyNoTurbo() {
    if (!domain.ladder().hasTurbo()) {
      return "the hardware has none, or does not say so";
    }
    if (!hostTurbo) {
      return "the host has it switched off";
    }
    return foundWithoutBoost ? "this frequency domain was found with it switched off" : null;
  }

  /** Why it is not at its target; null if it is. */
  public @Nullable Refusal problem() {
    return problem;
  }

  /** The problem in the kernel's words. */
  public String problemText() {
    return problemText;
  }

  public long writes() {
    return writes;
  }

  /** Whether something was written, or another target decided, since the audit was told. */
  public boolean hasUntold() {
    return writes != toldWrites || targetKhz() != toldKhz;
  }

  /** How many writes the audit was not told of; it is now. */
  public long takeUntoldWrites() {
    long count = writes - toldWrites;
    toldWrites = writes;
    toldKhz = targetKhz();
    return count;
  }

  public long refusedWrites() {
    return refusedWrites;
  }

  public long conflicts() {
    return conflicts;
  }

  /** What another program last changed here and who likely did; null if none did. */
  public @Nullable String lastConflict() {
    if (conflict.isEmpty()) {
      return null;
    }
    return conflictCause.isEmpty() ? conflict : conflict + ": " + conflictCause;
  }

  /** Takes over the bounds that were set for this frequency domain before it became ours. */
  void setLimits(Original found) {
    limitMinKhz = found.minKhz();
    limitMaxKhz = found.highestKhz();
    foundWithoutBoost = found.boost().equals("0");
    bound();
  }

  /** Nobody knows what was set for this frequency domain. */
  void forgetLimits() {
    limitMinKhz = 0;
    limitMaxKhz = Integer.MAX_VALUE;
    foundWithoutBoost = false;
    bound();
  }

  /** Whether the host has turbo switched on. */
  void setTurbo(boolean on) {
    hostTurbo = on;
    bound();
  }

  /** Whether an operator switched turbo off here. */
  void setCapped(boolean capped) {
    this.capped = capped;
    bound();
  }

  private void bound() {
    boolean turbo = hostTurbo && !capped && !foundWithoutBoost && domain.ladder().hasTurbo();
    bounds = new Bounds(limitMinKhz, limitMaxKhz, turbo);
  }

  /** Whether that would be less than the target now. */
  boolean isLoweredBy(int khz, boolean turbo) {
    boolean switched = domain.ladder().topIsSwitched(); // elsewhere a level says it all
    return khz < targetKhz || (khz == targetKhz && switched && targetTurbo && !turbo);
  }

  /** Sets the target, with or without turbo where its level does not say. */
  void aim(int khz, boolean turbo, long nowNs, long nowMs) {
    boolean switches = targetTurbo != turbo && domain.ladder().topIsSwitched();
    if (targetKhz != khz) {
      changedAtMs = nowMs;
    }
    if (targetKhz != khz || switches) {
      pace.change(nowNs);
    }
    targetKhz = khz;
    targetTurbo = turbo;
  }

  /** Notes why it is not at its target, with a log line where that is new. */
  void fail(Refusal refusal, @Nullable String why) {
    if (problem != refusal) {
      LOG.warn("{}: {} [{}]", this, why, refusal.label());
    }
    problem = refusal;
    problemText = String.valueOf(why);
  }

  /** Notes that it is at its target. */
  void succeed() {
    if (problem != null) {
      LOG.info("{}: at its target again", this);
    }
    problem = null;
    problemText = "";
  }

  /** Hands what was made of this frequency domain to {@code fresh}, which is the same one. */
  void moveTo(ManagedDomain fresh) {
    fresh.original = original;
    if (original != null) {
      fresh.setLimits(original);
    }
    fresh.taken = taken;
    fresh.problem = problem;
    fresh.problemText = problemText;
    fresh.triedAtNs = triedAtNs;
    fresh.targetKhz = targetKhz;
    fresh.aimKhz = aimKhz;
    fresh.lowersAtNs = lowersAtNs;
    fresh.pace = pace;
    fresh.targetTurbo = targetTurbo;
    fresh.winner = winner;
    fresh.changedAtMs = changedAtMs;
    fresh.hardwareUnsure = hardwareUnsure;
    fresh.generation = generation;
    fresh.writtenKhz = writtenKhz;
    fresh.writes = writes;
    fresh.toldWrites = toldWrites;
    fresh.toldKhz = toldKhz;
    fresh.refusedWrites = refusedWrites;
    fresh.conflicts = conflicts;
    fresh.conflict = conflict;
    fresh.conflictCause = conflictCause;
    fresh.conflictLoggedAtNs = conflictLoggedAtNs;
    fresh.conflictsUnlogged = conflictsUnlogged;
    fresh.domain.inherit(domain);
  }

  /** What is written from now on is not to be taken for known to the hardware. */
  void suspectHardware() {
    generation = domain.generation();
    hardwareUnsure = true;
    writtenKhz = NONE;
    domain.forgetSpeed();
  }

  /** The kernel or another program may have changed anything here without a word. */
  void suspect() {
    lookForReturn();
    looks.makeDue();
  }

  /** Finds out whether one of its pCPUs went or came back since it was last written. */
  void lookForReturn() {
    if (taken && generation != domain.generation()) {
      suspectHardware();
    }
  }

  /** Forgets a problem of this kind. */
  void solve(Refusal kind) {
    if (problem == kind) {
      problem = null;
      problemText = "";
    }
  }

  /** Nobody asks any more. */
  void loseTarget() {
    targetKhz = NONE;
    lowersAtNs = NEVER;
    winner = null;
  }

  /** What was decided while nothing was written was not in force. */
  void beginAgain() {
    loseTarget();
    pace.forget();
  }

  /** It was given back; while nothing is written its target tells what would be. */
  void forget() {
    original = null;
    taken = false;
    writtenKhz = NONE;
    problem = null;
    problemText = "";
  }

  @Override
  public String toString() {
    return domain.toString();
  }
}
