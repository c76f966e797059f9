package dev.vmpower.sim.world;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Who counts where, and what each frequency domain's target is: the rules of arbitration said a
 * second time, by brute force. It shares no line with the daemon's.
 */
final class Arbitration {
  /** What an operator set by hand. */
  record Hold(int vote, long untilNs, long sinceMs) {}

  /** Whether a vCPU can count as it is pinned. */
  enum Standing {
    WELL,
    UNPINNED,
    RESERVED,
    OFFLINE
  }

  final Shape shape;
  final TreeMap<String, RuleVm> vms = new TreeMap<>();
  final @Nullable Hold[] holds; // by pCPU
  final boolean[] turboOff; // by pCPU
  final BitSet online = new BitSet(); // as the daemon could know: looked at in each sweep
  private long looks; // how often that changed
  boolean hostTurbo = true;
  boolean passive;
  final int[] minKhz; // what an administrator allowed, by clock
  final int[] maxKhz;
  final int[] target; // in kHz; 0 for none
  final boolean[] unsaved; // where no room is left to save how it was found
  private final Waits waits;
  private final Map<Integer, List<Clock>> groups = new HashMap<>();

  Arbitration(Shape shape) {
    this.shape = shape;
    holds = new Hold[shape.cpus];
    turboOff = new boolean[shape.cpus];
    int clocks = shape.clocks.size();
    minKhz = new int[clocks];
    maxKhz = new int[clocks];
    Arrays.fill(maxKhz, Integer.MAX_VALUE);
    target = new int[clocks];
    unsaved = new boolean[clocks];
    waits = new Waits(shape.changesPerSecondMax, clocks);
  }

  /** Nothing was decided yet, as after a start. */
  void beginAgain() {
    Arrays.fill(target, 0);
    waits.forgetAll();
  }

  /** When the first target may be lowered that waits; never if none does. */
  long lowersAtNs() {
    return waits.firstNs();
  }

  /** The pCPUs that are online are these from now on. */
  void see(BitSet now) {
    if (looks > 0 && now.equals(online)) {
      return;
    }
    looks++;
    online.clear();
    online.or(now);
    groups.clear();
    for (Clock clock : shape.clocks) {
      groups.put(clock.index(), findGroup(clock));
      if (!isThere(clock)) {
        waits.forget(clock.index()); // another one will come
      }
    }
  }

  boolean isThere(Clock clock) {
    return isAnyOnline(clock.cpus());
  }

  private boolean isAnyOnline(List<Integer> cpus) {
    for (int i = 0; i < cpus.size(); i++) {
      if (online.get(cpus.get(i))) {
        return true;
      }
    }
    return false;
  }

  /** The frequency domains that are settled together with {@code clock}, itself among them. */
  List<Clock> group(Clock clock) {
    return groups.getOrDefault(clock.index(), List.of());
  }

  private List<Clock> findGroup(Clock clock) {
    TreeSet<Integer> found = new TreeSet<>(List.of(clock.index()));
    boolean grows = shape.together && !shape.isReserved(clock) && isThere(clock);
    while (grows) {
      grows = false;
      for (int index : List.copyOf(found)) {
        for (int cpu : shape.clocks.get(index).cpus()) {
          for (int sibling : shape.siblings(cpu)) {
            Clock tied = shape.clocks.get(shape.clockOf[sibling]);
            if (!shape.isReserved(tied) && isThere(tied)) {
              grows |= found.add(tied.index());
            }
          }
        }
      }
    }
    return found.stream().map(shape.clocks::get).toList();
  }

  Standing standing(RuleVm.Vcpu vcpu) {
    List<Integer> cpus = vcpu.cpus;
    boolean all = true;
    for (int cpu = online.nextSetBit(0); cpu >= 0; cpu = online.nextSetBit(cpu + 1)) {
      all &= cpus.contains(cpu);
    }
    boolean floats = cpus.size() > 1 && (cpus.size() > shape.maxPcpus || all);
    if (cpus.isEmpty() || (floats && !shape.allowUnpinned)) {
      return Standing.UNPINNED;
    }
    for (int cpu : cpus) {
      Clock clock = shape.clocks.get(shape.clockOf[cpu]);
      // Which pCPUs share a clock is not to be seen while all of them are offline.
      if (shape.reserved.contains(cpu) || (isThere(clock) && shape.isReserved(clock))) {
        return Standing.RESERVED;
      }
    }
    return isAnyOnline(cpus) ? Standing.WELL : Standing.OFFLINE;
  }

  /** Works out where every vCPU counts. */
  void place() {
    for (RuleVm vm : vms.values()) {
      for (RuleVm.Vcpu vcpu : vm.vcpus.values()) {
        if (vcpu.placedAt != looks || !vcpu.cpus.equals(vcpu.placedCpus)) {
          vcpu.placedCpus = vcpu.cpus;
          vcpu.placedAt = looks;
          vcpu.where = whereNow(vcpu);
        }
        Map<Integer, Integer> frozen = vcpu.frozenKhz;
        boolean elsewhere = frozen != null && !frozen.keySet().equals(new TreeSet<>(vcpu.where));
        if (elsewhere && !vcpu.where.isEmpty()) {
          vcpu.freezeAt(vcpu.frozenBy, vcpu.highestFrozen());
        }
      }
    }
  }

  private List<Integer> whereNow(RuleVm.Vcpu vcpu) {
    if (standing(vcpu) != Standing.WELL) {
      return List.of();
    }
    TreeSet<Integer> clocks = new TreeSet<>();
    vcpu.cpus.stream().filter(online::get).forEach(cpu -> clocks.add(shape.clockOf[cpu]));
    return List.copyOf(clocks);
  }

  List<RuleVm.Vcpu> members(Clock clock) {
    List<RuleVm.Vcpu> members = new ArrayList<>();
    List<Clock> group = group(clock);
    for (RuleVm vm : vms.values()) {
      for (RuleVm.Vcpu vcpu : vm.vcpus.values()) {
        for (int i = 0; i < group.size(); i++) {
          if (vcpu.where.contains(group.get(i).index())) {
            members.add(vcpu);
            break;
          }
        }
      }
    }
    return members;
  }

  @Nullable Hold holdOn(Clock clock) {
    TreeMap<Integer, Hold> found = new TreeMap<>();
    for (Clock tied : group(clock)) {
      for (int cpu : tied.cpus()) {
        Hold hold = holds[cpu];
        if (hold != null) {
          found.put(cpu, hold);
        }
      }
    }
    return found.isEmpty() ? null : found.firstEntry().getValue();
  }

  boolean isTurboOff(Clock clock) {
    for (Clock tied : group(clock)) {
      for (int cpu : tied.cpus()) {
        if (turboOff[cpu]) {
          return true;
        }
      }
    }
    return false;
  }

  boolean isWanted(Clock clock) {
    if (shape.isReserved(clock) || !isThere(clock)) {
      return false;
    }
    return holdOn(clock) != null
        || isTurboOff(clock)
        || members(clock).stream().anyMatch(RuleVm.Vcpu::isClaimed);
  }

  boolean isManaged(Clock clock) {
    return isWanted(clock) && !passive && !unsaved[clock.index()];
  }

  boolean allowsTurbo(Clock clock) {
    return hostTurbo && clock.hasTurbo() && !isTurboOff(clock);
  }

  /** Works out every target. */
  void decide(long nowNs) {
    for (Clock clock : shape.clocks) {
      int i = clock.index();
      waits.end(i);
      int before = target[i];
      target[i] = isWanted(clock) ? decide(clock, nowNs) : 0;
      if (target[i] > 0 && target[i] != before) {
        waits.change(i, nowNs);
      }
    }
  }

  private int decide(Clock clock, long nowNs) {
    Hold hold = holdOn(clock);
    if (hold != null) {
      return alone(clock, hold.vote());
    }
    List<RuleVm.Vcpu> members = members(clock);
    int highest = 0;
    int possible = 0;
    boolean claimed = false;
    for (RuleVm.Vcpu vcpu : members) {
      claimed |= vcpu.isClaimed();
      if (counts(vcpu, members)) {
        highest = Math.max(highest, levelOf(vcpu, clock));
        possible = Math.max(possible, mostOf(vcpu.vm, clock));
      }
    }
    int before = target[clock.index()];
    if (highest > 0) {
      int least = Math.max(highest, Math.min(before, possible));
      return least > highest && waits.begin(clock.index(), nowNs) ? least : highest;
    }
    // Nobody counts now, as where a VM is paused: the target stays.
    return alone(clock, claimed && before > 0 ? before : Vote.MAX);
  }

  private int alone(Clock clock, int vote) {
    int i = clock.index();
    return clock.level(vote, allowsTurbo(clock), minKhz[i], maxKhz[i]);
  }

  private static boolean counts(RuleVm.Vcpu vcpu, List<RuleVm.Vcpu> members) {
    if (vcpu.isClaimed()) {
      return vcpu.frozenKhz != null || vcpu.vm.votesCount();
    }
    return vcpu.vm.state == RuleVm.State.RUNNING
        && members.stream().anyMatch(other -> other.isClaimed() && other.vm != vcpu.vm);
  }

  /** What a VM may ask for at most; below an administrator's lower limit nothing can be. */
  int highest(RuleVm vm, int clock) {
    return Math.max(Math.min(vm.maxKhz, maxKhz[clock]), minKhz[clock]);
  }

  /** The most that a VM could ask for. */
  private int mostOf(RuleVm vm, Clock clock) {
    int i = clock.index();
    return clock.level(Vote.MAX, allowsTurbo(clock) && vm.turbo, minKhz[i], highest(vm, i));
  }

  /** What {@code vcpu} counts as on {@code clock}. */
  int levelOf(RuleVm.Vcpu vcpu, Clock clock) {
    int i = clock.index();
    if (vcpu.frozenKhz != null) {
      return alone(clock, vcpu.frozenOn(i));
    }
    RuleVm vm = vcpu.vm;
    boolean turbo = allowsTurbo(clock) && vm.turbo && (!vcpu.isClaimed() || vcpu.turbo());
    int vote = vcpu.isClaimed() ? vcpu.vote() : Vote.MAX;
    return clock.level(vote, turbo, Math.max(vm.minKhz, minKhz[i]), highest(vm, i));
  }
}
