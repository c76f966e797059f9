package dev.vmpower.host.view;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One pCPU.
 *
 * @param cpu its number
 * @param domain N of its {@code policyN}; null without cpufreq
 * @param domainCpus all pCPUs of its frequency domain
 * @param siblings the hyper-threads of its core, itself included
 * @param governor {@code scaling_governor} now
 * @param steering how its frequency is set; null without cpufreq
 * @param managed whether vmpower has taken its frequency domain over
 * @param targetKhz what arbitration decided; null while nobody asks
 * @param writtenKhz what is in force; null while nothing was written
 * @param currentKhz what the kernel says it runs at
 * @param minKhz the lowest level of the ladder
 * @param maxKhz the highest level of the ladder
 * @param hold what an operator set by hand
 * @param scheduled what an operator's policy holds it at; below one set by hand
 * @param turboOff who switched turbo off here
 * @param votes the vCPUs that count here
 * @param problem why it is not at its target
 * @param why the target's reason, in words
 * @param lastConflict what another program last changed here, and who likely did
 * @param waitingKhz what the votes come to, where {@code max_changes_per_second} keeps the target
 *     above it for now
 * @param unprotected VMs that are not pinned and may run here or on what comes to one level with
 *     it, and that others may slow down; of many the first ones, and then how many more
 */
public record CpuView(
    int cpu,
    boolean online,
    boolean reserved,
    int packageId,
    String siblings,
    @Nullable Integer domain,
    String domainCpus,
    String driver,
    String governor,
    @Nullable SteeringView steering,
    boolean managed,
    @Nullable Integer targetKhz,
    @Nullable Integer writtenKhz,
    int currentKhz,
    int minKhz,
    int maxKhz,
    @Nullable HoldView hold,
    @Nullable HoldView scheduled,
    @Nullable TurboOffView turboOff,
    List<VoteView> votes,
    @Nullable String problem,
    String why,
    @Nullable String since,
    long writes,
    long refusedWrites,
    long conflicts,
    @Nullable String lastConflict,
    @Nullable Integer waitingKhz,
    List<String> unprotected) {

  /**
   * How a driver is steered.
   *
   * @param how the governor and the files; {@code none} where it cannot be steered
   * @param verified whether this was seen on a kernel; otherwise it goes by the driver's source
   */
  public record SteeringView(String how, boolean verified) {}

  /**
   * A level set by an operator: {@code max}, {@code min} or kHz.
   *
   * @param until when it is released by itself; null if it is not
   */
  public record HoldView(String level, String who, String since, @Nullable String until) {}

  /** Turbo switched off by an operator. */
  public record TurboOffView(String who, String since) {}

  /**
   * The vote of one vCPU here.
   *
   * @param level {@code max}, {@code medium}, {@code min} or kHz, as it was asked for
   * @param khz what that comes to on this ladder
   * @param claimed false for a neighbour that never asked, which counts as max
   * @param counts false while its VM is paused, or where only its own VM has a claim
   * @param wins whether the target is its
   * @param here whether it may run on this pCPU; false for one that counts because of a clock or a
   *     core that is shared
   * @param source where its level comes from: {@code request}, {@code claim} (it spoke up and has
   *     not asked yet), {@code envelope} (which is enforced), {@code guest-policy}, {@code
   *     operator-policy}, {@code disabled} (its channel is, so it stays), {@code none} (it never
   *     asked)
   * @param policy the type of that policy
   * @param askedAt when it last asked; null while it has not
   * @param unclippedKhz what its level came to without its VM's envelope; null if that is the same
   */
  public record VoteView(
      String vm,
      int vcpu,
      String level,
      int khz,
      boolean turbo,
      boolean claimed,
      boolean counts,
      boolean wins,
      boolean here,
      String source,
      @Nullable String policy,
      @Nullable String askedAt,
      @Nullable Integer unclippedKhz) {}
}
