package dev.vmpower.host.policy;

import dev.vmpower.host.policy.HourTable.Use;
import dev.vmpower.machine.cpu.CpuSet;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A policy in force: what it asks for now, by what it was last told of hours, packets and branches.
 * It begins at the maximum.
 *
 * <p>It reads no clock and no counter. Not thread-safe: the monitor thread owns every instance.
 */
public final class PolicyRun {
  private final Policy policy;
  private final long sinceMs;
  private final boolean hasOpinion;
  private @Nullable TrafficMeter traffic;
  private @Nullable BranchMeter[] branches = {}; // by pCPU
  private Level level = Level.MAX;
  private Use use = Use.UNUSED;
  private String problem = "";

  /** A policy that was set at {@code sinceMs} of the wall clock. */
  public PolicyRun(Policy policy, long sinceMs) {
    this.policy = policy;
    this.sinceMs = sinceMs;
    this.hasOpinion = policy.hasOpinion();
    this.traffic = policy instanceof Policy.Traffic packets ? new TrafficMeter(packets) : null;
    if (policy instanceof Policy.Workload workload) {
      level = workload.level();
    }
  }

  public Policy policy() {
    return policy;
  }

  /** When it was set, in milliseconds of the wall clock. */
  public long sinceMs() {
    return sinceMs;
  }

  /** Whether it asks for anything; if not, it is in nobody's way. */
  public boolean hasOpinion() {
    return hasOpinion;
  }

  /** The packets that it goes by now; null while it goes by none. */
  public Policy.@Nullable Traffic countedTraffic() {
    return switch (policy) {
      case Policy.Traffic packets -> packets;
      case Policy.Time time -> use == Use.TRAFFIC ? time.traffic() : null;
      default -> null;
    };
  }

  /** Whether it goes by the branches of its pCPUs. */
  public boolean countsBranches() {
    return policy instanceof Policy.BranchRatio;
  }

  /** What it asks for now on {@code cpus}; of several pCPUs the one with most to do counts. */
  public Level level(CpuSet cpus) {
    if (!countsBranches()) {
      return level;
    }
    Level highest = Level.MIN;
    for (int i = 0; i < cpus.size(); i++) {
      BranchMeter meter = cpus.get(i) < branches.length ? branches[cpus.get(i)] : null;
      Level here = meter == null ? Level.MAX : meter.level();
      highest = here.compareTo(highest) > 0 ? here : highest;
    }
    return highest;
  }

  /** Tells the hour of the host's local time, 0 to 23. */
  public void atHour(int hour) {
    if (policy instanceof Policy.Time time) {
      Use now = time.hours().use(hour);
      if (now == Use.TRAFFIC && use != Use.TRAFFIC && time.traffic() != null) {
        traffic = new TrafficMeter(time.traffic()); // what the last traffic hour saw is long past
      }
      use = now;
      settleTime();
    }
  }

  private void settleTime() {
    level =
        switch (use) {
          case BUSY -> Level.MAX;
          case QUIET -> Level.MIN;
          case TRAFFIC -> traffic == null ? level : traffic.level();
          case UNUSED -> level;
        };
  }

  /** Tells the packets that came in the last second. */
  public void packets(long packetsPerSecond) {
    if (traffic != null) {
      traffic.sample(packetsPerSecond);
      problem = "";
      settleTraffic(traffic);
    }
  }

  /** Tells that packets could not be counted, and why. */
  public void packetsUnknown(String why) {
    if (traffic != null) {
      traffic.miss();
      problem = why;
      settleTraffic(traffic);
    }
  }

  private void settleTraffic(TrafficMeter meter) {
    if (policy instanceof Policy.Traffic) {
      level = meter.level();
    } else {
      settleTime();
    }
  }

  /** Tells the branches of one pCPU since the last time. */
  public void branches(int cpu, long count, long misses) {
    BranchMeter meter = meter(cpu);
    if (meter != null) {
      meter.sample(count, misses);
      problem = "";
    }
  }

  /** Tells that the branches of a pCPU could not be counted, and why. */
  public void branchesUnknown(int cpu, String why) {
    BranchMeter meter = meter(cpu);
    if (meter != null) {
      meter.miss();
      problem = why;
    }
  }

  private @Nullable BranchMeter meter(int cpu) {
    if (!(policy instanceof Policy.BranchRatio ratio)) {
      return null;
    }
    if (cpu >= branches.length) {
      branches = Arrays.copyOf(branches, cpu + 1);
    }
    BranchMeter meter = branches[cpu];
    if (meter == null) {
      meter = new BranchMeter(ratio);
      branches[cpu] = meter;
    }
    return meter;
  }

  /** Why what it goes by cannot be counted now; empty if it can. */
  public String problem() {
    return problem;
  }

  /** What it goes by now, in words. */
  public String why() {
    if (!problem.isEmpty()) {
      return problem;
    }
    return switch (policy) {
      case Policy.Time time -> hasOpinion ? whyNow() : "it names no hour, so it asks for nothing";
      case Policy.Traffic packets -> "packets per second";
      case Policy.Workload workload -> "a fixed level";
      case Policy.BranchRatio ratio -> "branch misses to branches";
    };
  }

  private String whyNow() {
    return switch (use) {
      case BUSY -> "a busy hour";
      case QUIET -> "a quiet hour";
      case TRAFFIC -> traffic == null ? "a traffic hour without a MAC" : "a traffic hour";
      case UNUSED -> "an hour of no list: the last level stays";
    };
  }
}
