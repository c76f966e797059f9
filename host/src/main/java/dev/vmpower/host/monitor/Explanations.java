package dev.vmpower.host.monitor;

import dev.vmpower.host.clock.Clocks;
import dev.vmpower.host.clock.ManagedDomain;
import dev.vmpower.host.clock.Voters;
import dev.vmpower.host.view.CpuView;
import dev.vmpower.host.view.ExplanationView;
import dev.vmpower.host.view.Sentence;
import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.cpufreq.Ladder;
import java.time.Instant;
import java.time.ZoneId;

/** Says of one pCPU all that its speed depends on. */
final class Explanations {
  private final Clocks clocks;
  private final Voters voters;
  private final Fleet fleet;
  private final CpuViews views;

  Explanations(Clocks clocks, Fleet fleet, CpuViews views) {
    this.clocks = clocks;
    this.voters = new Voters(clocks);
    this.fleet = fleet;
    this.views = views;
  }

  ExplanationView of(int number, String mode, long nowMs) {
    CpuView cpu = views.cpu(number, Floating.of(fleet));
    Instant now = Instant.ofEpochMilli(nowMs);
    String sentence = Sentence.of(cpu, mode, now, ZoneId.systemDefault());
    ManagedDomain managed = clocks.domainOf(number);
    if (managed == null) {
      return new ExplanationView(sentence, cpu, mode, "", null, null, null);
    }
    Ladder ladder = managed.domain().ladder();
    CpuSet together = voters.together(managed);
    int minKhz = managed.bounds().minKhz();
    int maxKhz = managed.bounds().maxKhz();
    return new ExplanationView(
        sentence,
        cpu,
        mode,
        together.toString(),
        minKhz > ladder.khz(ladder.bottomIndex()) ? (Integer) minKhz : null,
        maxKhz < ladder.khz(0) ? (Integer) maxKhz : null,
        managed.whyNoTurbo());
  }
}
