package dev.vmpower.sim.world;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a guest's packets do to votes and claims, and how each is to be answered: the wire and the
 * rules said a second time.
 */
final class Rules {
  static final int PACKET_BYTES = 464;
  static final int ACK = 1;
  static final int NACK = 2;
  private static final int FREQ_BYTES = 88;
  private static final int CAPS_BYTES = 184;
  private static final int RESOURCE_ID = 0;
  private static final int UNIT = 8;
  private static final int COMMAND = 12;
  private static final int VCPUS = 144;
  private static final int VCPU_COUNT = 152;
  private static final int BUSY_HOURS = 156;
  private static final int QUIET_HOURS = 252;
  private static final int TRAFFIC_HOURS = 348;
  private static final int CORE_TYPE = 444;
  private static final int WORKLOAD = 448;
  private static final int POLICY_KIND = 452;
  private static final int LISTED_MAX = 8;
  private static final int HOURS = 24;

  private final Arbitration host;
  private final List<Reply> pending = new ArrayList<>();
  int hour;

  /** How one packet of this wake-up is to be answered. */
  static final class Reply {
    final RuleVm.Port port;
    final int bytes;
    final long tag;
    final boolean isQuery;
    boolean refused;
    long queried = -1; // the vCPU that a query is about; none of all
    final List<RuleVm.Vcpu> vcpus;
    boolean mayBeAck;
    boolean mustBeAck;

    /**
     * A reply.
     *
     * @param refused whatever becomes of the clocks
     * @param vcpus whose frequency domains must be at their targets
     */
    Reply(
        RuleVm.Port port,
        int bytes,
        long tag,
        boolean isQuery,
        boolean refused,
        List<RuleVm.Vcpu> vcpus) {
      this.port = port;
      this.bytes = bytes;
      this.tag = tag;
      this.isQuery = isQuery;
      this.refused = refused;
      this.vcpus = vcpus;
    }

    @Override
    public String toString() {
      StringBuilder text = new StringBuilder(refused ? "refused" : "of");
      for (RuleVm.Vcpu vcpu : vcpus) {
        text.append(' ').append(vcpu);
      }
      return text.toString();
    }
  }

  Rules(Arbitration host) {
    this.host = host;
  }

  /** The replies that this wake-up owes, in order. */
  List<Reply> takePending() {
    List<Reply> taken = List.copyOf(pending);
    pending.clear();
    return taken;
  }

  /** Takes a whole packet. */
  void accept(RuleVm.Port port, byte[] bytes) {
    ByteBuffer packet = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    switch (packet.getInt(COMMAND)) {
      case 1 -> power(port, packet);
      case 2 -> connect(port);
      case 3 -> policy(port, packet);
      case 4 -> removePolicy(port);
      case 7 -> query(port, packet, FREQ_BYTES, false);
      case 8 -> query(port, packet, FREQ_BYTES, true);
      case 9 -> query(port, packet, CAPS_BYTES, false);
      case 10 -> query(port, packet, CAPS_BYTES, true);
      default -> {
        // Unknown: no answer.
      }
    }
  }

  private void answer(
      RuleVm.Port port, ByteBuffer packet, boolean refused, List<RuleVm.Vcpu> vcpus) {
    pending.add(
        new Reply(port, PACKET_BYTES, GuestPort.tag(packet), false, refused, List.copyOf(vcpus)));
  }

  private void query(RuleVm.Port port, ByteBuffer packet, int bytes, boolean one) {
    boolean refused = port.disabled || !port.vm.query;
    Reply reply = new Reply(port, bytes, GuestPort.tag(packet), true, refused, List.of());
    if (one) {
      long asked = packet.getLong(RESOURCE_ID);
      reply.queried = asked >= 0 && asked < LISTED_MAX ? asked : LISTED_MAX;
    }
    pending.add(reply);
  }

  private void connect(RuleVm.Port port) {
    pending.removeIf(reply -> reply.port == port);
    port.guest.beginAgain();
    RuleVm.Vcpu vcpu = port.vm.vcpus.get(port.number);
    if (vcpu == null) {
      return;
    }
    removePolicy(port);
    if (port.disabled) {
      vcpu.record(Vote.MAX, true, port.number);
    } else {
      claim(port, vcpu);
      vcpu.beginAgain();
    }
  }

  private static void claim(RuleVm.Port port, RuleVm.Vcpu vcpu) {
    boolean first = !vcpu.isHeld();
    port.claims.add(vcpu.number);
    if (first) {
      vcpu.beginAgain();
    }
  }

  private void power(RuleVm.Port port, ByteBuffer packet) {
    int unit = packet.getInt(UNIT);
    if (unit < 1 || unit > 6) {
      return;
    }
    long asked = packet.getLong(RESOURCE_ID);
    boolean possible = asked >= 0 && asked < Integer.MAX_VALUE;
    RuleVm.Vcpu vcpu = possible ? port.vm.vcpus.get((int) asked) : null;
    if (vcpu == null) {
      answer(port, packet, true, List.of());
      return;
    }
    if (!port.disabled) {
      claim(port, vcpu);
    }
    Arbitration.Standing standing = host.standing(vcpu);
    boolean nowhere =
        standing == Arbitration.Standing.UNPINNED || standing == Arbitration.Standing.RESERVED;
    boolean noTurbo = unit == 5 && standing == Arbitration.Standing.WELL && !mayTurbo(vcpu);
    if (nowhere || noTurbo) {
      answer(port, packet, true, List.of());
    } else if (port.disabled) {
      int before = vcpu.recorded ? vcpu.recordedVote : vcpu.asked;
      boolean turboBefore = vcpu.recorded ? vcpu.recordedTurbo : vcpu.askedTurbo;
      vcpu.record(vote(vcpu, unit, before, turboBefore), turbo(unit, turboBefore), port.number);
      answer(port, packet, true, List.of());
    } else {
      vcpu.ask(vote(vcpu, unit, vcpu.asked, vcpu.askedTurbo), turbo(unit, vcpu.askedTurbo));
      boolean offline = standing == Arbitration.Standing.OFFLINE;
      answer(port, packet, offline || vcpu.policyRules(), List.of(vcpu));
    }
  }

  private static boolean turbo(int unit, boolean before) {
    return unit == 5 || (unit != 6 && before);
  }

  boolean mayTurbo(RuleVm.Vcpu vcpu) {
    return !vcpu.where.isEmpty() && vcpu.vm.turbo && host.allowsTurbo(firstClock(vcpu));
  }

  private Clock firstClock(RuleVm.Vcpu vcpu) {
    int lowest = vcpu.cpus.stream().filter(host.online::get).min(Integer::compare).orElse(0);
    return host.shape.clocks.get(host.shape.clockOf[lowest]);
  }

  private int vote(RuleVm.Vcpu vcpu, int unit, int before, boolean turboBefore) {
    if (unit == 3 || unit == 5) {
      return Vote.MAX;
    }
    if (unit == 4) {
      return Vote.MIN;
    }
    if (vcpu.where.isEmpty()) {
      return before;
    }
    Clock clock = firstClock(vcpu);
    if (unit == 6) {
      return before == Vote.MAX ? before : Math.min(before, clock.nonTurboKhz());
    }
    int i = clock.index();
    return clock.step(
        before,
        unit == 1,
        turboBefore && vcpu.vm.turbo && host.allowsTurbo(clock),
        Math.max(vcpu.vm.minKhz, host.minKhz[i]),
        host.highest(vcpu.vm, i));
  }

  private void policy(RuleVm.Port port, ByteBuffer packet) {
    List<RuleVm.Vcpu> vcpus = new ArrayList<>();
    RuleVm.Policy policy = readPolicy(port, packet, vcpus);
    if (policy == null) {
      answer(port, packet, true, List.of());
      return;
    }
    List<Integer> numbers = vcpus.stream().map(vcpu -> vcpu.number).toList();
    if (port.disabled) {
      port.hasRecordedPolicy = true;
      port.recordedPolicy = policy;
      port.recordedVcpus = numbers;
      answer(port, packet, true, List.of());
      return;
    }
    vcpus.forEach(vcpu -> claim(port, vcpu));
    install(port.vm, policy, numbers);
    answer(port, packet, false, vcpus);
  }

  /** Null where it is to be refused whole. */
  private RuleVm.@Nullable Policy readPolicy(
      RuleVm.Port port, ByteBuffer packet, List<RuleVm.Vcpu> vcpus) {
    int count = packet.get(VCPU_COUNT) & 0xff;
    if (packet.get(CORE_TYPE) != 0 || count > LISTED_MAX) {
      return null;
    }
    for (int i = 0; i < count; i++) {
      RuleVm.Vcpu vcpu = port.vm.vcpus.get(packet.get(VCPUS + i) & 0xff);
      if (vcpu == null) {
        return null;
      }
      Arbitration.Standing standing = host.standing(vcpu);
      if (standing == Arbitration.Standing.UNPINNED || standing == Arbitration.Standing.RESERVED) {
        return null;
      }
      vcpus.add(vcpu);
    }
    return switch (packet.getInt(POLICY_KIND)) {
      case 1 -> hours(packet);
      case 2 ->
          switch (packet.getInt(WORKLOAD)) {
            case 0 -> new RuleVm.Policy(Vote.MAX);
            case 1 -> new RuleVm.Policy(Vote.MEDIUM);
            case 2 -> new RuleVm.Policy(Vote.MIN);
            default -> null;
          };
      default -> null; // there is no MAC and no counter in this world
    };
  }

  private static RuleVm.@Nullable Policy hours(ByteBuffer packet) {
    int[] hours = new int[HOURS];
    Arrays.fill(hours, RuleVm.Policy.SAME);
    for (int i = 0; i < HOURS; i++) {
      int busy = packet.getInt(BUSY_HOURS + 4 * i);
      int quiet = packet.getInt(QUIET_HOURS + 4 * i);
      int traffic = packet.getInt(TRAFFIC_HOURS + 4 * i);
      if (busy < 0 || busy >= HOURS || quiet < 0 || quiet >= HOURS || traffic != 0) {
        return null;
      }
      set(hours, packet, BUSY_HOURS, i, busy, Vote.MAX);
      set(hours, packet, QUIET_HOURS, i, quiet, Vote.MIN);
    }
    return new RuleVm.Policy(hours);
  }

  // A 0 after the first entry is padding, and so is a first one with nothing but zeros behind.
  private static void set(int[] hours, ByteBuffer packet, int list, int i, int hour, int vote) {
    boolean padding = hour == 0;
    if (hour == 0 && i == 0) {
      for (int j = 1; j < HOURS; j++) {
        padding &= packet.getInt(list + 4 * j) == 0;
      }
    }
    if (!padding && hours[hour] == RuleVm.Policy.SAME) {
      hours[hour] = vote;
    }
  }

  void removePolicy(RuleVm.Port port) {
    if (port.disabled) {
      port.hasRecordedPolicy = true;
      port.recordedPolicy = null;
      port.recordedVcpus = List.of();
    } else {
      install(port.vm, null, List.of());
    }
  }

  /** Brings what came last while {@code port} was disabled into force. */
  void adoptRecordedPolicy(RuleVm.Port port) {
    if (!port.hasRecordedPolicy) {
      return;
    }
    port.hasRecordedPolicy = false;
    for (int number : port.recordedVcpus) {
      RuleVm.Vcpu vcpu = port.vm.vcpus.get(number);
      if (vcpu != null) {
        claim(port, vcpu);
      }
    }
    install(port.vm, port.recordedPolicy, port.recordedVcpus);
  }

  void adoptRecordedVote(RuleVm.Port port, RuleVm.Vcpu vcpu) {
    int vote = vcpu.recordedVote;
    boolean turbo = vcpu.recordedTurbo;
    claim(port, vcpu);
    vcpu.ask(vote, turbo);
  }

  private void install(RuleVm vm, RuleVm.@Nullable Policy policy, List<Integer> numbers) {
    for (RuleVm.Vcpu vcpu : vm.vcpus.values()) {
      if (vcpu.policy != null) {
        vcpu.setPolicy(null);
      }
    }
    if (policy != null) {
      policy.atHour(hour);
      for (int number : numbers) {
        RuleVm.Vcpu vcpu = vm.vcpus.get(number);
        if (vcpu != null) {
          vcpu.setPolicy(policy);
        }
      }
    }
  }
}
