package dev.vmpower.host.monitor;

import dev.vmpower.host.vm.Refusal;
import dev.vmpower.host.vm.Vcpu;
import dev.vmpower.machine.cpu.CpuSet;
import java.util.ArrayList;
import java.util.List;

/**
 * The running vCPUs that are not pinned at one moment. They have no vote, and on no pCPU can others
 * be kept from slowing them down, so whoever looks at a pCPU is told of them.
 *
 * @param vcpus those of one VM are neighbours
 */
record Floating(List<Vcpu> vcpus) {
  /** Of more VMs that cannot be protected only the number is told. */
  static final int UNPROTECTED_MAX = 32;

  static Floating of(Fleet fleet) {
    List<Vcpu> floating = new ArrayList<>();
    for (Fleet.Entry entry : fleet.entries()) {
      if (entry.vm.isRunning()) {
        entry.vm.vcpus().stream()
            .filter(vcpu -> vcpu.standing() == Refusal.UNPINNED)
            .forEach(floating::add);
      }
    }
    return new Floating(floating);
  }

  /** The VMs that may run on one of {@code cpus}; of many the first, and how many more. */
  List<String> on(CpuSet cpus) {
    if (vcpus.isEmpty()) {
      return List.of();
    }
    List<String> names =
        vcpus.stream()
            .filter(vcpu -> vcpu.cpus().intersects(cpus))
            .map(vcpu -> vcpu.vm().name())
            .distinct()
            .toList();
    if (names.size() <= UNPROTECTED_MAX) {
      return names;
    }
    List<String> some = new ArrayList<>(names.subList(0, UNPROTECTED_MAX));
    some.add("and " + (names.size() - UNPROTECTED_MAX) + " more");
    return List.copyOf(some);
  }
}
