package dev.vmpower.host.config;

import dev.vmpower.host.arbiter.Envelope;
import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.net.GuestInterface;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What {@code vmpower.toml} says, with the defaults for what it does not. */
public record Config(
    Cpu cpu,
    State state,
    Control control,
    Libvirt libvirt,
    Compat compat,
    List<VmEntry> vms,
    Log log) {
  /** With a log for people. */
  public Config(
      Cpu cpu, State state, Control control, Libvirt libvirt, Compat compat, List<VmEntry> vms) {
    this(cpu, state, control, libvirt, compat, vms, new Log("text"));
  }

  private static final int NO_LIMIT = 0;

  /**
   * Section {@code [cpu]}: the host's pCPUs and the rules for them.
   *
   * @param changesPerSecondMax how often one frequency domain may be changed; 0 for no limit
   */
  public record Cpu(
      Path root,
      CpuSet reserved,
      boolean allowUnpinned,
      int maxPcpusPerVcpu,
      boolean smtTogether,
      boolean observe,
      boolean reassert,
      int changesPerSecondMax) {
    /** Without a limit to how often a frequency domain is changed. */
    public Cpu(
        Path root,
        CpuSet reserved,
        boolean allowUnpinned,
        int maxPcpusPerVcpu,
        boolean smtTogether,
        boolean observe,
        boolean reassert) {
      this(
          root, reserved, allowUnpinned, maxPcpusPerVcpu, smtTogether, observe, reassert, NO_LIMIT);
    }
  }

  /** Section {@code [state]}: {@code dir} must not survive a reboot, {@code lib} must. */
  public record State(Path dir, Path lib) {}

  /**
   * Section {@code [control]}.
   *
   * @param http the loopback address of the read-only page; null for none
   */
  public record Control(Path socket, @Nullable InetSocketAddress http) {}

  /** Section {@code [libvirt]}: an empty URI means no libvirt. */
  public record Libvirt(String uri) {}

  /**
   * Section {@code [log]}.
   *
   * @param format {@code text}, {@code json} or {@code journald}
   */
  public record Log(String format) {}

  /** Section {@code [compat]}: DPDK's JSON FIFOs. */
  public record Compat(boolean fifo, Path dir) {}

  /**
   * One {@code [[vm]]}.
   *
   * @param channels the directory of its sockets; null for limits of a VM that libvirt knows
   * @param vcpus the pCPUs of each vCPU; none for a VM that libvirt knows
   * @param peerUid whom its sockets must belong to; null for root or the directory's owner
   * @param interfaces whose packets its policies may go by; of a VM that libvirt knows, libvirt's
   */
  public record VmEntry(
      String name,
      @Nullable Path channels,
      List<CpuSet> vcpus,
      @Nullable Integer peerUid,
      boolean query,
      Envelope envelope,
      List<GuestInterface> interfaces) {
    /** A VM whose network interfaces nobody named. */
    public VmEntry(
        String name,
        @Nullable Path channels,
        List<CpuSet> vcpus,
        @Nullable Integer peerUid,
        boolean query,
        Envelope envelope) {
      this(name, channels, vcpus, peerUid, query, envelope, List.of());
    }
  }
}
