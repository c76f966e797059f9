package dev.vmpower.host.metrics;

import dev.vmpower.host.view.EnergyView;
import dev.vmpower.host.view.EnergyView.Share;
import dev.vmpower.host.view.MetricsView;
import dev.vmpower.host.view.MetricsView.AnswerBuckets;
import dev.vmpower.host.view.OverviewView.CpuNow;
import dev.vmpower.host.view.StatusView;
import dev.vmpower.host.view.VmView;
import dev.vmpower.host.view.VmView.VcpuView;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * One answer to whoever collects metrics. It is made by the thread that serves them, of a view that
 * the monitor made: the monitor itself only counts.
 *
 * <p>Labels are bounded by what there is: VMs and vCPUs that are known, pCPUs, reasons.
 */
public final class Page {
  public static final String PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";
  public static final String OPEN_METRICS =
      "application/openmetrics-text; version=1.0.0; charset=utf-8";

  private static final long HERTZ_PER_KHZ = 1000;

  private final MetricsView view;
  private final Supplier<EnergyView> energy;
  private final Supplier<ProcessFigures> process;

  /**
   * Of one moment.
   *
   * @param energy looks when the text is made, as does {@code process}: both may wait
   */
  public Page(MetricsView view, Supplier<EnergyView> energy, Supplier<ProcessFigures> process) {
    this.view = view;
    this.energy = energy;
    this.process = process;
  }

  /** The content type for whoever accepts {@code accept}, the header of that name. */
  public static String type(@Nullable String accept) {
    boolean open = accept != null && accept.contains("application/openmetrics-text");
    return open ? OPEN_METRICS : PROMETHEUS;
  }

  /** The text of this {@link #type}. */
  public String text(String type) {
    Exposition out = new Exposition(type.equals(OPEN_METRICS));
    daemon(out);
    vms(out);
    cpus(out);
    energy(out, energy.get());
    process(out, process.get());
    return out.end();
  }

  private void daemon(Exposition out) {
    StatusView status = view.status();
    out.begin(Metric.BUILD).sample(1, "version", status.version());
    out.begin(Metric.MODE);
    for (String mode : List.of("control", "observe", "paused")) {
      out.sample(status.mode().equals(mode) ? 1 : 0, "mode", mode);
    }
    if (!status.libvirt().equals("off")) {
      out.begin(Metric.LIBVIRT).sample(status.libvirt().equals("connected") ? 1 : 0);
    }
    Map<String, Integer> states = new TreeMap<>();
    List.of("running", "paused", "shut-off", "static").forEach(state -> states.put(state, 0));
    view.vms().forEach(vm -> states.merge(vm.state(), 1, Integer::sum));
    out.begin(Metric.VMS);
    states.forEach((state, count) -> out.sample(count, "state", state));
    out.begin(Metric.CHANNELS);
    view.channels().forEach((state, count) -> out.sample(count, "state", state));
    out.begin(Metric.REQUESTS).sample(status.requests());
    out.begin(Metric.REFUSALS);
    view.refusals().forEach((reason, count) -> out.sample(count, "reason", reason));
    answers(out, view.answers());
    out.begin(Metric.WAKEUPS).sample(status.wakeups());
    out.begin(Metric.WRITES)
        .sample(status.writes(), "result", "done")
        .sample(status.refusedWrites(), "result", "refused");
    out.begin(Metric.CONFLICTS).sample(view.conflicts());
  }

  private static void answers(Exposition out, AnswerBuckets answers) {
    out.begin(Metric.ANSWERS);
    for (int i = 0; i < answers.upToS().size(); i++) {
      String bound = Exposition.bound(answers.upToS().get(i));
      out.suffixed("_bucket", answers.counts().get(i), "le", bound);
    }
    out.suffixed("_bucket", answers.count(), "le", "+Inf");
    out.suffixed("_sum", answers.sumS());
    out.suffixed("_count", answers.count());
  }

  private void vms(Exposition out) {
    out.begin(Metric.VM_REQUESTS);
    view.vms().forEach(vm -> out.sample(vm.requests(), "vm", vm.name()));
    out.begin(Metric.VM_REFUSALS);
    for (VmView vm : view.vms()) {
      vm.refusals()
          .forEach((reason, count) -> out.sample(count, "vm", vm.name(), "reason", reason));
    }
    vcpus(out, Metric.VCPU_CLAIMED, VcpuView::claimed);
    vcpus(out, Metric.VCPU_REFUSED, vcpu -> vcpu.refused() != null);
  }

  private void vcpus(Exposition out, Metric metric, Predicate<VcpuView> is) {
    out.begin(metric);
    for (VmView vm : view.vms()) {
      for (VcpuView vcpu : vm.vcpus()) {
        out.sample(is.test(vcpu) ? 1 : 0, "vm", vm.name(), "vcpu", Integer.toString(vcpu.vcpu()));
      }
    }
  }

  private void cpus(Exposition out) {
    Predicate<CpuNow> hasClock = cpu -> cpu.domain() != null;
    cpus(out, Metric.CPU_ONLINE, cpu -> true, cpu -> cpu.online() ? 1 : 0);
    cpus(out, Metric.CPU_MANAGED, cpu -> true, cpu -> cpu.managed() ? 1 : 0);
    cpus(out, Metric.CPU_HELD, cpu -> true, cpu -> cpu.held() ? 1 : 0);
    out.begin(Metric.CPU_PROBLEM);
    for (CpuNow cpu : view.cpus()) {
      if (cpu.problem() != null) {
        out.sample(1, "cpu", Integer.toString(cpu.cpu()), "reason", cpu.problem());
      }
    }
    cpus(out, Metric.CPU_TARGET, cpu -> cpu.targetKhz() != null, cpu -> hertz(cpu.targetKhz()));
    cpus(out, Metric.CPU_FREQUENCY, cpu -> cpu.currentKhz() > 0, cpu -> hertz(cpu.currentKhz()));
    cpus(out, Metric.CPU_MIN, hasClock, cpu -> hertz(cpu.minKhz()));
    cpus(out, Metric.CPU_MAX, hasClock, cpu -> hertz(cpu.maxKhz()));
  }

  private static long hertz(@Nullable Integer khz) {
    return khz == null ? 0 : khz * HERTZ_PER_KHZ;
  }

  private void cpus(
      Exposition out, Metric metric, Predicate<CpuNow> has, ToLongFunction<CpuNow> value) {
    out.begin(metric);
    for (CpuNow cpu : view.cpus()) {
      if (has.test(cpu)) {
        out.sample(value.applyAsLong(cpu), "cpu", Integer.toString(cpu.cpu()));
      }
    }
  }

  private static void energy(Exposition out, EnergyView energy) {
    if (energy.joules() != null && energy.savedJoules() != null) {
      out.begin(Metric.ENERGY).sample(energy.joules());
      out.begin(Metric.ENERGY_SAVED).sample(energy.savedJoules());
      out.begin(Metric.VM_ENERGY);
      for (Share share : energy.shares()) {
        if (share.vm() != null && share.joules() != null) {
          out.sample(share.joules(), "vm", share.vm());
        }
      }
    }
    out.begin(Metric.ENERGY_SAVED_RATIO).sample(energy.savedPart());
    out.begin(Metric.VM_ENERGY_RATIO);
    for (Share share : energy.shares()) {
      if (share.vm() != null) {
        out.sample(share.part(), "vm", share.vm());
      }
    }
    out.begin(Metric.DOMAIN_TIME);
    for (EnergyView.Times times : energy.times()) {
      for (int i = 0; i < times.khz().size(); i++) {
        String hertz = Long.toString(times.khz().get(i) * HERTZ_PER_KHZ);
        String domain = Integer.toString(times.domain());
        out.sample(times.seconds().get(i), "domain", domain, "hertz", hertz);
      }
    }
  }

  private static void process(Exposition out, ProcessFigures process) {
    out.begin(Metric.PROCESS_CPU).sample(process.cpuS());
    out.begin(Metric.PROCESS_START).sample(process.startS());
    out.begin(Metric.PROCESS_RSS).sample(process.residentBytes());
    out.begin(Metric.PROCESS_THREADS).sample(process.threads());
    out.begin(Metric.PROCESS_FDS).sample(process.openFds());
    out.begin(Metric.PROCESS_FDS_MAX).sample(process.maxFds());
  }
}
