package dev.vmpower.guest;

import dev.vmpower.protocol.CapsListReply;
import dev.vmpower.protocol.Command;
import dev.vmpower.protocol.FreqListReply;
import dev.vmpower.protocol.Replies;
import dev.vmpower.protocol.ReplyKind;
import dev.vmpower.protocol.RequestPacket;
import dev.vmpower.protocol.Unit;
import java.io.Closeable;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ByteChannel;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The guest's end of one channel: one request at a time, and its reply.
 *
 * <p>Works with blocking and with non-blocking channels. {@link #connect}, {@link #send} and {@link
 * #query} begin a request and write what the channel takes; {@link #flush} writes the rest, {@link
 * #receive} reads what has come of the reply. Neither waits on a non-blocking channel.
 *
 * <p>Not thread-safe.
 */
public final class GuestPort implements Closeable {
  /** What the name of a port begins with; the number of the channel follows. */
  public static final String NAME_PREFIX = "virtio.serial.port.poweragent.";

  private static final int FILE_TYPE_MASK = 0170000;
  private static final int FILE_TYPE_SOCKET = 0140000;

  private final ByteChannel channel;
  private final ByteBuffer request =
      ByteBuffer.allocateDirect(RequestPacket.SIZE_BYTES).order(ByteOrder.LITTLE_ENDIAN).limit(0);
  private final ByteBuffer reply =
      ByteBuffer.allocateDirect(Replies.SIZE_BYTES_MAX).order(ByteOrder.LITTLE_ENDIAN).limit(0);
  private final RequestPacket packet = new RequestPacket().wrap(request, 0);

  /** Uses a channel that is open; {@link #close} closes it. */
  public GuestPort(ByteChannel channel) {
    this.channel = channel;
  }

  /**
   * Opens a port, such as {@code /dev/virtio-ports/virtio.serial.port.poweragent.0}, or connects to
   * the AF_UNIX socket that stands in for one.
   */
  public static GuestPort open(Path port) throws IOException {
    int type = (int) Files.getAttribute(port, "unix:mode") & FILE_TYPE_MASK;
    if (type != FILE_TYPE_SOCKET) {
      return new GuestPort(
          FileChannel.open(port, StandardOpenOption.READ, StandardOpenOption.WRITE));
    }
    SocketChannel socket = SocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      socket.connect(UnixDomainSocketAddress.of(port));
    } catch (IOException refused) {
      socket.close();
      throw refused;
    }
    return new GuestPort(socket);
  }

  /** Says that this guest is there: its vCPU counts as MAX until it asks. There is no reply. */
  public boolean connect() throws IOException {
    return begin(Command.CONNECT, Unit.UNKNOWN, 0);
  }

  /**
   * Asks for another frequency of {@code vcpu}.
   *
   * @return whether all of the request was written; else {@link #flush} it
   */
  public boolean send(Unit unit, int vcpu) throws IOException {
    if (unit == Unit.UNKNOWN) {
      throw new IllegalArgumentException("no host answers an unknown unit");
    }
    return begin(Command.CPU_POWER, unit, vcpu);
  }

  /**
   * Asks about frequencies or capabilities.
   *
   * @param query one of the four queries
   * @return whether all of the request was written; else {@link #flush} it
   */
  public boolean query(Command query, int vcpu) throws IOException {
    return switch (query) {
      case QUERY_FREQ, QUERY_FREQ_LIST, QUERY_CAPS, QUERY_CAPS_LIST ->
          begin(query, Unit.UNKNOWN, vcpu);
      default -> throw new IllegalArgumentException(query + " is no query");
    };
  }

  private boolean begin(Command command, Unit unit, int vcpu) throws IOException {
    if (request.hasRemaining() || reply.hasRemaining()) {
      throw new IllegalStateException("the request before is not done");
    }
    request.clear();
    packet.clear().resourceId(vcpu).command(command);
    if (unit != Unit.UNKNOWN) {
      packet.unit(unit);
    }
    reply.clear().limit(Replies.sizeBytes(command));
    return flush();
  }

  /** Writes what is left of the request; false while the host does not take it. */
  public boolean flush() throws IOException {
    while (request.hasRemaining()) {
      if (channel.write(request) == 0) {
        return false;
      }
    }
    return true;
  }

  /**
   * Reads what has come of the reply; whether it is whole. A blocking channel waits for it.
   *
   * @throws HostGoneException if no host is attached
   */
  public boolean receive() throws IOException {
    while (reply.hasRemaining()) {
      int bytes = channel.read(reply);
      if (bytes < 0) {
        throw new HostGoneException();
      }
      if (bytes == 0) {
        return false;
      }
    }
    return true;
  }

  /** What the reply says. */
  public ReplyKind kind() {
    return Replies.kind(whole(), 0);
  }

  /** The frequency of {@code vcpu} in a {@link ReplyKind#FREQ_LIST}; 0 where it is not told. */
  public int khz(int vcpu) {
    return vcpu < FreqListReply.VCPUS_MAX ? FreqListReply.khz(whole(), 0, vcpu) : 0;
  }

  /** Whether {@code vcpu} may use turbo, by a {@link ReplyKind#CAPS_LIST}. */
  public boolean turbo(int vcpu) {
    return vcpu < CapsListReply.VCPUS_MAX && CapsListReply.turbo(whole(), 0, vcpu);
  }

  /** Whether {@code vcpu} has a higher base frequency, by a {@link ReplyKind#CAPS_LIST}. */
  public boolean priority(int vcpu) {
    return vcpu < CapsListReply.VCPUS_MAX && CapsListReply.priority(whole(), 0, vcpu);
  }

  private ByteBuffer whole() {
    if (reply.hasRemaining() || reply.limit() == 0) {
      throw new IllegalStateException("there is no whole reply");
    }
    return reply;
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  /** No host is attached to the other end of the port. */
  public static final class HostGoneException extends IOException {
    private static final long serialVersionUID = 1;

    HostGoneException() {
      super("no host is attached");
    }
  }
}
