package dev.vmpower.host.view;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * All of the host in few words, for those who look every second.
 *
 * @param mode {@code control}, {@code observe} or {@code paused}
 * @param libvirt {@code connected}, {@code off}, or why it is not connected
 * @param requests all that VMs asked for, and {@code refused} of those that were refused
 * @param writes writes to cpufreq, and {@code refusedWrites} of those that the kernel refused
 * @param p99Us how long answers took: 99 of 100 were faster
 */
public record OverviewView(
    String mode,
    String libvirt,
    long requests,
    long refused,
    long writes,
    long refusedWrites,
    double p99Us,
    List<CpuNow> cpus,
    List<VmNow> vms) {

  /**
   * One pCPU now.
   *
   * @param domain N of its {@code policyN}; null without cpufreq
   * @param targetKhz what arbitration decided; null while nobody asks
   * @param currentKhz what the kernel says it runs at; 0 where it does not say
   * @param minKhz the lowest level of its ladder; 0 without cpufreq
   * @param maxKhz the highest level of its ladder; 0 without cpufreq
   * @param held whether an operator holds it, by hand or by a policy
   * @param problem the label of why it is not at its target
   */
  public record CpuNow(
      int cpu,
      @Nullable Integer domain,
      boolean online,
      boolean managed,
      @Nullable Integer targetKhz,
      int currentKhz,
      int minKhz,
      int maxKhz,
      boolean held,
      @Nullable String problem) {}

  /**
   * One VM now.
   *
   * @param state {@code running}, {@code paused}, {@code shut-off} or {@code static}
   * @param vcpus how many it has, and {@code claims} of those that have spoken up
   * @param channels how many of its channels are connected
   */
  public record VmNow(
      String name,
      String state,
      int vcpus,
      int claims,
      int channels,
      long requests,
      long refused) {}
}
