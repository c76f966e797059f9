package dev.vmpower.host.view;

import java.util.Map;

/**
 * The daemon as a whole.
 *
 * @param mode {@code control}, {@code observe} or {@code paused}
 * @param libvirt {@code connected}, {@code off}, or why it is not connected
 * @param writes writes to cpufreq, and {@code refusedWrites} of those that the kernel refused
 * @param refusals how many packets were refused, by reason
 */
public record StatusView(
    String version,
    String mode,
    String libvirt,
    int vms,
    int channels,
    int managedDomains,
    long requests,
    long writes,
    long refusedWrites,
    long wakeups,
    Map<String, Long> refusals,
    AnswerTimes answerTimes) {

  /**
   * How long answers took, from the wake-up that read the packet to the write of its reply.
   *
   * @param count how many
   */
  public record AnswerTimes(long count, double p50Us, double p99Us, double p999Us, double maxUs) {}
}
