package dev.vmpower.host.monitor;

import dev.vmpower.host.arbiter.Arbiter;
import dev.vmpower.host.clock.Clocks;
import dev.vmpower.host.clock.Hold;
import dev.vmpower.host.clock.HoldException;
import dev.vmpower.host.clock.Holds;
import dev.vmpower.host.config.ConfigException;
import dev.vmpower.host.config.PolicyFile;
import dev.vmpower.host.orders.Orders;
import dev.vmpower.host.policy.Level;
import dev.vmpower.host.policy.OperatorPolicy;
import dev.vmpower.host.policy.Policy;
import dev.vmpower.host.policy.PolicyRun;
import dev.vmpower.host.vm.Refusal;
import dev.vmpower.host.vm.Vcpu;
import dev.vmpower.machine.net.GuestInterface;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Policies of operators, by name. One for vCPUs goes before what their guest says; one for pCPUs is
 * a hold by schedule, below a manual one.
 *
 * <p>They are there whether their VM or pCPU is or not, and rule it as soon as it is. What cannot
 * be done for all the policies of one file is done for none.
 *
 * <p>Not thread-safe: the monitor thread owns it.
 */
final class OperatorPolicies {
  /** The most that there can be. */
  static final int POLICIES_MAX = 1024;

  private static final Logger LOG = LoggerFactory.getLogger("vmpower.policy");

  /** A policy in force, and where. */
  record Entry(OperatorPolicy policy, PolicyRun run) {}

  private final Clocks clocks;
  private final Holds holds;
  private final Fleet fleet;
  private final PolicyTicker ticker;
  private final TreeMap<String, Entry> byName = new TreeMap<>();
  private final Set<Vcpu> ruled = new LinkedHashSet<>();

  OperatorPolicies(Clocks clocks, Holds holds, Fleet fleet, PolicyTicker ticker) {
    this.clocks = clocks;
    this.holds = holds;
    this.fleet = fleet;
    this.ticker = ticker;
    ticker.onScheduled(this::schedule);
    ticker.setInterfaces(this::interfaceOf);
  }

  private GuestInterface interfaceOf(long mac) {
    for (Fleet.Entry entry : fleet.entries()) {
      GuestInterface found = entry.vm.interfaceOf(mac);
      if (found != null) {
        return found;
      }
    }
    return new GuestInterface(mac, GuestInterface.Kind.VF, null);
  }

  /** Takes up the policies of an earlier run, whatever is there of what they rule. */
  void restore(List<Orders.Ruling> rulings) {
    for (Orders.Ruling ruling : rulings) {
      try {
        for (OperatorPolicy policy : PolicyFile.parse("a policy", ruling.toml())) {
          put(policy, ruling.sinceMs());
        }
      } catch (ConfigException damaged) {
        LOG.error("a policy of an earlier run is left out: {}", damaged.getMessage());
      }
    }
    attach();
  }

  /** All of them, to be kept for the next run. */
  List<Orders.Ruling> kept() {
    return byName.values().stream()
        .map(entry -> new Orders.Ruling(entry.policy().toToml(), entry.run().sinceMs()))
        .toList();
  }

  /**
   * Brings policies into force; one of the same name is replaced.
   *
   * @throws Verb.RefusedException if one of them cannot be; nothing is then changed
   */
  void apply(List<OperatorPolicy> policies, long nowMs) throws Verb.RefusedException {
    Map<String, OperatorPolicy> after = new HashMap<>();
    byName.values().forEach(entry -> after.put(entry.policy().name(), entry.policy()));
    policies.forEach(policy -> after.put(policy.name(), policy));
    if (after.size() > POLICIES_MAX) {
      throw new Verb.RefusedException("there can be at most " + POLICIES_MAX + " policies");
    }
    for (OperatorPolicy policy : policies) {
      check(policy, after.values());
    }
    policies.forEach(policy -> put(policy, nowMs));
    attach();
  }

  private void put(OperatorPolicy policy, long nowMs) {
    Entry before =
        byName.put(policy.name(), new Entry(policy, new PolicyRun(policy.policy(), nowMs)));
    if (before != null) {
      release(before);
    }
    LOG.info("policy {}: {} for {}", policy.name(), policy.policy().type(), subject(policy));
  }

  private static String subject(OperatorPolicy policy) {
    if (policy.vm() == null) {
      return "pCPUs " + policy.cpus();
    }
    return policy.vm() + (policy.vcpus().isEmpty() ? "" : " vCPUs " + policy.vcpus());
  }

  /**
   * Ends a policy.
   *
   * @throws Verb.RefusedException if there is none of that name
   */
  void remove(String name) throws Verb.RefusedException {
    Entry removed = byName.remove(name);
    if (removed == null) {
      throw new Verb.RefusedException(
          "there is no policy '" + name + "'; see vmpowerctl policy list");
    }
    release(removed);
    attach();
    LOG.info("policy {} is removed", name);
  }

  private void release(Entry entry) {
    ticker.end(entry.run());
    if (entry.policy().vm() == null) {
      holds.schedule(entry.policy().cpus(), cpus -> null);
    }
  }

  Collection<Entry> entries() {
    return byName.values();
  }

  @Nullable Entry entry(String name) {
    return byName.get(name);
  }

  /** Lets each policy rule what is there of what it is for, after VMs or pCPUs changed. */
  void attach() {
    if (byName.isEmpty() && ruled.isEmpty()) {
      return;
    }
    List<Vcpu> before = List.copyOf(ruled);
    ruled.clear();
    for (Entry entry : byName.values()) {
      if (entry.policy().vm() == null) {
        ticker.begin(entry.run(), entry.policy().cpus());
        schedule(entry.run());
      } else {
        attach(entry, entry.policy().vm());
      }
    }
    for (Vcpu vcpu : before) {
      if (!ruled.contains(vcpu)) {
        vcpu.setOperatorPolicy(null);
        clocks.touch(vcpu);
      }
    }
  }

  private void attach(Entry entry, String name) {
    Fleet.Entry known = fleet.entry(name);
    if (known == null) {
      return;
    }
    boolean any = false;
    for (Vcpu vcpu : known.vm.vcpus()) {
      if (entry.policy().rules(name, vcpu.number())) {
        any = true;
        ruled.add(vcpu);
        if (vcpu.operatorPolicy() != entry.run()) {
          vcpu.setOperatorPolicy(entry.run());
          clocks.touch(vcpu);
        }
      }
    }
    if (any) {
      ticker.begin(entry.run(), known.vm, true);
    }
  }

  /** Holds the pCPUs of a policy at what it asks for now. */
  private void schedule(PolicyRun run) {
    for (Entry entry : byName.values()) {
      if (entry.run() == run && entry.policy().vm() == null) {
        String who = "policy " + entry.policy().name();
        holds.schedule(
            entry.policy().cpus(), cpus -> new Hold(vote(run.level(cpus)), who, run.sinceMs()));
      }
    }
  }

  private static int vote(Level level) {
    return switch (level) {
      case MAX -> Arbiter.MAX;
      case MEDIUM -> Arbiter.MEDIUM;
      case MIN -> Arbiter.MIN;
    };
  }

  private void check(OperatorPolicy policy, Collection<OperatorPolicy> all)
      throws Verb.RefusedException {
    if (policy.vm() == null) {
      checkCpus(policy);
    } else {
      checkVm(policy, policy.vm());
    }
    for (OperatorPolicy other : all) {
      boolean same = other.name().equals(policy.name());
      if (!same && (other.overlaps(policy) || holds.share(other.cpus(), policy.cpus()))) {
        throw refused(policy, "policy " + other.name() + " rules " + subject(other) + " already");
      }
    }
    if (policy.policy() instanceof Policy.BranchRatio && ticker.noBranches() != null) {
      throw refused(policy, ticker.noBranches());
    }
  }

  private void checkCpus(OperatorPolicy policy) throws Verb.RefusedException {
    try {
      holds.check(policy.cpus());
    } catch (HoldException cannot) {
      throw refused(policy, cannot.getMessage());
    }
  }

  private void checkVm(OperatorPolicy policy, String name) throws Verb.RefusedException {
    Fleet.Entry known = fleet.entry(name);
    if (known == null) {
      throw refused(policy, "there is no VM '" + name + "'; see vmpowerctl vm list");
    }
    for (int number : policy.vcpus().stream().toArray()) {
      if (known.vm.vcpu(number) == null) {
        throw refused(policy, name + " has no vCPU " + number);
      }
    }
    Policy.Traffic traffic =
        switch (policy.policy()) {
          case Policy.Traffic packets -> packets;
          case Policy.Time time -> time.traffic();
          default -> null;
        };
    if (traffic != null && !known.vm.interfaces().isEmpty()) {
      for (long mac : traffic.macs()) {
        Refusal refusal = known.vm.macRefusal(mac);
        if (refusal != null) {
          throw refused(policy, refusal.text());
        }
      }
    }
  }

  private static Verb.RefusedException refused(OperatorPolicy policy, @Nullable String why) {
    return new Verb.RefusedException("policy " + policy.name() + ": " + why);
  }
}
