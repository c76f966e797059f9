package dev.vmpower.guest;

import dev.vmpower.protocol.Command;
import dev.vmpower.protocol.ReplyKind;
import dev.vmpower.protocol.RequestPacket;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A guest's way to ask its host for CPU frequency: one port, which speaks for any vCPU of the VM. A
 * program opens one channel for each vCPU, or one for all.
 *
 * <p>{@link #ask} waits for the answer, {@link #tell} for nothing: its answer is thrown away when
 * it comes. Both can be mixed. A call waits at most for the channel's time-out, and for twice that
 * where answers to {@code tell} are still to come. Calls from several threads take turns.
 *
 * <p>A host that goes away ends nothing: requests fail with {@link PortException.NoHost} until it
 * is back, and then work again. What a vCPU asked for is then the host's to remember or to forget,
 * so ask anew.
 */
public final class PowerChannel implements AutoCloseable {
  /** How long a request waits for its answer where nothing else is said. */
  public static final Duration TIMEOUT = Duration.ofSeconds(1);

  /** The longest time-out. */
  public static final Duration TIMEOUT_MAX = Duration.ofHours(1);

  private final Path port;
  private final Conversation conversation;
  private boolean closed;

  private PowerChannel(Path port, Duration timeout) {
    this.port = port;
    this.conversation = new Conversation(port, timeout.toNanos());
  }

  /** Opens a port; as {@link #open(Path, Duration)} with {@link #TIMEOUT}. */
  public static PowerChannel open(Path port) throws PortException {
    return open(port, TIMEOUT);
  }

  /**
   * Opens a port such as {@code /dev/virtio-ports/virtio.serial.port.poweragent.0}, or connects to
   * an AF_UNIX socket that stands in for one. Whether a host is attached shows at the first
   * request.
   *
   * @param timeout how long a request may take, 1 ms to 1 h
   * @throws PortException.NoPort if there is none
   * @throws PortException.NoPermission if this process may not open it
   * @throws PortException.InUse if another process has it open
   */
  public static PowerChannel open(Path port, Duration timeout) throws PortException {
    if (timeout.toMillis() < 1 || timeout.compareTo(TIMEOUT_MAX) > 0) {
      throw new IllegalArgumentException("a time-out of " + timeout + " is not in 1 ms to 1 h");
    }
    PowerChannel channel = new PowerChannel(port, timeout);
    channel.conversation.open();
    return channel;
  }

  /**
   * Says that the vCPU with this port's number takes part: at its maximum until it asks, and
   * without a policy. There is no answer, and no need for it before {@link #ask}.
   *
   * @throws PortException.NoHost if no host is attached
   * @throws PortException.Stalled if the host does not read it
   */
  public synchronized void connect() throws PortException {
    begin(Command.CONNECT, 0);
    conversation.send();
  }

  /**
   * Finds out whether a host is attached, without sending anything.
   *
   * @throws PortException.NoHost if none is
   */
  public synchronized void check() throws PortException {
    checked(0);
    conversation.check();
  }

  /**
   * Asks for another frequency of {@code vcpu}, and waits for the answer.
   *
   * @throws PortException.NoHost if no host is attached, or it goes before it has answered
   * @throws PortException.Stalled if the host does not read the request
   */
  public synchronized Answer ask(int vcpu, Wish wish) throws PortException {
    RequestPacket packet = begin(Command.CPU_POWER, vcpu);
    packet.unit(wish.unit());
    return answer(conversation.exchange(Command.CPU_POWER));
  }

  /**
   * Asks for another frequency of {@code vcpu}, and waits for nothing.
   *
   * @return whether the request was sent; false while the host reads too slowly
   * @throws PortException.NoHost if no host is attached
   */
  public synchronized boolean tell(int vcpu, Wish wish) throws PortException {
    return conversation.post(checked(vcpu), wish.unit());
  }

  /**
   * Asks the host to do by itself what {@code policy} says, and waits for the answer.
   *
   * @throws PortException.NoHost if no host is attached, or it goes before it has answered
   * @throws PortException.Stalled if the host does not read the request
   */
  public synchronized Answer apply(Policy policy) throws PortException {
    policy.write(begin(Command.PKT_POLICY, 0));
    return answer(conversation.exchange(Command.PKT_POLICY));
  }

  /**
   * Removes the VM's policy: what its vCPUs asked for last counts again. There is no answer.
   *
   * @throws PortException.NoHost if no host is attached
   * @throws PortException.Stalled if the host does not read it
   */
  public synchronized void removePolicy() throws PortException {
    begin(Command.PKT_POLICY_REMOVE, 0);
    conversation.send();
  }

  /** Asks how fast {@code vcpu}, one of 0 to 7, runs. */
  public Reply<Frequencies> frequency(int vcpu) throws PortException {
    return frequencies(Command.QUERY_FREQ, vcpu);
  }

  /** Asks how fast the VM's first 8 vCPUs run. */
  public Reply<Frequencies> frequencies() throws PortException {
    return frequencies(Command.QUERY_FREQ_LIST, 0);
  }

  /** Asks what {@code vcpu}, one of 0 to 7, can do. */
  public Reply<Capabilities> capability(int vcpu) throws PortException {
    return capabilities(Command.QUERY_CAPS, vcpu);
  }

  /** Asks what the VM's first 8 vCPUs can do. */
  public Reply<Capabilities> capabilities() throws PortException {
    return capabilities(Command.QUERY_CAPS_LIST, 0);
  }

  /** Closes the port; 2 s later its vCPUs' claims end, and the host gives their CPUs back. */
  @Override
  public synchronized void close() {
    closed = true;
    conversation.close();
  }

  private synchronized Reply<Frequencies> frequencies(Command query, int vcpu)
      throws PortException {
    begin(query, vcpu);
    ReplyKind kind = conversation.exchange(query);
    if (kind == ReplyKind.FREQ_LIST) {
      return new Reply.Told<>(new Frequencies(conversation.reply()));
    }
    return kind == null ? new Reply.TimedOut<>() : new Reply.Refused<>();
  }

  private synchronized Reply<Capabilities> capabilities(Command query, int vcpu)
      throws PortException {
    begin(query, vcpu);
    ReplyKind kind = conversation.exchange(query);
    if (kind == ReplyKind.CAPS_LIST) {
      return new Reply.Told<>(new Capabilities(conversation.reply()));
    }
    return kind == null ? new Reply.TimedOut<>() : new Reply.Refused<>();
  }

  private RequestPacket begin(Command command, int vcpu) throws PortException {
    return conversation.begin(command, checked(vcpu));
  }

  private int checked(int vcpu) {
    if (closed) {
      throw new IllegalStateException(port + " is closed");
    }
    if (vcpu < 0) {
      throw new IllegalArgumentException("there is no vCPU " + vcpu);
    }
    return vcpu;
  }

  private static Answer answer(@Nullable ReplyKind kind) {
    if (kind == null) {
      return Answer.TIMED_OUT;
    }
    return kind == ReplyKind.ACK ? Answer.ACK : Answer.NACK;
  }
}
