package dev.vmpower.host.monitor;

import dev.vmpower.host.arbiter.Arbiter;
import dev.vmpower.host.channel.Channel;
import dev.vmpower.host.channel.Target;
import dev.vmpower.host.clock.Clocks;
import dev.vmpower.host.clock.ManagedDomain;
import dev.vmpower.host.view.ChannelView;
import dev.vmpower.host.view.CpuView;
import dev.vmpower.host.view.DomainView;
import dev.vmpower.host.view.ExplanationView;
import dev.vmpower.host.view.MetricsView;
import dev.vmpower.host.view.OverviewView;
import dev.vmpower.host.view.PinningView;
import dev.vmpower.host.view.StatusView;
import dev.vmpower.host.view.VmView;
import dev.vmpower.host.vm.Refusal;
import dev.vmpower.host.vm.Vcpu;
import dev.vmpower.host.vm.Vm;
import dev.vmpower.machine.cpu.CpuSet;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToLongFunction;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/** Makes immutable views of what the monitor owns, on its thread. */
final class Views {
  private static final double NS_PER_US = 1000;

  private final Clocks clocks;
  private final Fleet fleet;
  private final Overrides overrides;
  private final Statistics statistics;
  private final CpuViews cpuViews;
  private final PinningViews pinningViews;
  private final Explanations explanations;
  private final Overviews overviews;

  Views(Clocks clocks, Fleet fleet, Overrides overrides, Statistics statistics) {
    this.clocks = clocks;
    this.fleet = fleet;
    this.overrides = overrides;
    this.statistics = statistics;
    this.cpuViews = new CpuViews(clocks);
    this.pinningViews = new PinningViews(clocks);
    this.overviews = new Overviews(clocks, fleet, statistics);
    this.explanations = new Explanations(clocks, fleet, cpuViews);
  }

  List<CpuView> cpus(CpuSet cpus) {
    Floating floating = Floating.of(fleet);
    return cpus.stream().mapToObj(cpu -> cpuViews.cpu(cpu, floating)).toList();
  }

  List<DomainView> domains() {
    Map<Integer, Integer> packages = clocks.topology().packages();
    List<DomainView> domains = new ArrayList<>();
    for (ManagedDomain managed : clocks.domains()) {
      CpuSet cpus = managed.domain().cpus();
      domains.add(
          new DomainView(
              managed.domain().number(),
              cpus.toString(),
              packages.getOrDefault(cpus.get(0), 0),
              managed.domain().ladder().khz(0),
              managed.isManaged()));
    }
    return domains;
  }

  ExplanationView explanation(int cpu, String mode, long nowMs) {
    return explanations.of(cpu, mode, nowMs);
  }

  List<PinningView> pinning() {
    return pinningViews.all(fleet.entries());
  }

  VmView vm(Fleet.Entry entry) {
    Vm vm = entry.vm;
    int minKhz = vm.envelope().minKhz();
    int maxKhz = vm.envelope().maxKhz();
    return new VmView(
        vm.name(),
        vm.uuid(),
        vm.source(),
        word(vm.state()),
        vm.mayQuery(),
        minKhz == Arbiter.MIN ? null : (Integer) minKhz,
        maxKhz == Arbiter.MAX ? null : (Integer) maxKhz,
        vm.envelope().turbo(),
        vm.envelope().enforce(),
        vm.vcpus().stream().map(Views::vcpu).toList(),
        vm.requests(),
        refusals(vm::refusals));
  }

  static String word(Vm.State state) {
    return state.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static VmView.VcpuView vcpu(Vcpu vcpu) {
    Refusal standing = vcpu.standing();
    return new VmView.VcpuView(
        vcpu.number(),
        vcpu.cpus().toString(),
        vcpu.isClaimed(),
        vcpu.isClaimed() ? Arbiter.toString(vcpu.vote()) : null,
        vcpu.turbo(),
        standing == null ? null : standing.text());
  }

  private static Map<String, Long> refusals(ToLongFunction<Refusal> counter) {
    Map<String, Long> counts = new TreeMap<>();
    for (Refusal refusal : Refusal.values()) {
      long count = counter.applyAsLong(refusal);
      if (count > 0) {
        counts.put(refusal.label(), count);
      }
    }
    return counts;
  }

  List<ChannelView> channels(Fleet.Entry entry) {
    List<ChannelView> views = new ArrayList<>();
    for (Channel channel : entry.channels.values()) {
      views.add(
          new ChannelView(
              entry.vm.name(),
              channel.number(),
              "connected",
              channel.isPortClosed() ? "closed" : "open",
              !channel.isDisabled(),
              channel.requests(),
              channel.refused(),
              channel.droppedReplies()));
    }
    for (Target target : entry.wanted()) {
      if (target instanceof Target.One one && !entry.channels.containsKey(one.number())) {
        views.add(
            new ChannelView(
                entry.vm.name(),
                one.number(),
                "waiting",
                "closed",
                !isDisabled(entry, one.number()),
                0,
                0,
                0));
      }
    }
    views.sort(Comparator.comparingInt(ChannelView::channel));
    return views;
  }

  /** Whether a channel that is not connected is one of this VM all the same. */
  boolean isKnown(Fleet.Entry entry, int number) {
    return isDisabled(entry, number)
        || channels(entry).stream().anyMatch(view -> view.channel() == number);
  }

  private boolean isDisabled(Fleet.Entry entry, int number) {
    return overrides.of(entry.vm.name()).disabled().contains(number);
  }

  OverviewView overview(String mode, String libvirt) {
    return new OverviewView(
        mode,
        libvirt,
        statistics.requests(),
        refusals(statistics::refusals).values().stream().mapToLong(Long::longValue).sum(),
        clocks.domains().stream().mapToLong(ManagedDomain::writes).sum(),
        clocks.domains().stream().mapToLong(ManagedDomain::refusedWrites).sum(),
        statistics.answerNs().getValueAtPercentile(99) / NS_PER_US,
        overviews.cpus(),
        overviews.vms());
  }

  MetricsView metrics(String mode, String libvirt, long wakeups) {
    return overviews.metrics(this, mode, libvirt, wakeups);
  }

  StatusView status(String mode, String libvirt, long wakeups) {
    Histogram answerNs = statistics.answerNs();
    return new StatusView(
        version(),
        mode,
        libvirt,
        fleet.entries().size(),
        fleet.entries().stream().mapToInt(entry -> entry.channels.size()).sum(),
        (int) clocks.domains().stream().filter(ManagedDomain::isManaged).count(),
        statistics.requests(),
        clocks.domains().stream().mapToLong(ManagedDomain::writes).sum(),
        clocks.domains().stream().mapToLong(ManagedDomain::refusedWrites).sum(),
        wakeups,
        refusals(statistics::refusals),
        new StatusView.AnswerTimes(
            answerNs.getTotalCount(),
            answerNs.getValueAtPercentile(50) / NS_PER_US,
            answerNs.getValueAtPercentile(99) / NS_PER_US,
            answerNs.getValueAtPercentile(99.9) / NS_PER_US,
            answerNs.getMaxValue() / NS_PER_US));
  }

  private static String version() {
    @Nullable String version = Views.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }
}
