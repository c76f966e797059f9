package dev.vmpower.host.monitor;

import dev.vmpower.host.clock.Clocks;
import dev.vmpower.host.clock.ManagedDomain;
import dev.vmpower.host.view.PinningView;
import dev.vmpower.host.vm.Refusal;
import dev.vmpower.host.vm.Vcpu;
import dev.vmpower.machine.cpu.CpuSet;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** Says of each vCPU where it may run, and with whom it shares that. */
final class PinningViews {
  /** Of more neighbours only the number is told: two floating VMs share every pCPU there is. */
  static final int SHARED_WITH_MAX = 32;

  private final Clocks clocks;

  PinningViews(Clocks clocks) {
    this.clocks = clocks;
  }

  List<PinningView> all(Collection<Fleet.Entry> entries) {
    List<Vcpu> vcpus = new ArrayList<>();
    entries.forEach(entry -> vcpus.addAll(entry.vm.vcpus()));
    Map<Integer, List<Vcpu>> byCpu = new HashMap<>();
    for (Vcpu vcpu : vcpus) {
      vcpu.cpus().forEach(cpu -> byCpu.computeIfAbsent(cpu, c -> new ArrayList<>()).add(vcpu));
    }
    return vcpus.stream().map(vcpu -> view(vcpu, byCpu)).toList();
  }

  private PinningView view(Vcpu vcpu, Map<Integer, List<Vcpu>> byCpu) {
    Refusal standing = vcpu.standing();
    return new PinningView(
        vcpu.vm().name(),
        vcpu.number(),
        vcpu.cpus().toString(),
        domains(vcpu.cpus()).toString(),
        sharedWith(vcpu, byCpu),
        standing == null ? null : standing.text());
  }

  private CpuSet domains(CpuSet cpus) {
    return CpuSet.of(
        cpus.stream()
            .mapToObj(clocks::domainOf)
            .filter(Objects::nonNull)
            .map(ManagedDomain::domain)
            .mapToInt(domain -> domain.number())
            .toArray());
  }

  private static List<String> sharedWith(Vcpu vcpu, Map<Integer, List<Vcpu>> byCpu) {
    Set<Vcpu> others = new LinkedHashSet<>();
    vcpu.cpus().forEach(cpu -> others.addAll(byCpu.getOrDefault(cpu, List.of())));
    others.remove(vcpu);
    List<String> texts = new ArrayList<>();
    for (Vcpu other : others) {
      if (texts.size() == SHARED_WITH_MAX) {
        texts.add("and " + (others.size() - SHARED_WITH_MAX) + " more");
        break;
      }
      texts.add(other.vm().name() + "/" + other.number());
    }
    return List.copyOf(texts);
  }
}
