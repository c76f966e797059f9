package dev.vmpower.host.clock;

import dev.vmpower.host.arbiter.Envelope;
import dev.vmpower.host.vm.Vcpu;
import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.cpufreq.Ladder;

/** Who counts in a frequency domain, and as what: to be shown, nothing is decided here. */
public final class Voters {
  private final Clocks clocks;

  public Voters(Clocks clocks) {
    this.clocks = clocks;
  }

  /** Whether {@code vcpu}, a member there, counts in {@code managed} now. */
  public boolean counts(Vcpu vcpu, ManagedDomain managed) {
    return clocks.groupOf(managed).counts(vcpu);
  }

  /** What {@code vcpu} would count as, in kHz, if its VM's envelope clipped nothing. */
  public int unclippedKhz(Vcpu vcpu, ManagedDomain managed) {
    Ladder ladder = managed.domain.ladder();
    return ladder.khz(ClockGroup.level(vcpu, Envelope.HARDWARE, ladder, managed));
  }

  /** All pCPUs that are settled together with {@code managed}. */
  public CpuSet together(ManagedDomain managed) {
    return clocks.groupOf(managed).cpus();
  }
}
