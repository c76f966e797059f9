package dev.vmpower.host.vm;

import dev.vmpower.host.arbiter.Arbiter;
import dev.vmpower.machine.cpu.CpuSet;
import org.jspecify.annotations.Nullable;

/**
 * One vCPU: where it may run, whether it has spoken up, and what it asks for.
 *
 * <p>Its claim is held by the channels through which it was made, and by its VM's envelope where
 * that is enforced; it ends with the last of them.
 *
 * <p>Not thread-safe: the monitor thread owns every instance.
 */
public final class Vcpu {
  private final Vm vm;
  private final int number;

  private CpuSet cpus = CpuSet.of();
  private @Nullable Refusal standing = Refusal.UNPINNED;
  private int[] domains = {};

  private int holders;
  private int vote = Arbiter.MAX;
  private boolean turbo = true;
  private long votedAtMs;

  private boolean recorded;
  private int recordedVote = Arbiter.MAX;
  private boolean recordedTurbo = true;
  private int recordedFrom;

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

  /** Tells where its vote counts; set when the pinning or the topology changed. */
  public void place(@Nullable Refusal standing, int[] domains) {
    this.standing = standing;
    this.domains = domains;
  }

  /** Whether it has spoken up, or its VM's envelope speaks for it. */
  public boolean isClaimed() {
    return holders > 0 || vm.isEnforced();
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

  /** Makes it count as MAX with turbo until it asks. */
  public void beginAgain(long nowMs) {
    vote(Arbiter.MAX, true, nowMs);
  }

  /** {@link Arbiter#MAX}, {@link Arbiter#MIN}, or kHz. */
  public int vote() {
    return vote;
  }

  /** Whether turbo is switched on for it. */
  public boolean turbo() {
    return turbo;
  }

  /** When it asked for {@link #vote}, in milliseconds of the wall clock. */
  public long votedAtMs() {
    return votedAtMs;
  }

  public void vote(int vote, boolean turbo, long nowMs) {
    this.vote = vote;
    this.turbo = turbo;
    this.votedAtMs = nowMs;
    this.recorded = false;
  }

  /** Keeps a request that came through a disabled channel, for when that is enabled. */
  public void record(int vote, boolean turbo, int channel) {
    recordedVote = vote;
    recordedTurbo = turbo;
    recordedFrom = channel;
    recorded = true;
  }

  /** What the next request moves: the vote, or the latest one recorded. */
  public int latestVote() {
    return recorded ? recordedVote : vote;
  }

  /** As {@link #latestVote}. */
  public boolean latestTurbo() {
    return recorded ? recordedTurbo : turbo;
  }

  /** Whether the latest request recorded came through this channel while it was disabled. */
  public boolean hasRecordedFrom(int channel) {
    return recorded && recordedFrom == channel;
  }

  /** Brings the recorded request into force. */
  public void adoptRecorded(long nowMs) {
    if (recorded) {
      vote(recordedVote, recordedTurbo, nowMs);
    }
  }

  @Override
  public String toString() {
    return vm.name() + " vCPU " + number;
  }
}
