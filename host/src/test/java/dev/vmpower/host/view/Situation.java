package dev.vmpower.host.view;

import dev.vmpower.host.view.CpuView.HoldView;
import dev.vmpower.host.view.CpuView.TurboOffView;
import dev.vmpower.host.view.CpuView.VoteView;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** pCPU 4 in some situation, put together for a test. */
final class Situation {
  private final List<VoteView> votes = new ArrayList<>();
  private @Nullable Integer targetKhz;
  private @Nullable HoldView hold;
  private @Nullable HoldView scheduled;
  private @Nullable TurboOffView turboOff;
  private @Nullable String problem;
  private @Nullable String since = "2026-11-25T12:04:31.500Z";
  private @Nullable Integer domain = 4;
  private boolean online = true;
  private boolean reserved;
  private boolean managed = true;
  private int currentKhz = 2_100_000;
  String mode = "control";

  Situation target(int khz) {
    targetKhz = khz;
    return this;
  }

  Situation since(@Nullable String since) {
    this.since = since;
    return this;
  }

  Situation hold(String level, @Nullable String until) {
    hold = new HoldView(level, "ann (pid 7)", "2026-11-25T12:00:00Z", until);
    return this;
  }

  Situation scheduled(String level) {
    scheduled = new HoldView(level, "policy nights", "2026-11-25T12:00:00Z", null);
    return this;
  }

  Situation turboOff() {
    turboOff = new TurboOffView("ann (pid 7)", "2026-11-25T12:00:00Z");
    return this;
  }

  Situation problem(String problem) {
    this.problem = problem;
    return this;
  }

  Situation mode(String mode) {
    this.mode = mode;
    return this;
  }

  Situation offline() {
    online = false;
    return this;
  }

  Situation reserved() {
    reserved = true;
    return this;
  }

  Situation unmanaged() {
    managed = false;
    return this;
  }

  Situation withoutCpufreq() {
    domain = null;
    return this;
  }

  Situation unknownSpeed() {
    currentKhz = 0;
    return this;
  }

  /** The one that has the target. */
  Situation wins(String vm, String level, int khz, String source) {
    return vote(vm, level, khz, source, true, true, true, null);
  }

  Situation winsClipped(String vm, String level, int khz, int unclippedKhz) {
    return vote(vm, level, khz, "request", true, true, true, unclippedKhz);
  }

  Situation winsFromElsewhere(String vm, String level, int khz) {
    return vote(vm, level, khz, "request", true, true, false, null);
  }

  Situation asks(String vm, String level, int khz) {
    return vote(vm, level, khz, "request", true, false, true, null);
  }

  /** Paused, say. */
  Situation doesNotCount(String vm, String level, int khz) {
    return vote(vm, level, khz, "request", false, false, true, null);
  }

  Situation vote(
      String vm,
      String level,
      int khz,
      String source,
      boolean counts,
      boolean wins,
      boolean here,
      @Nullable Integer unclippedKhz) {
    boolean policy = source.endsWith("-policy");
    votes.add(
        new VoteView(
            vm,
            votes.size(),
            level,
            khz,
            false,
            !source.equals("none"),
            counts,
            wins,
            here,
            source,
            policy ? "traffic" : null,
            null,
            unclippedKhz));
    return this;
  }

  CpuView view() {
    return new CpuView(
        4,
        online,
        reserved,
        0,
        "4-5",
        domain,
        "4-5",
        "acpi-cpufreq",
        "schedutil",
        null,
        managed,
        targetKhz,
        targetKhz,
        currentKhz,
        1_200_000,
        2_601_000,
        hold,
        scheduled,
        turboOff,
        List.copyOf(votes),
        problem,
        "",
        targetKhz == null ? null : since,
        0,
        0,
        0,
        null,
        null,
        List.of());
  }
}
