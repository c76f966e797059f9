package dev.vmpower.host.vm;

/** Why a packet was refused or ignored. The label is what counters and logs call it. */
public enum Refusal {
  OTHERS_VCPU("others_vcpu", "the VM has no such vCPU"),
  BAD_FIELD("bad_field", "a field is out of range"),
  PHYSICAL("physical", "a guest cannot speak for a physical core"),
  UNPINNED("unpinned", "the vCPU is not pinned to few pCPUs: vmpowerctl pin VM VCPU CPUS"),
  RESERVED("reserved", "the vCPU may run in a frequency domain with a reserved pCPU"),
  OFFLINE("offline", "none of its pCPUs is online"),
  NO_CPUFREQ("no_cpufreq", "its pCPUs have no cpufreq"),
  DRIVER("driver", "its pCPUs' cpufreq driver has neither a set-speed nor limits"),
  NO_TURBO("no_turbo", "there is no turbo for this vCPU"),
  HOLD("hold", "an operator holds the frequency"),
  DISABLED("disabled", "an operator disabled the channel"),
  POLICY("policy", "a policy is in force for the vCPU: the request counts when that is removed"),
  NO_MAC("no_mac", "the policy goes by packets, and names no MAC of the VM's interfaces"),
  NO_DEVICE("no_device", "a vhost-user interface has no network device whose packets count"),
  NO_COUNTERS("no_counters", "the host has no counters of branches"),
  QUERY("query", "the VM may not query: set query = true for it"),
  OBSERVE("observe", "the daemon observes only, or is paused"),
  CONFLICT("conflict", "another program changed the governor, the limits or the speed"),
  STATE("state", "the originals could not be saved"),
  WRITE("write", "the kernel refused the write"),
  KEPT("kept", "the kernel kept another frequency"),
  UNKNOWN_COMMAND("unknown_command", "unknown command"),
  UNKNOWN_UNIT("unknown_unit", "unknown unit"),
  NO_VCPU("no_vcpu", "CONNECT on a channel for which the VM has no vCPU");

  private static final Refusal[] ALL = values();

  private final String label;
  private final String text;

  Refusal(String label, String text) {
    this.label = label;
    this.text = text;
  }

  public String label() {
    return label;
  }

  /** The reason, for a log line. */
  public String text() {
    return text;
  }

  public static int count() {
    return ALL.length;
  }
}
