package dev.vmpower.sim;

import dev.vmpower.host.view.StatusView;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What a run of the demo came to.
 *
 * @param seconds how long it ran
 * @param last the last look, when the VMs asked for nothing any more
 * @param files how many files the simulated host has
 * @param changed those of them that were not given back as they were found
 * @param directory where all of it was, and is no more
 */
record Summary(
    double seconds, Frame last, Tally tally, int files, List<String> changed, Path directory) {
  boolean isAsFound() {
    return changed.isEmpty();
  }

  long refused() {
    return last.status().refusals().values().stream().mapToLong(Long::longValue).sum();
  }

  /** The lines to print, of at most 80 columns. */
  List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add(
        "vmpower demo: %.0f s with %d VMs on %d CPUs"
            .formatted(seconds, VmPlan.ALL.size(), SimulatedHost.CPUS));
    StatusView.AnswerTimes inside = last.status().answerTimes();
    long requests = last.status().requests();
    lines.add(
        row("requests")
            + "%d from the VMs: %d done, %d refused"
                .formatted(requests, requests - refused(), refused()));
    for (Map.Entry<String, Long> refusal : last.status().refusals().entrySet()) {
      String reason = Table.reason(refusal.getKey());
      lines.add(
          row("refused") + "%d %s: %s".formatted(refusal.getValue(), refusal.getKey(), reason));
    }
    lines.add(
        row("writes")
            + "%d to the CPUs' files, %d of them failed"
                .formatted(last.status().writes(), last.status().refusedWrites()));
    lines.add(row("answer time") + times(last.p50Us(), last.p99Us()) + " as the VMs saw it;");
    lines.add(row("") + times(inside.p50Us(), inside.p99Us()) + " of that in vmpower");
    if (tally.disagreements() > 0) {
      lines.add(
          row("sharing")
              + "two VMs wanted different speeds of CPU %s in %d of %d looks;"
                  .formatted(sharedCpus(), tally.disagreements(), tally.frames()));
      lines.add(row("") + "the higher speed won %d times".formatted(tally.wonByHigher()));
    }
    lines.add(
        row("average")
            + "%s GHz on the VMs' CPUs; the kernel alone would choose %s:"
                .formatted(Table.ghz(tally.averageKhz()), Table.ghz(SimulatedHost.MAX_KHZ)));
    lines.add(row("") + "a DPDK application polls, so its CPU looks always busy");
    lines.add(
        isAsFound()
            ? row("given back") + "all %d files of the CPUs are as they were found".formatted(files)
            : row("NOT as found") + String.join(" ", changed));
    lines.add(row("removed") + directory);
    return lines;
  }

  private static String times(double p50Us, double p99Us) {
    return "p50 " + Table.time(p50Us) + ", p99 " + Table.time(p99Us);
  }

  private String sharedCpus() {
    return tally.sharedCpus().stream().map(String::valueOf).collect(Collectors.joining(", "));
  }

  private static String row(String what) {
    return "  %-14s".formatted(what);
  }
}
