package dev.vmpower.host.vm;

import dev.vmpower.host.arbiter.Envelope;
import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.net.GuestInterface;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One VM: its vCPUs, what it may ask for, and whether it runs.
 *
 * <p>Not thread-safe: the monitor thread owns every instance.
 */
public final class Vm {
  /** Of a static VM, from the configuration, nobody knows whether it runs. */
  public enum State {
    RUNNING,
    PAUSED,
    SHUT_OFF,
    STATIC
  }

  private final String name;
  private final @Nullable String uuid;
  private final boolean fifo;
  private final long[] refusals = new long[Refusal.count()];
  private final long[] loggedAtNs = new long[Refusal.count()];
  private final long[] loggedCount = new long[Refusal.count()];

  private State state;
  private Envelope envelope = Envelope.HARDWARE;
  private boolean queryAllowed;
  private List<GuestInterface> interfaces = List.of();
  private @Nullable Vcpu[] vcpus = new Vcpu[0];
  private int vcpuCount;
  private int openSockets;
  private long requests;

  public Vm(String name, @Nullable String uuid, State state) {
    this(name, uuid, state, false);
  }

  private Vm(String name, @Nullable String uuid, State state, boolean fifo) {
    this.name = name;
    this.uuid = uuid;
    this.state = state;
    this.fifo = fifo;
  }

  /** What stands for the FIFO of DPDK's JSON of a pCPU: one vCPU, which runs there, and is up. */
  public static Vm ofFifo(int cpu) {
    Vm vm = new Vm(fifoName(cpu), null, State.STATIC, true);
    vm.setVcpus(Map.of(0, CpuSet.of(cpu)));
    vm.countSocket(1);
    return vm;
  }

  /** The name of the VM that stands for the FIFO of a pCPU. */
  public static String fifoName(int cpu) {
    return "fifo" + cpu;
  }

  public String name() {
    return name;
  }

  /** libvirt's identity of it; null for one that libvirt does not know. */
  public @Nullable String uuid() {
    return uuid;
  }

  /** Whether the configuration made it. */
  public boolean isStatic() {
    return uuid == null && !fifo;
  }

  /** Whether it stands for a FIFO of DPDK's JSON. */
  public boolean isFifo() {
    return fifo;
  }

  /** Where it is known from: {@code libvirt}, {@code static} or {@code fifo}. */
  public String source() {
    return fifo ? "fifo" : uuid == null ? "static" : "libvirt";
  }

  public State state() {
    return state;
  }

  public void setState(State state) {
    this.state = state;
  }

  /** Whether the votes of its vCPUs count now. */
  public boolean votesCount() {
    return state == State.RUNNING || state == State.STATIC;
  }

  /** Whether libvirt says that it runs now. */
  public boolean isRunning() {
    return state == State.RUNNING;
  }

  public Envelope envelope() {
    return envelope;
  }

  public void setEnvelope(Envelope envelope) {
    this.envelope = envelope;
  }

  /** Whether its envelope is a claim of each of its vCPUs now. */
  public boolean isEnforced() {
    return envelope.enforce() && isUp();
  }

  /** Whether it is there, as far as is known; a static VM is while a socket of its is connected. */
  public boolean isUp() {
    return switch (state) {
      case RUNNING, PAUSED -> true;
      case STATIC -> openSockets > 0;
      case SHUT_OFF -> false;
    };
  }

  public boolean mayQuery() {
    return queryAllowed;
  }

  public void setMayQuery(boolean allowed) {
    queryAllowed = allowed;
  }

  /** Its network interfaces, as far as they are known. */
  public List<GuestInterface> interfaces() {
    return interfaces;
  }

  public void setInterfaces(List<GuestInterface> interfaces) {
    this.interfaces = List.copyOf(interfaces);
  }

  /** The interface with this address; null if it has none. */
  public @Nullable GuestInterface interfaceOf(long mac) {
    for (int i = 0; i < interfaces.size(); i++) {
      if (interfaces.get(i).mac() == mac) {
        return interfaces.get(i);
      }
    }
    return null;
  }

  /** Why the packets to this address cannot be counted; null if they can. */
  public @Nullable Refusal macRefusal(long mac) {
    GuestInterface found = interfaceOf(mac);
    if (found == null) {
      return Refusal.NO_MAC;
    }
    return found.kind() == GuestInterface.Kind.VHOST_USER ? Refusal.NO_DEVICE : null;
  }

  /** A channel's socket was connected ({@code +1}) or hung up ({@code -1}). */
  public void countSocket(int change) {
    openSockets += change;
  }

  /** How many vCPUs it has. */
  public int vcpuCount() {
    return vcpuCount;
  }

  /** One above the highest number of a vCPU; between there can be gaps. */
  public int vcpuNumbers() {
    return vcpus.length;
  }

  /** The vCPU {@code number}, an unsigned number from a packet; null if there is none. */
  public @Nullable Vcpu vcpu(long number) {
    return number >= 0 && number < vcpus.length ? vcpus[(int) number] : null;
  }

  /** Its vCPUs in order of their number. */
  public List<Vcpu> vcpus() {
    List<Vcpu> list = new ArrayList<>(vcpuCount);
    for (Vcpu vcpu : vcpus) {
      if (vcpu != null) {
        list.add(vcpu);
      }
    }
    return list;
  }

  /**
   * Makes its vCPUs those of {@code pinning}, by number. A vCPU that stays keeps its claim and its
   * vote.
   *
   * @return the vCPUs that are no more
   */
  public List<Vcpu> setVcpus(Map<Integer, CpuSet> pinning) {
    List<Vcpu> removed = new ArrayList<>();
    for (Vcpu vcpu : vcpus()) {
      if (!pinning.containsKey(vcpu.number())) {
        removed.add(vcpu);
        vcpu.unplug();
      }
    }
    int length = pinning.keySet().stream().mapToInt(number -> number + 1).max().orElse(0);
    @Nullable Vcpu[] fresh = new Vcpu[length];
    for (Map.Entry<Integer, CpuSet> entry : pinning.entrySet()) {
      Vcpu vcpu = vcpu(entry.getKey());
      if (vcpu == null) {
        vcpu = new Vcpu(this, entry.getKey());
      }
      vcpu.setCpus(entry.getValue());
      fresh[entry.getKey()] = vcpu;
    }
    vcpus = fresh;
    vcpuCount = pinning.size();
    return removed;
  }

  public void countRequest() {
    requests++;
  }

  public long requests() {
    return requests;
  }

  /** Counts a refusal and says whether a line about it is due, at most one in {@code everyNs}. */
  public boolean countRefusal(Refusal refusal, long nowNs, long everyNs) {
    int i = refusal.ordinal();
    refusals[i]++;
    if (refusals[i] > 1 && nowNs - loggedAtNs[i] < everyNs) {
      return false;
    }
    loggedAtNs[i] = nowNs;
    return true;
  }

  /** Counts a refusal about which there was a line already. */
  public void countLoggedRefusal(Refusal refusal) {
    refusals[refusal.ordinal()]++;
    loggedCount[refusal.ordinal()]++;
  }

  /** How many refusals of this kind were not logged since the last line about one. */
  public long takeUnlogged(Refusal refusal) {
    int i = refusal.ordinal();
    long unlogged = refusals[i] - loggedCount[i] - 1;
    loggedCount[i] = refusals[i];
    return unlogged;
  }

  public long refusals(Refusal refusal) {
    return refusals[refusal.ordinal()];
  }

  @Override
  public String toString() {
    return name;
  }
}
