package dev.vmpower.sim;

import dev.vmpower.host.RunningDaemon;
import dev.vmpower.host.monitor.Verb;
import dev.vmpower.host.view.CpuView;
import dev.vmpower.host.view.StatusView;
import dev.vmpower.host.view.VmView;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * One look at the demo: what the daemon tells its operators at this moment.
 *
 * @param hours of simulated time, since the midnight before the beginning
 * @param p50Us the time within which half of all requests were answered, as the VMs saw it
 * @param p99Us the same for 99 of 100
 */
record Frame(
    double hours,
    List<CpuView> cpus,
    List<VmView> vms,
    StatusView status,
    double p50Us,
    double p99Us) {
  private static final int TIMEOUT_S = 5;

  /**
   * Asks the daemon.
   *
   * @throws IOException in one line, if it does not answer
   */
  static Frame of(double hours, RunningDaemon daemon, SimulatedVms vms) throws IOException {
    return new Frame(
        hours,
        ask(daemon, new Verb.ListCpus()),
        ask(daemon, new Verb.ListVms()),
        ask(daemon, new Verb.Status()),
        vms.answerUs(50),
        vms.answerUs(99));
  }

  private static <T> T ask(RunningDaemon daemon, Verb<T> verb) throws IOException {
    try {
      return daemon.monitor().ask(verb).get(TIMEOUT_S, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException broken) {
      throw new IOException("the daemon does not answer: " + broken.getMessage(), broken);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", stopped);
    }
  }
}
