package dev.vmpower.host.monitor;

import dev.vmpower.host.arbiter.Arbiter;
import dev.vmpower.host.clock.Clocks;
import dev.vmpower.host.clock.ManagedDomain;
import dev.vmpower.host.vm.Vcpu;
import java.time.Instant;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells programs that read the log who asked for what, and what was decided and written: once in a
 * sweep a line for each vCPU that asked and one for each frequency domain that changed, however
 * often they did. So a flood is a line, and a request costs a count. What operators change, and
 * what is refused, is logged where it is answered.
 */
final class Audit {
  private static final Logger LOG = LoggerFactory.getLogger("vmpower.audit");

  private final Clocks clocks;
  private final Fleet fleet;
  private final CpuViews views;

  Audit(Clocks clocks, Fleet fleet, CpuViews views) {
    this.clocks = clocks;
    this.fleet = fleet;
    this.views = views;
  }

  /** What is new since the sweep before. */
  void sweep() {
    if (!LOG.isInfoEnabled()) {
      return;
    }
    for (Fleet.Entry entry : fleet.entries()) {
      List<Vcpu> vcpus = entry.vm.vcpus();
      for (int i = 0; i < vcpus.size(); i++) {
        long requests = vcpus.get(i).takeUntold();
        if (requests > 0) {
          tell(vcpus.get(i), requests);
        }
      }
    }
    List<ManagedDomain> domains = clocks.domains();
    for (int i = 0; i < domains.size(); i++) {
      ManagedDomain managed = domains.get(i);
      if (managed.hasUntold()) {
        tell(managed, managed.takeUntoldWrites());
      }
    }
  }

  private static void tell(Vcpu vcpu, long requests) {
    String asked = Arbiter.toString(vcpu.asked());
    LOG.atInfo()
        .addKeyValue("vm", vcpu.vm().name())
        .addKeyValue("vcpu", vcpu.number())
        .addKeyValue("requests", requests)
        .addKeyValue("asked", asked)
        .addKeyValue("asked_at", Instant.ofEpochMilli(vcpu.askedAtMs()))
        .addKeyValue("cpus", vcpu.cpus())
        .log("{} asked {} times, last for {}", vcpu, requests, asked);
  }

  private void tell(ManagedDomain managed, long writes) {
    String why = views.why(managed);
    LOG.atInfo()
        .addKeyValue("cpus", managed.domain().cpus())
        .addKeyValue("target_khz", managed.targetKhz())
        .addKeyValue("written_khz", managed.writtenKhz())
        .addKeyValue("writes", writes)
        .addKeyValue("changed_at", Instant.ofEpochMilli(managed.changedAtMs()))
        .addKeyValue("why", why)
        .addKeyValue("problem", managed.problem() == null ? null : managed.problemText())
        .log(
            "pCPUs {}: target {} kHz, {} writes: {}",
            managed.domain().cpus(),
            managed.targetKhz(),
            writes,
            why);
  }
}
