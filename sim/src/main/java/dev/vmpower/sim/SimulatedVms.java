package dev.vmpower.sim;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.SynchronizedHistogram;

/** All VMs of the demo, following one clock. */
final class SimulatedVms implements AutoCloseable {
  private static final long ANSWER_NS_MAX = 10_000_000_000L;
  private static final double NS_PER_US = 1000;

  private final List<SimulatedVcpu> vcpus = new ArrayList<>();
  private final Histogram answerNs = new SynchronizedHistogram(ANSWER_NS_MAX, 2);

  /** Makes the VMs, with their sockets in {@code directory}. */
  SimulatedVms(Path directory, DayClock clock) {
    for (VmPlan plan : VmPlan.ALL) {
      for (int number = 0; number < plan.cpus().size(); number++) {
        vcpus.add(new SimulatedVcpu(plan, number, directory, clock, answerNs));
      }
    }
  }

  /** Starts them and returns when their sockets are there. */
  void start() throws InterruptedException {
    for (SimulatedVcpu vcpu : vcpus) {
      vcpu.start();
    }
  }

  /** Makes all of them ask for nothing any more; they stay connected. */
  void stopAsking() {
    vcpus.forEach(SimulatedVcpu::stopAsking);
  }

  /** The time within which a part of 100 of the requests were answered, as the VMs saw it. */
  double answerUs(double percentile) {
    return answerNs.getValueAtPercentile(percentile) / NS_PER_US;
  }

  @Override
  public void close() {
    vcpus.forEach(SimulatedVcpu::close);
  }
}
