package dev.vmpower.host.monitor;

import dev.vmpower.host.clock.Clocks;
import dev.vmpower.host.policy.OperatorPolicy;
import dev.vmpower.host.view.PolicyView;
import java.util.List;

/**
 * What operators ask about policies.
 *
 * <p>Not thread-safe: the monitor thread owns it.
 */
final class PolicyDesk {
  private final Clocks clocks;
  private final Fleet fleet;
  private final GuestPolicies guests;
  private final OperatorPolicies operators;
  private final PolicyViews views;

  PolicyDesk(Clocks clocks, Fleet fleet, GuestPolicies guests, OperatorPolicies operators) {
    this.clocks = clocks;
    this.fleet = fleet;
    this.guests = guests;
    this.operators = operators;
    this.views = new PolicyViews(clocks, fleet, operators);
  }

  OperatorPolicies operatorPolicies() {
    return operators;
  }

  List<PolicyView> list() {
    return views.all();
  }

  PolicyView show(String name) throws Verb.RefusedException {
    for (PolicyView view : views.all()) {
      if (view.name().equals(name)) {
        return view;
      }
    }
    throw new Verb.RefusedException(
        "there is no policy '" + name + "'; see vmpowerctl policy list");
  }

  List<PolicyView> apply(List<OperatorPolicy> policies, long nowNs, long nowMs)
      throws Verb.RefusedException {
    operators.apply(policies, nowMs);
    clocks.settle(nowNs, nowMs);
    List<String> names = policies.stream().map(OperatorPolicy::name).toList();
    return operators.entries().stream()
        .filter(entry -> names.contains(entry.policy().name()))
        .map(views::view)
        .toList();
  }

  String remove(String name, long nowNs, long nowMs) throws Verb.RefusedException {
    if (name.startsWith(PolicyViews.GUEST_PREFIX)) {
      removeGuests(name.substring(PolicyViews.GUEST_PREFIX.length()));
    } else {
      operators.remove(name);
    }
    clocks.settle(nowNs, nowMs);
    return "policy " + name + " is removed";
  }

  private void removeGuests(String vm) throws Verb.RefusedException {
    Fleet.Entry entry = fleet.entry(vm);
    if (entry == null || entry.vm.vcpus().stream().allMatch(vcpu -> vcpu.guestPolicy() == null)) {
      throw new Verb.RefusedException(
          "the guest of '" + vm + "' has set no policy; see vmpowerctl policy list");
    }
    guests.drop(entry.vm);
  }
}
