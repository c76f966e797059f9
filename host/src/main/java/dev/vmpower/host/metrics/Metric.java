package dev.vmpower.host.metrics;

/** All metrics that there are: name, type, unit, help. One table, which docs/metrics.md repeats. */
enum Metric {
  BUILD("vmpower_build", Type.INFO, "", "The daemon's version."),
  MODE("vmpower_mode", Type.GAUGE, "", "1 for the mode that the daemon is in."),
  LIBVIRT(
      "vmpower_libvirt_connected",
      Type.GAUGE,
      "",
      "Whether the daemon is connected to libvirt; absent where it is configured without."),
  VMS("vmpower_vms", Type.GAUGE, "", "VMs that the daemon knows, by state."),
  CHANNELS(
      "vmpower_channels",
      Type.GAUGE,
      "",
      "Channels that are open or closed by their guests, disabled, or waiting for a socket."),
  REQUESTS("vmpower_requests", Type.COUNTER, "", "Packets of guests that were understood."),
  REFUSALS("vmpower_refusals", Type.COUNTER, "", "Packets of guests that were refused, by reason."),
  ANSWERS(
      "vmpower_answer_seconds",
      Type.HISTOGRAM,
      "seconds",
      "From the wake-up that read a packet to the write of its reply."),
  WAKEUPS("vmpower_wakeups", Type.COUNTER, "", "Times that the monitor woke up."),
  WRITES(
      "vmpower_sysfs_writes",
      Type.COUNTER,
      "",
      "Writes to cpufreq: done, or refused by the kernel, which includes what it did not keep."),
  CONFLICTS(
      "vmpower_conflicts",
      Type.COUNTER,
      "",
      "Times that another program was found at work on a managed frequency domain."),
  VM_REQUESTS("vmpower_vm_requests", Type.COUNTER, "", "Packets of one VM that were understood."),
  VM_REFUSALS(
      "vmpower_vm_refusals",
      Type.COUNTER,
      "",
      "Packets of one VM that were refused, by the reasons that there were."),
  VCPU_CLAIMED(
      "vmpower_vcpu_claimed", Type.GAUGE, "", "Whether a vCPU has spoken up and has a vote."),
  VCPU_REFUSED(
      "vmpower_vcpu_refused",
      Type.GAUGE,
      "",
      "Whether no request of a vCPU can count as it is pinned now."),
  CPU_ONLINE("vmpower_cpu_online", Type.GAUGE, "", "Whether a pCPU is online."),
  CPU_MANAGED(
      "vmpower_cpu_managed", Type.GAUGE, "", "Whether vmpower has taken over a pCPU's clock."),
  CPU_HELD(
      "vmpower_cpu_held",
      Type.GAUGE,
      "",
      "Whether an operator holds a pCPU, by hand or by policy."),
  CPU_PROBLEM(
      "vmpower_cpu_problem",
      Type.GAUGE,
      "",
      "1 for the reason why a pCPU is not at its target; absent while it is."),
  CPU_TARGET(
      "vmpower_cpu_target_hertz",
      Type.GAUGE,
      "hertz",
      "What was decided for a pCPU; absent while nobody asks."),
  CPU_FREQUENCY(
      "vmpower_cpu_frequency_hertz",
      Type.GAUGE,
      "hertz",
      "What the kernel says a pCPU runs at; absent where it does not say."),
  CPU_MIN("vmpower_cpu_min_hertz", Type.GAUGE, "hertz", "The lowest level of a pCPU's ladder."),
  CPU_MAX("vmpower_cpu_max_hertz", Type.GAUGE, "hertz", "The highest level of a pCPU's ladder."),
  ENERGY(
      "vmpower_energy_joules",
      Type.COUNTER,
      "joules",
      "What all packages used, as the hardware counted it; absent where it does not."),
  ENERGY_SAVED(
      "vmpower_energy_saved_joules",
      Type.COUNTER,
      "joules",
      "An estimate of what managed pCPUs would have used more at full speed."),
  ENERGY_SAVED_RATIO(
      "vmpower_energy_saved_ratio",
      Type.GAUGE,
      "ratio",
      "The same as a part of what all would then have used, since the daemon's start."),
  VM_ENERGY("vmpower_vm_energy_joules", Type.COUNTER, "joules", "An estimate of what one VM used."),
  VM_ENERGY_RATIO(
      "vmpower_vm_energy_ratio",
      Type.GAUGE,
      "ratio",
      "An estimate of one VM's part of what all used, since the daemon's start."),
  DOMAIN_TIME(
      "vmpower_domain_frequency_seconds",
      Type.COUNTER,
      "seconds",
      "How long a frequency domain was at each frequency."),
  PROCESS_CPU("process_cpu_seconds", Type.COUNTER, "seconds", "CPU time that the daemon has used."),
  PROCESS_START(
      "process_start_time_seconds",
      Type.GAUGE,
      "seconds",
      "When the daemon started, in Unix time."),
  PROCESS_RSS(
      "process_resident_memory_bytes", Type.GAUGE, "bytes", "Memory that the daemon has in RAM."),
  PROCESS_THREADS("process_threads", Type.GAUGE, "", "Threads of the daemon."),
  PROCESS_FDS("process_open_fds", Type.GAUGE, "", "Open file descriptors of the daemon."),
  PROCESS_FDS_MAX("process_max_fds", Type.GAUGE, "", "How many it may have open.");

  /** What sort of number it is. */
  enum Type {
    COUNTER,
    GAUGE,
    HISTOGRAM,
    INFO
  }

  /** The name without what its type appends. */
  final String family;

  final Type type;
  final String unit;
  final String help;

  Metric(String family, Type type, String unit, String help) {
    this.family = family;
    this.type = type;
    this.unit = unit;
    this.help = help;
  }

  /** The name of its samples; those of a histogram append more. */
  String sample() {
    return switch (type) {
      case COUNTER -> family + "_total";
      case INFO -> family + "_info";
      default -> family;
    };
  }
}
