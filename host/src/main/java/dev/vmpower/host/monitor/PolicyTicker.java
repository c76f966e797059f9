package dev.vmpower.host.monitor;

import dev.vmpower.host.clock.Clocks;
import dev.vmpower.host.policy.LocalHours;
import dev.vmpower.host.policy.Policy;
import dev.vmpower.host.policy.PolicyRun;
import dev.vmpower.host.sampler.Probe;
import dev.vmpower.host.sampler.Reading;
import dev.vmpower.host.vm.Vcpu;
import dev.vmpower.host.vm.Vm;
import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.net.GuestInterface;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Tells the policies in force what they go by: the hour, packets and branches. What they ask for
 * then counts at the next settling.
 *
 * <p>It knows when the hour ends, and looks at the wall clock once in a sweep too, so that a clock
 * that was set is noticed. What is to be counted is asked of the sampler, and only while a policy
 * goes by it.
 *
 * <p>Not thread-safe: the monitor thread owns it.
 */
final class PolicyTicker {
  /** What is to be counted is worked out anew at most this often. */
  static final long PROBES_EVERY_NS = 100_000_000L;

  private static final long NS_PER_MS = 1_000_000L;
  private static final long NEVER = Long.MAX_VALUE;

  /** Whose vote a policy is: vCPUs of a VM, or else pCPUs. */
  private record Subject(@Nullable Vm vm, CpuSet cpus, boolean byOperator) {}

  private final Clocks clocks;
  private final Consumer<List<Probe>> sampler;
  private final Map<PolicyRun, Subject> runs = new LinkedHashMap<>();
  private final Map<Integer, Set<PolicyRun>> byCpu = new LinkedHashMap<>();
  private Consumer<PolicyRun> onScheduled = run -> {};
  private LongFunction<@Nullable GuestInterface> anywhere = mac -> null;
  private @Nullable String noBranches = "it is not known yet whether branches can be counted";
  private int hour;
  private long hourEndsNs = NEVER;
  private boolean stale;
  private long probesDueNs;
  private List<Probe> probes = List.of();

  /** Ticks nothing yet; {@code sampler} is told what is to be counted. */
  PolicyTicker(Clocks clocks, Consumer<List<Probe>> sampler) {
    this.clocks = clocks;
    this.sampler = sampler;
  }

  /** Who is told of a policy by pCPU that may ask for something else now. */
  void onScheduled(Consumer<PolicyRun> listener) {
    onScheduled = listener;
  }

  /** Who knows the interface of the host that has an address. */
  void setInterfaces(LongFunction<@Nullable GuestInterface> lookup) {
    anywhere = lookup;
  }

  /** Whether an address is that of an interface without a network device. */
  boolean isVhostUser(long mac) {
    GuestInterface found = anywhere.apply(mac);
    return found != null && found.kind() == GuestInterface.Kind.VHOST_USER;
  }

  /** The host can count branches, or {@code why} it cannot. */
  void setBranches(@Nullable String why) {
    noBranches = why;
  }

  boolean countsBranches() {
    return noBranches == null;
  }

  /** Why branches cannot be counted; null if they can. */
  @Nullable String noBranches() {
    return noBranches;
  }

  /**
   * A policy of vCPUs of {@code vm} comes into force.
   *
   * @param byOperator whether it may go by packets that are not the VM's own
   */
  void begin(PolicyRun run, Vm vm, boolean byOperator) {
    begin(run, new Subject(vm, CpuSet.of(), byOperator));
  }

  /** A policy of pCPUs comes into force. */
  void begin(PolicyRun run, CpuSet cpus) {
    begin(run, new Subject(null, cpus, true));
  }

  private void begin(PolicyRun run, Subject subject) {
    run.atHour(hour);
    runs.put(run, subject);
    stale = true;
  }

  /** A policy is in force no more. */
  void end(PolicyRun run) {
    if (runs.remove(run) != null) {
      stale = true;
    }
  }

  /** vCPUs, their pinning or their interfaces changed. */
  void changed() {
    stale = true;
  }

  /** When {@link #tick} has something to do, in the monitor's time. */
  long deadlineNs() {
    return Math.min(runs.isEmpty() ? NEVER : hourEndsNs, stale ? probesDueNs : NEVER);
  }

  /** Looks at the clock, and at what is to be counted. */
  void tick(long nowNs, long nowMs) {
    if (nowNs >= hourEndsNs || hourEndsNs == NEVER) {
      lookAtClock(nowNs, nowMs);
    }
    if (stale && nowNs >= probesDueNs) {
      stale = false;
      probesDueNs = nowNs + PROBES_EVERY_NS;
      count();
    }
  }

  /** Finds out whether the hour is another, however that came. */
  void lookAtClock(long nowNs, long nowMs) {
    ZoneId zone = ZoneId.systemDefault();
    hourEndsNs = nowNs + (LocalHours.nextChangeMs(nowMs, zone) - nowMs) * NS_PER_MS;
    int now = LocalHours.hourAt(nowMs, zone);
    if (now != hour) {
      hour = now;
      runs.keySet().forEach(run -> run.atHour(now));
      runs.keySet().forEach(this::touch);
      stale = true;
    }
  }

  private void touch(PolicyRun run) {
    Subject subject = runs.get(run);
    if (subject == null || subject.vm() == null) {
      onScheduled.accept(run);
      return;
    }
    ruled(run, subject.vm()).forEach(clocks::touch);
  }

  private static List<Vcpu> ruled(PolicyRun run, Vm vm) {
    List<Vcpu> ruled = new ArrayList<>();
    for (int i = 0; i < vm.vcpuNumbers(); i++) {
      Vcpu vcpu = vm.vcpu(i);
      if (vcpu != null && (vcpu.guestPolicy() == run || vcpu.operatorPolicy() == run)) {
        ruled.add(vcpu);
      }
    }
    return ruled;
  }

  /** Takes what the sampler counted. */
  void take(List<Reading> readings) {
    Set<PolicyRun> told = new LinkedHashSet<>();
    for (Reading reading : readings) {
      switch (reading) {
        case Reading.Packets packets -> {
          if (packets.key() instanceof PolicyRun run) {
            run.packets(packets.packetsPerSecond());
            told.add(run);
          }
        }
        case Reading.NoPackets none -> {
          if (none.key() instanceof PolicyRun run) {
            run.packetsUnknown(none.why());
            told.add(run);
          }
        }
        case Reading.Branches branches -> {
          for (PolicyRun run : byCpu.getOrDefault(branches.cpu(), Set.of())) {
            run.branches(branches.cpu(), branches.branches(), branches.misses());
            told.add(run);
          }
        }
        case Reading.NoBranches none -> {
          for (PolicyRun run : byCpu.getOrDefault(none.cpu(), Set.of())) {
            run.branchesUnknown(none.cpu(), none.why());
            told.add(run);
          }
        }
      }
    }
    told.forEach(this::touch);
  }

  /** Forgets policies that ended with their claims, and tells the sampler what is left to count. */
  private void count() {
    runs.entrySet()
        .removeIf(
            entry -> {
              Vm vm = entry.getValue().vm();
              return vm != null && ruled(entry.getKey(), vm).isEmpty();
            });
    byCpu.clear();
    Set<Probe> wanted = new LinkedHashSet<>();
    runs.forEach(
        (run, subject) -> {
          Policy.Traffic traffic = run.countedTraffic();
          if (traffic != null) {
            wanted.add(new Probe.Packets(run, interfaces(traffic, subject)));
          }
          if (run.countsBranches()) {
            for (int cpu : cpus(run, subject)) {
              byCpu.computeIfAbsent(cpu, number -> new LinkedHashSet<>()).add(run);
              wanted.add(new Probe.Branches(cpu));
            }
          }
        });
    List<Probe> fresh = List.copyOf(wanted);
    if (!fresh.equals(probes)) {
      probes = fresh;
      sampler.accept(fresh);
    }
  }

  private static int[] cpus(PolicyRun run, Subject subject) {
    CpuSet cpus = subject.cpus();
    if (subject.vm() != null) {
      for (Vcpu vcpu : ruled(run, subject.vm())) {
        cpus = cpus.union(vcpu.cpus());
      }
    }
    return cpus.stream().toArray();
  }

  // An address that is none of the VM's may be another's, or a virtual function of the host's.
  private List<GuestInterface> interfaces(Policy.Traffic traffic, Subject subject) {
    List<GuestInterface> interfaces = new ArrayList<>();
    for (long mac : traffic.macs()) {
      GuestInterface found = subject.vm() == null ? null : subject.vm().interfaceOf(mac);
      if (found == null && subject.byOperator()) {
        found = anywhere.apply(mac);
      }
      if (found != null) {
        interfaces.add(found);
      }
    }
    return interfaces;
  }
}
