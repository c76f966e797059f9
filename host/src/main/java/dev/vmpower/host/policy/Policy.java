package dev.vmpower.host.policy;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a guest or an operator asks the host to do by itself. */
public sealed interface Policy {
  /** The most MAC addresses that one policy may name. */
  int MACS_MAX = 64;

  /** What it goes by: {@code time}, {@code traffic}, {@code workload}, {@code branch_ratio}. */
  String type();

  /** Whether it asks for anything at all; one that does not is in nobody's way. */
  default boolean hasOpinion() {
    return true;
  }

  /**
   * By the host's local time: busy hours at the maximum, quiet hours at the minimum, traffic hours
   * as their packets say. In an hour of no list the last level stays; at first it is the maximum.
   *
   * @param traffic for the traffic hours; null where no MAC is named, and the last level stays
   */
  record Time(HourTable hours, @Nullable Traffic traffic) implements Policy {
    @Override
    public String type() {
      return "time";
    }

    @Override
    public boolean hasOpinion() {
      return !hours.isEmpty();
    }
  }

  /**
   * By the packets that a VM receives: below {@code averagePackets} a second the minimum, from
   * {@code maxPackets} the maximum, between them the medium level.
   *
   * @param macs the addresses of its interfaces, 48 bits, the first byte lowest
   */
  record Traffic(List<Long> macs, long averagePackets, long maxPackets) implements Policy {
    /**
     * Takes at least one address.
     *
     * @throws IllegalArgumentException without one: a bug in the caller
     */
    public Traffic {
      if (macs.isEmpty() || macs.size() > MACS_MAX) {
        throw new IllegalArgumentException(macs.size() + " MACs");
      }
      macs = List.copyOf(macs);
    }

    @Override
    public String type() {
      return "traffic";
    }
  }

  /** A level for ever: high is the maximum, medium the medium level, low the minimum. */
  record Workload(Level level) implements Policy {
    @Override
    public String type() {
      return "workload";
    }
  }

  /**
   * By branch misses to branches of each pCPU: a loop that polls in vain is well predicted.
   *
   * @param thresholdPercent misses to branches, below which a pCPU only polls
   */
  record BranchRatio(double thresholdPercent) implements Policy {
    /** As DPDK's own monitor. */
    public static final double THRESHOLD_PERCENT = 0.1;

    @Override
    public String type() {
      return "branch_ratio";
    }
  }
}
