package dev.vmpower.guest;

import dev.vmpower.protocol.PolicyKind;
import dev.vmpower.protocol.RequestPacket;
import dev.vmpower.protocol.Workload;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * What a VM asks the host to do by itself, until the policy is removed or replaced.
 *
 * <p>A VM has one policy: a new one replaces it whole. While it is in force, it and not {@link
 * Wish} decides for the vCPUs that it names.
 */
public final class Policy {
  /** The most vCPUs that a policy can name, and the highest number of one. */
  public static final int VCPUS_MAX = RequestPacket.POLICY_VCPUS_MAX;

  public static final int VCPU_NUMBER_MAX = 255;

  /** The most MAC addresses that a policy can name. */
  public static final int MACS_MAX = RequestPacket.MACS_MAX;

  /** The highest number of packets in a second that can be a threshold. */
  public static final long PACKETS_MAX = 0xffff_ffffL;

  private static final int HOUR_MAX = RequestPacket.HOURS - 1;

  private final Builder from;

  private Policy(Builder from) {
    this.from = from;
  }

  /** Full speed in busy hours, least in quiet ones, by traffic in others that are named so. */
  public static Builder time() {
    return new Builder(PolicyKind.TIME);
  }

  /** As many packets arrive: least below the average, full speed above the maximum. */
  public static Builder traffic() {
    return new Builder(PolicyKind.TRAFFIC);
  }

  /** For a high workload full speed, for a medium one the middle, for a low one the least. */
  public static Builder workload(Workload workload) {
    if (workload == Workload.UNKNOWN) {
      throw new IllegalArgumentException("a workload is high, medium or low");
    }
    Builder builder = new Builder(PolicyKind.WORKLOAD);
    builder.workload = workload;
    return builder;
  }

  /** As the host's counters of branches and their misses say whether a vCPU has work. */
  public static Builder branchRatio() {
    return new Builder(PolicyKind.BRANCH_RATIO);
  }

  /** Fills a packet that is zero but for its command. */
  void write(RequestPacket packet) {
    packet.policyKind(from.kind).workload(from.workload).turbo(from.turbo);
    packet.packets(from.minPackets, from.averagePackets, from.maxPackets);
    int index = 0;
    for (int vcpu : from.vcpus) {
      packet.vcpu(index++, vcpu);
    }
    packet.vcpuCount(index);
    index = 0;
    for (long mac : from.macs) {
      packet.mac(index++, mac);
    }
    packet.macCount(index);
    index = 0;
    for (int hour : from.busyHours) {
      packet.busyHour(index++, hour);
    }
    index = 0;
    for (int hour : from.quietHours) {
      packet.quietHour(index++, hour);
    }
    index = 0;
    for (int hour : from.trafficHours) {
      packet.trafficHour(index++, hour);
    }
  }

  /** Gathers a policy; what cannot be right is an IllegalArgumentException of one line. */
  public static final class Builder {
    private final PolicyKind kind;
    private Workload workload = Workload.HIGH;
    private boolean turbo;
    private SortedSet<Integer> vcpus = new TreeSet<>();
    private SortedSet<Integer> busyHours = new TreeSet<>();
    private SortedSet<Integer> quietHours = new TreeSet<>();
    private SortedSet<Integer> trafficHours = new TreeSet<>();
    private List<Long> macs = new ArrayList<>();
    private long minPackets;
    private long averagePackets;
    private long maxPackets;

    private Builder(PolicyKind kind) {
      this.kind = kind;
    }

    /** The vCPUs that the policy is for: 1 to 8 of them, each 0 to 255. */
    public Builder vcpus(int... numbers) {
      vcpus = set("vCPU", VCPU_NUMBER_MAX, numbers);
      if (vcpus.size() > VCPUS_MAX) {
        throw new IllegalArgumentException(
            vcpus.size() + " vCPUs are too many: a policy names at most " + VCPUS_MAX);
      }
      return this;
    }

    /**
     * Hours of the host's day, 0 to 23, at full speed. Where an hour is in two lists, the lower
     * place in its list counts, then busy before quiet before traffic. The wire pads lists with
     * hour 0, so that hour cannot stand alone: name another one with it.
     */
    public Builder busyHours(int... hours) {
      busyHours = hours("busy", hours);
      return this;
    }

    /** Hours of the host's day, 0 to 23, at the least; as {@link #busyHours}. */
    public Builder quietHours(int... hours) {
      quietHours = hours("quiet", hours);
      return this;
    }

    /** Hours of the host's day, 0 to 23, by traffic; as {@link #busyHours}. Needs {@link #macs}. */
    public Builder trafficHours(int... hours) {
      trafficHours = hours("traffic", hours);
      return this;
    }

    /** The network interfaces whose packets count, at most 10: MACs written 52:54:00:12:34:56. */
    public Builder macs(String... addresses) {
      List<Long> parsed = new ArrayList<>();
      for (String address : addresses) {
        long mac = mac(address);
        if (!parsed.contains(mac)) {
          parsed.add(mac);
        }
      }
      if (parsed.size() > MACS_MAX) {
        throw new IllegalArgumentException(
            parsed.size() + " MACs are too many: a policy names at most " + MACS_MAX);
      }
      macs = parsed;
      return this;
    }

    /**
     * Packets that the VM receives in a second: below {@code average} the least speed, above {@code
     * maximum} full speed, between them the middle.
     *
     * @param minimum has a place on the wire, and is used by no host
     */
    public Builder packets(long minimum, long average, long maximum) {
      if (minimum < 0 || minimum > average || average > maximum || maximum > PACKETS_MAX) {
        throw new IllegalArgumentException(
            "packets per second must rise from 0 to "
                + PACKETS_MAX
                + ", not "
                + minimum
                + ", "
                + average
                + ", "
                + maximum);
      }
      minPackets = minimum;
      averagePackets = average;
      maxPackets = maximum;
      return this;
    }

    /** Sets the turbo flag of the packet, which hosts may ignore. */
    public Builder turbo(boolean enabled) {
      turbo = enabled;
      return this;
    }

    /** The policy, if it is complete. */
    public Policy build() {
      if (vcpus.isEmpty()) {
        throw new IllegalArgumentException("a policy needs at least one vCPU");
      }
      boolean timed = kind == PolicyKind.TIME;
      if (timed && busyHours.isEmpty() && quietHours.isEmpty() && trafficHours.isEmpty()) {
        throw new IllegalArgumentException("a time policy needs busy, quiet or traffic hours");
      }
      boolean counts = kind == PolicyKind.TRAFFIC || (timed && !trafficHours.isEmpty());
      if (counts && macs.isEmpty()) {
        throw new IllegalArgumentException("to go by traffic a policy needs at least one MAC");
      }
      if (counts && maxPackets == 0) {
        throw new IllegalArgumentException("to go by traffic a policy needs packets per second");
      }
      return new Policy(copy());
    }

    private Builder copy() {
      Builder copy = new Builder(kind);
      copy.workload = workload;
      copy.turbo = turbo;
      copy.vcpus = vcpus;
      copy.busyHours = busyHours;
      copy.quietHours = quietHours;
      copy.trafficHours = trafficHours;
      copy.macs = macs;
      copy.minPackets = minPackets;
      copy.averagePackets = averagePackets;
      copy.maxPackets = maxPackets;
      return copy;
    }

    private static SortedSet<Integer> hours(String which, int... hours) {
      SortedSet<Integer> set = set(which + " hour", HOUR_MAX, hours);
      if (set.size() == 1 && set.first() == 0) {
        throw new IllegalArgumentException(
            which + " hour 0 cannot stand alone: lists are padded with 0; name another with it");
      }
      return set;
    }

    private static SortedSet<Integer> set(String what, int max, int... numbers) {
      SortedSet<Integer> set = new TreeSet<>();
      for (int number : numbers) {
        if (number < 0 || number > max) {
          throw new IllegalArgumentException(what + " " + number + " is not in 0-" + max);
        }
        set.add(number);
      }
      return set;
    }

    /** The bytes in the order in which they are sent, the first one lowest. */
    private static long mac(String address) {
      String[] bytes = address.split(":", -1);
      long mac = 0;
      for (int i = bytes.length - 1; i >= 0; i--) {
        mac = (mac << Byte.SIZE) | octet(bytes[i]);
      }
      if (bytes.length != 6 || octetsMissing(bytes) || mac == 0) {
        throw new IllegalArgumentException(
            "'" + address + "' is no MAC address such as 52:54:00:12:34:56");
      }
      return mac;
    }

    private static boolean octetsMissing(String[] bytes) {
      for (String each : bytes) {
        if (octet(each) < 0) {
          return true;
        }
      }
      return false;
    }

    private static int octet(String digits) {
      if (digits.isEmpty() || digits.length() > 2) {
        return -1;
      }
      int value = 0;
      for (int i = 0; i < digits.length(); i++) {
        int digit = Character.digit(digits.charAt(i), 16);
        if (digit < 0) {
          return -1;
        }
        value = value * 16 + digit;
      }
      return value;
    }
  }
}
