package dev.vmpower.host.view;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One VM.
 *
 * @param source {@code libvirt}, {@code static} or {@code fifo}
 * @param state {@code running}, {@code paused}, {@code shut-off} or {@code static}
 * @param refusals how many packets were refused, by reason
 */
public record VmView(
    String name,
    @Nullable String uuid,
    String source,
    String state,
    boolean query,
    @Nullable Integer minKhz,
    @Nullable Integer maxKhz,
    boolean turbo,
    boolean enforce,
    List<VcpuView> vcpus,
    long requests,
    Map<String, Long> refusals) {

  /**
   * One vCPU.
   *
   * @param cpus the pCPUs that it may run on
   * @param claimed whether it has spoken up
   * @param vote {@code max}, {@code min} or kHz; null without a claim
   * @param refused why no request of it can count; null if it can
   */
  public record VcpuView(
      int vcpu,
      String cpus,
      boolean claimed,
      @Nullable String vote,
      boolean turbo,
      @Nullable String refused) {}
}
