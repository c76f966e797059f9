package dev.vmpower.sim.world;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What the rules know of one VM. */
final class RuleVm {
  enum State {
    STATIC,
    RUNNING,
    PAUSED,
    SHUT_OFF
  }

  final String name;
  State state;
  int minKhz;
  int maxKhz = Integer.MAX_VALUE;
  boolean turbo = true;
  boolean enforce;
  boolean query;
  final TreeMap<Integer, Vcpu> vcpus = new TreeMap<>();
  final TreeMap<Integer, Port> ports = new TreeMap<>(); // those that are connected
  final BitSet closedPorts = new BitSet();
  private int run = Integer.MIN_VALUE;
  private boolean arrived; // this run, from another host
  private final BitSet seenOpen = new BitSet(); // in this run
  private final BitSet brought = new BitSet(); // open since before it arrived, and nobody connected

  RuleVm(String name, State state) {
    this.name = name;
    this.state = state;
  }

  /** libvirt told of this run. */
  void observe(int number, boolean hasArrived) {
    if (number != run) {
      run = number;
      arrived = false;
      seenOpen.clear();
      brought.clear();
    }
    arrived |= hasArrived;
  }

  /** The first time that a port is seen open since its VM runs here tells whether it brought it. */
  void seeOpen(int port) {
    if (state == State.RUNNING && !seenOpen.get(port)) {
      seenOpen.set(port);
      brought.set(port, arrived);
    }
  }

  /** Whether its guest had that port open when it arrived; only once. */
  boolean takeBrought(int port) {
    boolean was = brought.get(port);
    brought.clear(port);
    return was;
  }

  boolean isUp() {
    return switch (state) {
      case RUNNING, PAUSED -> true;
      case STATIC -> !ports.isEmpty();
      case SHUT_OFF -> false;
    };
  }

  boolean votesCount() {
    return state == State.RUNNING || state == State.STATIC;
  }

  /** A policy that a guest set: what it asks for in each hour, or always. */
  static final class Policy {
    /** Of an hour that has no entry. */
    static final int SAME = Integer.MIN_VALUE;

    final int[] hours;
    int vote = Vote.MAX;

    Policy(int... hours) {
      this.hours = hours;
    }

    boolean hasOpinion() {
      for (int hour : hours) {
        if (hour != SAME) {
          return true;
        }
      }
      return false;
    }

    void atHour(int hour) {
      int now = hours[hour % hours.length];
      vote = now == SAME ? vote : now;
    }
  }

  /** One connection. */
  static final class Port {
    final RuleVm vm;
    final int number;
    final GuestPort guest;
    final TreeSet<Integer> claims = new TreeSet<>();
    boolean disabled;
    boolean closedByGuest;
    boolean hasRecordedPolicy;
    @Nullable Policy recordedPolicy;
    List<Integer> recordedVcpus = new ArrayList<>();

    Port(RuleVm vm, int number, GuestPort guest) {
      this.vm = vm;
      this.number = number;
      this.guest = guest;
    }
  }

  /** One vCPU. */
  static final class Vcpu {
    private static final int NOWHERE = -1;

    final RuleVm vm;
    final int number;
    List<Integer> cpus = List.of();
    int asked = Vote.MAX;
    boolean askedTurbo = true;
    @Nullable Policy policy;
    boolean policyTurbo = true;
    boolean recorded;
    int recordedVote;
    boolean recordedTurbo;
    int recordedFrom;
    @Nullable Map<Integer, Integer> frozenKhz; // by clock
    int frozenBy;
    List<Integer> where = List.of();
    @Nullable List<Integer> placedCpus; // for which where was worked out, and when
    long placedAt;

    Vcpu(RuleVm vm, int number) {
      this.vm = vm;
      this.number = number;
    }

    boolean isHeld() {
      for (Port port : vm.ports.values()) {
        if (port.claims.contains(number)) {
          return true;
        }
      }
      return false;
    }

    boolean isClaimed() {
      return isHeld() || (vm.enforce && vm.isUp());
    }

    boolean policyRules() {
      return policy != null && policy.hasOpinion();
    }

    int vote() {
      return policy != null && policy.hasOpinion() ? policy.vote : asked;
    }

    boolean turbo() {
      return policyRules() ? policyTurbo : askedTurbo;
    }

    void setPolicy(@Nullable Policy fresh) {
      if (!policyRules()) {
        policyTurbo = askedTurbo;
      }
      policy = fresh;
    }

    void ask(int vote, boolean withTurbo) {
      asked = vote;
      askedTurbo = withTurbo;
      recorded = false;
      frozenKhz = null;
    }

    void beginAgain() {
      policy = null;
      policyTurbo = true;
      ask(Vote.MAX, true);
    }

    void record(int vote, boolean withTurbo, int from) {
      recordedVote = vote;
      recordedTurbo = withTurbo;
      recordedFrom = from;
      recorded = true;
    }

    /** The level at which it is frozen on a clock, of its own or tied to one. */
    int frozenOn(int clock) {
      Map<Integer, Integer> frozen = frozenKhz;
      if (frozen == null) {
        return 0;
      }
      Integer own = frozen.get(clock);
      return own == null ? highestFrozen() : own;
    }

    int highestFrozen() {
      int highest = 0;
      for (int khz : frozenKhz == null ? List.<Integer>of() : frozenKhz.values()) {
        highest = Math.max(highest, khz);
      }
      return highest;
    }

    void freezeAt(int port, int khz) {
      frozenBy = port;
      Map<Integer, Integer> frozen = new HashMap<>();
      where.forEach(clock -> frozen.put(clock, khz));
      if (where.isEmpty()) {
        frozen.put(NOWHERE, khz);
      }
      frozenKhz = frozen;
    }

    @Override
    public String toString() {
      return "%s (%s) vCPU %d of clocks %s, %s, asked %d %s%s%s"
          .formatted(
              vm.name,
              vm.state,
              number,
              where,
              isClaimed() ? "claimed" : "unclaimed",
              asked,
              askedTurbo ? "with turbo" : "without turbo",
              policy == null ? "" : ", policy " + policy.vote,
              frozenKhz == null ? "" : ", frozen at " + frozenKhz);
    }
  }
}
