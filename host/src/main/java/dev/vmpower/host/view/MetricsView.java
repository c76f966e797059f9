package dev.vmpower.host.view;

import java.util.List;
import java.util.Map;

/**
 * What metrics are made of, as of one moment.
 *
 * @param channels how many channels are {@code open} or {@code closed} by their guests, {@code
 *     disabled} by an operator, or {@code waiting} for their sockets
 * @param refusals packets refused since the start, by all reasons that there are
 * @param conflicts how often another program was found at work on a managed frequency domain
 */
public record MetricsView(
    StatusView status,
    List<OverviewView.CpuNow> cpus,
    List<VmView> vms,
    Map<String, Integer> channels,
    Map<String, Long> refusals,
    long conflicts,
    AnswerBuckets answers) {

  /**
   * How long answers took.
   *
   * @param upToS the bounds, ascending
   * @param counts how many took so long at most, for each bound
   * @param count how many there were
   * @param sumS how long all of them took
   */
  public record AnswerBuckets(List<Double> upToS, List<Long> counts, long count, double sumS) {}
}
