package dev.vmpower.host.monitor;

import dev.vmpower.host.clock.Clocks;
import dev.vmpower.host.clock.Hold;
import dev.vmpower.host.clock.ManagedDomain;
import dev.vmpower.host.policy.PolicyRun;
import dev.vmpower.host.view.PolicyView;
import dev.vmpower.host.vm.Vcpu;
import dev.vmpower.host.vm.Vm;
import dev.vmpower.machine.cpu.CpuSet;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Says of each policy what it asks for, and whether that counts. */
final class PolicyViews {
  /** What the name of a guest's policy begins with; its VM's follows. */
  static final String GUEST_PREFIX = "guest:";

  private final Clocks clocks;
  private final Fleet fleet;
  private final OperatorPolicies operators;

  PolicyViews(Clocks clocks, Fleet fleet, OperatorPolicies operators) {
    this.clocks = clocks;
    this.fleet = fleet;
    this.operators = operators;
  }

  /** Operators' policies by name, then guests' by VM. */
  List<PolicyView> all() {
    List<PolicyView> views = new ArrayList<>();
    operators.entries().forEach(entry -> views.add(view(entry)));
    for (Fleet.Entry entry : fleet.entries()) {
      Map<PolicyRun, List<Vcpu>> runs = new LinkedHashMap<>();
      for (Vcpu vcpu : entry.vm.vcpus()) {
        PolicyRun run = vcpu.guestPolicy();
        if (run != null) {
          runs.computeIfAbsent(run, each -> new ArrayList<>()).add(vcpu);
        }
      }
      runs.forEach((run, vcpus) -> views.add(ofGuest(entry.vm, run, vcpus)));
    }
    return views;
  }

  PolicyView view(OperatorPolicies.Entry entry) {
    String vm = entry.policy().vm();
    if (vm == null) {
      CpuSet cpus = entry.policy().cpus();
      String manual = manualHold(cpus);
      return view(
          entry,
          null,
          cpus.toString(),
          level(entry.run(), cpus),
          manual == null && !clocks.isPassive(),
          clocks.isPassive() ? "the daemon observes only, or is paused" : manual);
    }
    Fleet.Entry known = fleet.entry(vm);
    List<Vcpu> vcpus =
        known == null
            ? List.of()
            : known.vm.vcpus().stream()
                .filter(vcpu -> vcpu.operatorPolicy() == entry.run())
                .toList();
    boolean inForce = vcpus.stream().anyMatch(this::counts);
    return view(
        entry,
        numbers(vcpus),
        null,
        level(entry.run(), vcpus),
        inForce,
        inForce ? null : vcpus.isEmpty() ? "its VM is not there" : "its VM is not up");
  }

  /** The holds by hand that go before a policy everywhere; null where it rules a pCPU at least. */
  private @Nullable String manualHold(CpuSet cpus) {
    String held = null;
    for (int i = 0; i < cpus.size(); i++) {
      ManagedDomain managed = clocks.domainOf(cpus.get(i));
      Hold hold = managed == null ? null : clocks.holdOn(managed);
      if (managed != null && hold == null) {
        return null;
      }
      held = hold == null ? held : "held by " + hold.who();
    }
    return held == null ? "its pCPUs are not there" : held;
  }

  private static PolicyView view(
      OperatorPolicies.Entry entry,
      @Nullable String vcpus,
      @Nullable String cpus,
      @Nullable String level,
      boolean inForce,
      @Nullable String whyNot) {
    return new PolicyView(
        entry.policy().name(),
        "operator",
        entry.policy().vm(),
        vcpus,
        cpus,
        entry.policy().policy().type(),
        level,
        inForce,
        whyNot == null ? entry.run().why() : whyNot,
        Instant.ofEpochMilli(entry.run().sinceMs()).toString(),
        entry.policy().toToml());
  }

  private PolicyView ofGuest(Vm vm, PolicyRun run, List<Vcpu> vcpus) {
    boolean outranked = vcpus.stream().allMatch(vcpu -> vcpu.operatorPolicy() != null);
    boolean inForce = vcpus.stream().anyMatch(vcpu -> vcpu.policyInForce() == run && counts(vcpu));
    return new PolicyView(
        GUEST_PREFIX + vm.name(),
        "guest",
        vm.name(),
        numbers(vcpus),
        null,
        run.policy().type(),
        run.hasOpinion() ? level(run, vcpus) : null,
        inForce,
        outranked
            ? "an operator's policy goes before it"
            : vcpus.stream().allMatch(Vcpu::standsStill) ? "its channel is disabled" : run.why(),
        Instant.ofEpochMilli(run.sinceMs()).toString(),
        null);
  }

  private boolean counts(Vcpu vcpu) {
    return vcpu.standing() == null
        && vcpu.isClaimed()
        && vcpu.vm().votesCount()
        && !vcpu.standsStill();
  }

  private static String numbers(List<Vcpu> vcpus) {
    return CpuSet.of(vcpus.stream().mapToInt(Vcpu::number).toArray()).toString();
  }

  private static String level(PolicyRun run, List<Vcpu> vcpus) {
    CpuSet cpus = CpuSet.of();
    for (Vcpu vcpu : vcpus) {
      cpus = cpus.union(vcpu.cpus());
    }
    return level(run, cpus);
  }

  private static String level(PolicyRun run, CpuSet cpus) {
    return run.level(cpus).name().toLowerCase(Locale.ROOT);
  }
}
