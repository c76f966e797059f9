package dev.vmpower.sim;

import dev.vmpower.host.view.CpuView;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** What was seen over all frames: disagreements on shared pCPUs, and the average speed. */
final class Tally {
  private final TreeSet<Integer> sharedCpus = new TreeSet<>();
  private int frames;
  private int disagreements;
  private int wonByHigher;
  private long sumKhz;
  private long countKhz;

  void add(Frame frame) {
    frames++;
    for (CpuView cpu : frame.cpus()) {
      if (cpu.reserved() || cpu.votes().isEmpty()) {
        continue;
      }
      sumKhz += cpu.currentKhz();
      countKhz++;
      if (isDisputed(cpu)) {
        disagree(cpu);
      }
    }
  }

  /** Whether vCPUs that may run on this very pCPU ask for different levels. */
  private static boolean isDisputed(CpuView cpu) {
    return here(cpu).stream().mapToInt(CpuView.VoteView::khz).distinct().count() > 1;
  }

  private static List<CpuView.VoteView> here(CpuView cpu) {
    return cpu.votes().stream()
        .filter(vote -> vote.counts() && runsOn(vote, cpu.cpu()))
        .collect(Collectors.toList());
  }

  private static boolean runsOn(CpuView.VoteView vote, int cpu) {
    return VmPlan.ALL.stream()
        .anyMatch(
            plan -> plan.name().equals(vote.vm()) && plan.cpus().get(vote.vcpu()).equals(cpu));
  }

  private void disagree(CpuView cpu) {
    sharedCpus.add(cpu.cpu());
    disagreements++;
    int highestKhz = here(cpu).stream().mapToInt(CpuView.VoteView::khz).max().orElse(0);
    if (cpu.targetKhz() != null && cpu.targetKhz() == highestKhz) {
      wonByHigher++;
    }
  }

  int frames() {
    return frames;
  }

  /** The pCPUs on which two VMs asked for different levels at some moment. */
  List<Integer> sharedCpus() {
    return List.copyOf(sharedCpus);
  }

  /** In how many frames two VMs on one pCPU asked for different levels. */
  int disagreements() {
    return disagreements;
  }

  /** In how many of those the higher level was the target. */
  int wonByHigher() {
    return wonByHigher;
  }

  /** The average speed of the pCPUs that VMs run on. */
  long averageKhz() {
    return countKhz == 0 ? 0 : sumKhz / countKhz;
  }
}
