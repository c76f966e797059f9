package dev.vmpower.host.energy;

import dev.vmpower.host.energy.Interval.Domain;
import dev.vmpower.machine.power.VcpuTimes;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * From what was counted in an interval to what each VM used, and to what was saved.
 *
 * <p>The hardware counts energy by the package at best. How much of it is whose is an estimate: a
 * busy pCPU at full speed has weight 1; of that, {@link #FIXED} does not depend on its frequency,
 * and the rest goes with the square of it, since voltage falls with frequency but less; an idle one
 * has weight {@link #IDLE}. A vCPU's part is its run time with the weight of where it ran. All
 * parts with that of others sum to the package. Saved is what the busy time of managed pCPUs would
 * have weighed more at full speed.
 *
 * <p>Pure: nothing is read here.
 */
final class EnergyModel {
  /** The part of a busy pCPU's power that its frequency does not change. */
  static final double FIXED = 0.4;

  /** What an idle pCPU weighs, against a busy one at full speed. */
  static final double IDLE = 0.1;

  private static final double MS_PER_S = 1_000;

  private EnergyModel() {}

  /** The weight of a busy pCPU at {@code khz}, where {@code maxKhz} has 1. */
  static double weight(int khz, int maxKhz) {
    double part = Math.min(1, khz / (double) Math.max(maxKhz, 1));
    return FIXED + (1 - FIXED) * part * part;
  }

  /** The mean weight over the time at each frequency; 1 where none is known. */
  static double weight(Map<Integer, Long> timesMs, int maxKhz) {
    double sum = 0;
    double ms = 0;
    for (Map.Entry<Integer, Long> time : timesMs.entrySet()) {
      sum += weight(time.getKey(), maxKhz) * time.getValue();
      ms += time.getValue();
    }
    return ms > 0 ? sum / ms : 1;
  }

  /** What one package's pCPUs weigh together, in milliseconds of a busy one at full speed. */
  private static final class Weights {
    private double weight;
    private double saved;
    private final Map<String, Double> vms = new HashMap<>();
  }

  /** What was used and saved in an interval. */
  static Usage usage(Interval interval) {
    Map<Integer, Weights> packages = new TreeMap<>();
    Map<Integer, Domain> domainOf = new HashMap<>();
    for (Domain domain : interval.domains()) {
      domain.cpus().forEach(cpu -> domainOf.put(cpu, domain));
      weigh(domain, interval, packages.computeIfAbsent(domain.packageId(), id -> new Weights()));
    }
    for (VcpuTimes.Ran ran : interval.ran()) {
      Domain domain = domainOf.get(ran.cpu());
      Weights in = domain == null ? null : packages.get(domain.packageId());
      if (domain != null && in != null && ran.ranMs() > 0) {
        double weight = weight(domain.timesMs(), domain.maxKhz());
        double part = Math.min(ran.ranMs(), interval.passedMs()) * weight;
        in.vms.merge(ran.vm(), part, Double::sum);
      }
    }
    Usage sum =
        new Usage(interval.passedMs() / MS_PER_S, !packages.isEmpty(), 0, 0, 0, 0, Map.of());
    for (Map.Entry<Integer, Weights> one : packages.entrySet()) {
      sum = sum.plus(usage(one.getValue(), interval.joules().get(one.getKey())));
    }
    return sum;
  }

  private static void weigh(Domain domain, Interval interval, Weights in) {
    long passedMs = interval.passedMs();
    double weight = weight(domain.timesMs(), domain.maxKhz());
    domain
        .cpus()
        .forEach(
            cpu -> {
              long busyMs = Math.min(interval.busyMs().getOrDefault(cpu, passedMs), passedMs);
              in.weight += busyMs * weight + (passedMs - busyMs) * IDLE;
              in.saved += domain.managed() ? busyMs * (1 - weight) : 0;
            });
  }

  private static Usage usage(Weights in, @Nullable Double joules) {
    double perWeight = joules != null && in.weight > 0 ? joules / in.weight : 0;
    // What QEMU's threads were counted for can be a tick more than what pCPUs were.
    double claimed = in.vms.values().stream().mapToDouble(Double::doubleValue).sum();
    double fits = claimed > in.weight ? in.weight / claimed : 1;
    Map<String, Usage.Part> vms = new TreeMap<>();
    in.vms.forEach(
        (vm, part) -> vms.put(vm, new Usage.Part(part * fits * perWeight, part * fits / MS_PER_S)));
    return new Usage(
        0,
        joules != null,
        joules == null ? 0 : joules,
        in.saved * perWeight,
        in.weight / MS_PER_S,
        in.saved / MS_PER_S,
        vms);
  }
}
