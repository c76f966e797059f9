package dev.vmpower.host.vm;

import dev.vmpower.host.arbiter.Arbiter;
import dev.vmpower.host.policy.PolicyRun;
import dev.vmpower.machine.cpu.CpuSet;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One vCPU: where it may run, whether it has spoken up, and what it asks for.
 *
 * <p>Its claim is held by the channels through which it was made, and while its VM is up by an
 * envelope that is enforced and by an operator's policy; it ends with the last of them.
 *
 * <p>Its vote has one source: an operator's policy for it, else its guest's policy, else its last
 * request, else MAX. A request while a policy is in force is recorded, and counts again after it.
 *
 * <p>Not thread-safe: the monitor thread owns every instance.
 */
public final class Vcpu {
  private static final int[] NOWHERE = {};

  private final Vm vm;
  private final int number;

  private CpuSet cpus = CpuSet.of();
  private @Nullable Refusal standing = Refusal.UNPINNED;
  private int[] domains = NOWHERE;
  private int[] policies = NOWHERE; // of domains, or of those that it had last

  private int holders;
  private int asked = Arbiter.MAX;
  private boolean askedTurbo = true;
  private long askedAtMs;
  private boolean hasAsked;
  private long untold;

  private @Nullable PolicyRun operatorPolicy;
  private @Nullable PolicyRun guestPolicy;
  private boolean policyTurbo = true; // as it was when a policy came into force

  private boolean recorded;
  private int recordedVote = Arbiter.MAX;
  private boolean recordedTurbo = true;
  private int recordedFrom;

  private int @Nullable [] frozenKhz; // by place in domains
  private int frozenBy;

  Vcpu(Vm vm, int number) {
    this.vm = vm;
    this.number = number;
  }

  public Vm vm() {
    return vm;
  }

  public int number() {
    return number;
  }

  /** The pCPUs that it may run on. */
  public CpuSet cpus() {
    return cpus;
  }

  void setCpus(CpuSet cpus) {
    this.cpus = cpus;
  }

  /** Why no request of it can count as it is pinned now; null if it can. */
  public @Nullable Refusal standing() {
    return standing;
  }

  /**
   * The frequency domains where its vote counts, by their index at the {@code Clocks}; the first is
   * that of its lowest-numbered pCPU.
   */
  public int[] domains() {
    return domains;
  }

  /**
   * Tells where its vote counts; set when the pinning or the topology changed.
   *
   * @param policies N of each domain's {@code policyN}, by which it is known after others came or
   *     went
   */
  public void place(@Nullable Refusal standing, int[] domains, int[] policies) {
    this.standing = standing;
    // Where it counts nowhere for a while, it is not to forget at what level it stands.
    if (domains.length > 0) {
      if (frozenKhz != null && !Arrays.equals(policies, this.policies)) {
        int khz = highestFrozenKhz();
        frozenKhz = new int[domains.length];
        Arrays.fill(frozenKhz, khz);
      }
      this.policies = policies;
    }
    this.domains = domains;
  }

  /** It is no more: what it asked for in this wake-up counts nowhere. */
  void unplug() {
    place(Refusal.OTHERS_VCPU, NOWHERE, NOWHERE);
  }

  /** Whether it has spoken up, or its VM's envelope or an operator's policy speaks for it. */
  public boolean isClaimed() {
    return hasSpokenUp() || vm.isEnforced() || (operatorPolicy != null && vm.isUp());
  }

  /** Whether it has spoken up through a channel. */
  public boolean hasSpokenUp() {
    return holders > 0;
  }

  /** A channel holds its claim; the first one makes it begin as MAX with turbo. */
  public void addHolder(long nowMs) {
    if (holders++ == 0) {
      beginAgain(nowMs);
    }
  }

  /** A channel that held its claim does so no more. */
  public void removeHolder(long nowMs) {
    if (--holders == 0) {
      beginAgain(nowMs);
    }
  }

  /** Makes it count as MAX with turbo until it asks, and drops its guest's policy. */
  public void beginAgain(long nowMs) {
    guestPolicy = null;
    policyTurbo = true;
    ask(Arbiter.MAX, true, nowMs);
    hasAsked = false;
  }

  /**
   * What it votes for now: {@link Arbiter#MAX}, {@link Arbiter#MEDIUM}, {@link Arbiter#MIN}, or
   * kHz.
   */
  public int vote() {
    PolicyRun policy = policyInForce();
    if (policy == null) {
      return asked;
    }
    return switch (policy.level(cpus)) {
      case MAX -> Arbiter.MAX;
      case MEDIUM -> Arbiter.MEDIUM;
      case MIN -> Arbiter.MIN;
    };
  }

  /** Whether turbo is switched on for it. */
  public boolean turbo() {
    return policyInForce() == null ? askedTurbo : policyTurbo;
  }

  /** The policy that its vote comes from; null where that comes from its requests. */
  public @Nullable PolicyRun policyInForce() {
    if (operatorPolicy != null && operatorPolicy.hasOpinion()) {
      return operatorPolicy;
    }
    return guestPolicy != null && guestPolicy.hasOpinion() ? guestPolicy : null;
  }

  /** What an operator wants for it; null for nothing. */
  public @Nullable PolicyRun operatorPolicy() {
    return operatorPolicy;
  }

  public void setOperatorPolicy(@Nullable PolicyRun policy) {
    keepTurbo();
    operatorPolicy = policy;
  }

  /** What its guest set for it; null for nothing. */
  public @Nullable PolicyRun guestPolicy() {
    return guestPolicy;
  }

  public void setGuestPolicy(@Nullable PolicyRun policy) {
    keepTurbo();
    guestPolicy = policy;
  }

  private void keepTurbo() {
    if (policyInForce() == null) {
      policyTurbo = askedTurbo;
    }
  }

  /** Its last request, which counts where no policy does. */
  public int asked() {
    return asked;
  }

  /** Whether turbo is switched on by its requests. */
  public boolean askedTurbo() {
    return askedTurbo;
  }

  /** When it made its last request, or began anew, in milliseconds of the wall clock. */
  public long askedAtMs() {
    return askedAtMs;
  }

  /** Whether it has made a request since its claim began, or it began anew. */
  public boolean hasAsked() {
    return hasAsked;
  }

  /** Counts a request for the audit. */
  public void countRequest() {
    untold++;
  }

  /** How many requests it made since this was asked before. */
  public long takeUntold() {
    long count = untold;
    untold = 0;
    return count;
  }

  /** Takes a request. */
  public void ask(int vote, boolean turbo, long nowMs) {
    this.asked = vote;
    this.askedTurbo = turbo;
    this.askedAtMs = nowMs;
    this.hasAsked = true;
    this.recorded = false;
    this.frozenKhz = null;
  }

  /** Keeps a request that came through a disabled channel, for when that is enabled. */
  public void record(int vote, boolean turbo, int channel) {
    recordedVote = vote;
    recordedTurbo = turbo;
    recordedFrom = channel;
    recorded = true;
  }

  /** What the next request moves: the last one, or the latest one recorded. */
  public int latestVote() {
    return recorded ? recordedVote : asked;
  }

  /** As {@link #latestVote}. */
  public boolean latestTurbo() {
    return recorded ? recordedTurbo : askedTurbo;
  }

  /** Whether the latest request recorded came through this channel while it was disabled. */
  public boolean hasRecordedFrom(int channel) {
    return recorded && recordedFrom == channel;
  }

  /** Its guest was reset: it begins again, or does so once its channel is enabled. */
  public void reset(long nowMs) {
    if (isFrozen()) {
      guestPolicy = null;
      policyTurbo = true;
      record(Arbiter.MAX, true, frozenBy);
    } else {
      beginAgain(nowMs);
    }
  }

  /**
   * Keeps it where it is, whatever becomes of its vote: its channel is disabled.
   *
   * @param khz the level in each of its {@link #domains}, or one for all
   */
  public void freeze(int channel, int... khz) {
    frozenBy = channel;
    frozenKhz = khz;
    if (domains.length == 0) {
      policies = NOWHERE; // so that it stands at this wherever it counts next
    }
  }

  /** Its vote counts again. */
  public void thaw() {
    frozenKhz = null;
  }

  public boolean isFrozen() {
    return frozenKhz != null;
  }

  /** Whether that is what it counts as: an operator's own policy goes on, for it asks no guest. */
  public boolean standsStill() {
    return isFrozen() && operatorPolicy == null;
  }

  /** Whether it is frozen because this channel is disabled. */
  public boolean isFrozenBy(int channel) {
    return isFrozen() && frozenBy == channel;
  }

  /**
   * The level at which it is frozen in the frequency domain with this index, in kHz; in one that is
   * not its own but settled together with its, the highest. 0 if it is not frozen.
   */
  public int frozenKhz(int domain) {
    if (frozenKhz == null) {
      return 0;
    }
    for (int i = 0; i < domains.length; i++) {
      if (domains[i] == domain) {
        return frozenKhz[Math.min(i, frozenKhz.length - 1)];
      }
    }
    return highestFrozenKhz();
  }

  /** The highest level at which it is frozen, in kHz; 0 if it is not. */
  public int highestFrozenKhz() {
    int highestKhz = 0;
    for (int khz : frozenKhz == null ? NOWHERE : frozenKhz) {
      highestKhz = Math.max(highestKhz, khz);
    }
    return highestKhz;
  }

  @Override
  public String toString() {
    return vm.name() + " vCPU " + number;
  }
}
