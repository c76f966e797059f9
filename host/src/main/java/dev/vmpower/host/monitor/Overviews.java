package dev.vmpower.host.monitor;

import dev.vmpower.host.clock.Clocks;
import dev.vmpower.host.clock.ManagedDomain;
import dev.vmpower.host.view.ChannelView;
import dev.vmpower.host.view.MetricsView;
import dev.vmpower.host.view.MetricsView.AnswerBuckets;
import dev.vmpower.host.view.OverviewView.CpuNow;
import dev.vmpower.host.view.OverviewView.VmNow;
import dev.vmpower.host.vm.Refusal;
import dev.vmpower.host.vm.Vcpu;
import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.cpufreq.Ladder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * Makes what is looked at every second, by {@code top} and by whoever collects metrics: so of each
 * frequency domain the one file is read that changes by itself.
 */
final class Overviews {
  private static final double NS_PER_S = 1e9;

  /** The bounds of the histogram of answer times: 10 us to 10 s. */
  private static final long[] ANSWER_NS_BOUNDS = {
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    1_000_000_000,
    10_000_000_000L
  };

  private final Clocks clocks;
  private final Fleet fleet;
  private final Statistics statistics;

  Overviews(Clocks clocks, Fleet fleet, Statistics statistics) {
    this.clocks = clocks;
    this.fleet = fleet;
    this.statistics = statistics;
  }

  List<CpuNow> cpus() {
    CpuSet present = clocks.topology().present();
    List<CpuNow> cpus = new ArrayList<>(present.size());
    Map<ManagedDomain, Integer> currentKhz = new HashMap<>();
    for (int i = 0; i < present.size(); i++) {
      int cpu = present.get(i);
      boolean online = clocks.topology().online().contains(cpu);
      ManagedDomain managed = clocks.domainOf(cpu);
      if (managed == null) {
        cpus.add(new CpuNow(cpu, null, online, false, null, 0, 0, 0, false, null));
        continue;
      }
      boolean runs = online && !managed.online().isEmpty();
      int nowKhz =
          runs ? currentKhz.computeIfAbsent(managed, each -> each.domain().currentKhz()) : 0;
      cpus.add(cpu(cpu, online, managed, nowKhz));
    }
    return cpus;
  }

  private CpuNow cpu(int cpu, boolean online, ManagedDomain managed, int currentKhz) {
    Ladder ladder = managed.domain().ladder();
    Refusal problem = managed.problem();
    return new CpuNow(
        cpu,
        managed.domain().number(),
        online,
        managed.isManaged(),
        positive(managed.targetKhz()),
        currentKhz,
        ladder.khz(ladder.bottomIndex()),
        ladder.khz(0),
        clocks.holdOn(managed) != null || clocks.scheduledOn(managed) != null,
        problem == null ? null : problem.label());
  }

  private static @Nullable Integer positive(int khz) {
    return khz > 0 ? (Integer) khz : null;
  }

  List<VmNow> vms() {
    return fleet.entries().stream()
        .map(
            entry ->
                new VmNow(
                    entry.vm.name(),
                    Views.word(entry.vm.state()),
                    entry.vm.vcpuCount(),
                    (int) entry.vm.vcpus().stream().filter(Vcpu::isClaimed).count(),
                    entry.channels.size(),
                    entry.vm.requests(),
                    Arrays.stream(Refusal.values()).mapToLong(entry.vm::refusals).sum()))
        .toList();
  }

  /** All but what other views have. */
  MetricsView metrics(Views views, String mode, String libvirt, long wakeups) {
    Map<String, Integer> channels = new TreeMap<>();
    List.of("closed", "disabled", "open", "waiting").forEach(state -> channels.put(state, 0));
    for (Fleet.Entry entry : fleet.entries()) {
      for (ChannelView channel : views.channels(entry)) {
        channels.merge(state(channel), 1, Integer::sum);
      }
    }
    Map<String, Long> refusals = new TreeMap<>();
    for (Refusal refusal : Refusal.values()) {
      refusals.put(refusal.label(), statistics.refusals(refusal));
    }
    return new MetricsView(
        views.status(mode, libvirt, wakeups),
        cpus(),
        fleet.entries().stream().map(views::vm).toList(),
        channels,
        refusals,
        clocks.domains().stream().mapToLong(ManagedDomain::conflicts).sum(),
        answers());
  }

  private static String state(ChannelView channel) {
    if (!channel.enabled()) {
      return "disabled";
    }
    return channel.state().equals("connected") ? channel.port() : "waiting";
  }

  private AnswerBuckets answers() {
    Histogram answerNs = statistics.answerNs();
    List<Double> upToS = new ArrayList<>();
    List<Long> counts = new ArrayList<>();
    for (long boundNs : ANSWER_NS_BOUNDS) {
      upToS.add(boundNs / NS_PER_S);
      counts.add(answerNs.getCountBetweenValues(0, boundNs));
    }
    return new AnswerBuckets(
        upToS, counts, answerNs.getTotalCount(), statistics.answerNsSum() / NS_PER_S);
  }
}
