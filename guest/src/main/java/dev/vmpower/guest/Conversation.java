package dev.vmpower.guest;

import dev.vmpower.protocol.CapsListReply;
import dev.vmpower.protocol.Command;
import dev.vmpower.protocol.FreqListReply;
import dev.vmpower.protocol.Replies;
import dev.vmpower.protocol.ReplyKind;
import dev.vmpower.protocol.RequestPacket;
import dev.vmpower.protocol.Unit;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Requests and replies over one port, kept in step: replies carry no number, and have no length.
 *
 * <p>So before each request all that is there to read is thrown away, which no reply to it can be.
 * After a time-out the port is closed and opened again. And an ACK or NACK that repeats another
 * request than the last one is a late one, and is skipped.
 *
 * <p>Not thread-safe.
 */
final class Conversation {
  /** The most that is thrown away before one request. */
  private static final int DRAIN_BYTES_MAX = 1 << 20;

  /** How long a port that was just opened may take to bring what its openers before left unread. */
  private static final int LEFTOVERS_MS = 10;

  private static final int HEADER_BYTES = 48;
  private static final int JUNK_BYTES = 4096;
  private static final long NS_PER_MS = 1_000_000;

  private final Path port;
  private final long timeoutNs;
  private final ByteBuffer request = allocate(RequestPacket.SIZE_BYTES).limit(0);
  private final ByteBuffer reply = allocate(Replies.SIZE_BYTES_MAX);
  private final ByteBuffer junk = allocate(JUNK_BYTES);
  private final RequestPacket packet = new RequestPacket().wrap(request, 0);
  private final RequestPacket echo = new RequestPacket().wrap(reply, 0);

  private @Nullable Line line;

  /** How many bytes come before the next answer, of replies that nobody waits for. */
  private long owedBytes;

  /** A request was begun and not answered: its reply may come when nobody waits for it. */
  private boolean outOfStep;

  Conversation(Path port, long timeoutNs) {
    this.port = port;
    this.timeoutNs = timeoutNs;
  }

  private static ByteBuffer allocate(int bytes) {
    return ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Opens the port; that no host is there is no error yet. */
  void open() throws PortException {
    try {
      reopen(0);
    } catch (PortException.NoHost later) {
      // It may come until there is something to ask.
    }
  }

  void close() {
    if (line != null) {
      line.close();
      line = null;
    }
    request.limit(0);
    reply.clear();
    outOfStep = false;
    owedBytes = 0;
  }

  /** Gets in step and begins a request, which the caller fills in and then has sent. */
  RequestPacket begin(Command command, int vcpu) throws PortException {
    long deadlineNs = System.nanoTime() + timeoutNs;
    Line open = attached();
    outOfStep = true;
    if (!write(open, deadlineNs)) {
      throw new PortException.Stalled(port);
    }
    while (owedBytes > 0) {
      if (!await(open, false, deadlineNs)) {
        open = reopen(0);
      }
      if (!drain(open)) {
        throw lost(open);
      }
    }
    outOfStep = false;
    return fill(command, vcpu);
  }

  /** Makes sure that a host is attached. */
  void check() throws PortException {
    line = attached();
  }

  /** Sends a request that gets no reply. */
  void send() throws PortException {
    send(System.nanoTime() + timeoutNs);
  }

  /** Sends as much of a request as can be sent now, if any; its reply will be thrown away. */
  boolean post(int vcpu, Unit unit) throws PortException {
    Line open = attached();
    if (!write(open)) {
      return false;
    }
    outOfStep = true;
    fill(Command.CPU_POWER, vcpu).unit(unit);
    boolean whole = write(open);
    outOfStep = false;
    if (!whole && request.position() == 0) {
      request.limit(0);
      return false;
    }
    owedBytes += RequestPacket.SIZE_BYTES;
    return true;
  }

  /** Sends a request and waits for its reply, which {@link #reply} then is; null if none came. */
  @Nullable ReplyKind exchange(Command command) throws PortException {
    long deadlineNs = System.nanoTime() + timeoutNs;
    send(deadlineNs);
    outOfStep = true;
    ReplyKind kind = receive(begun(), Replies.sizeBytes(command), deadlineNs);
    outOfStep = kind == null;
    return kind;
  }

  private Line begun() {
    return Objects.requireNonNull(line, "begin a request first");
  }

  private void send(long deadlineNs) throws PortException {
    outOfStep = true;
    boolean sent = write(begun(), deadlineNs);
    outOfStep = !sent && request.position() > 0;
    if (!sent) {
      request.limit(0);
      throw new PortException.Stalled(port);
    }
  }

  /** The reply to the last request. */
  ByteBuffer reply() {
    return reply;
  }

  private RequestPacket fill(Command command, int vcpu) {
    request.clear();
    return packet.clear().resourceId(vcpu).command(command);
  }

  /** A line with a host at its other end, and nothing in it to read. */
  private Line attached() throws PortException {
    try {
      Line open = line == null ? reopen(0) : outOfStep ? reopen(missingBytes()) : line;
      if (drain(open)) {
        return open;
      }
      if (!open.isLasting()) {
        open = reopen(0);
        if (drain(open)) {
          return open;
        }
      }
      throw lost(open);
    } catch (PortException.NoHost none) {
      throw none;
    } catch (PortException failed) {
      close();
      throw failed;
    }
  }

  /** What is missing of a reply that was begun: it will come first, whoever opens the port. */
  private int missingBytes() {
    return reply.position() == 0 ? 0 : reply.remaining();
  }

  private Line reopen(int missingBytes) throws PortException {
    close();
    Line open = Line.open(port);
    line = open;
    if (open.isLasting()) {
      owedBytes = missingBytes;
      open.await(false, LEFTOVERS_MS);
    }
    return open;
  }

  private PortException.NoHost lost(Line open) {
    if (open.isLasting()) {
      request.limit(0);
      reply.clear();
      outOfStep = false;
      owedBytes = 0;
    } else {
      close();
    }
    return new PortException.NoHost(port);
  }

  /** Throws away what can be read; false if the host has hung up. */
  private boolean drain(Line open) throws PortException {
    int bytes = open.read(junk.clear());
    for (int sum = 0; bytes > 0 && sum < DRAIN_BYTES_MAX; sum += bytes) {
      owedBytes = Math.max(0, owedBytes - bytes);
      bytes = open.read(junk.clear());
    }
    return bytes != Line.HUNG_UP;
  }

  /** Writes what can be written now; whether that was all. */
  private boolean write(Line open) throws PortException {
    while (request.hasRemaining()) {
      int bytes = open.write(request);
      if (bytes == Line.HUNG_UP) {
        throw lost(open);
      }
      if (bytes == 0) {
        return false;
      }
    }
    return true;
  }

  private boolean write(Line open, long deadlineNs) throws PortException {
    while (!write(open)) {
      if (!await(open, true, deadlineNs)) {
        return false;
      }
    }
    return true;
  }

  /** The kind of the reply that belongs to the request; null if it does not come in time. */
  private @Nullable ReplyKind receive(Line open, int sizeBytes, long deadlineNs)
      throws PortException {
    while (true) {
      reply.clear();
      if (!read(open, HEADER_BYTES, deadlineNs)) {
        return null;
      }
      ReplyKind kind = Replies.kind(reply, 0);
      int size = size(kind, sizeBytes);
      if (!read(open, size, deadlineNs)) {
        return null;
      }
      if (size == sizeBytes && (size != RequestPacket.SIZE_BYTES || isEcho())) {
        return kind;
      }
    }
  }

  /** How long a reply is, if it may be a late one; a refused query is zero but for its kind. */
  private int size(ReplyKind kind, int awaitedBytes) throws PortException {
    return switch (kind) {
      case ACK -> RequestPacket.SIZE_BYTES;
      case NACK ->
          echo.resourceId() == 0 && echo.unit() == Unit.UNKNOWN
              ? awaitedBytes
              : RequestPacket.SIZE_BYTES;
      case FREQ_LIST -> FreqListReply.SIZE_BYTES;
      case CAPS_LIST -> CapsListReply.SIZE_BYTES;
      case UNKNOWN -> throw new PortException.Broken(port, "what the host sends is no reply");
    };
  }

  private boolean isEcho() {
    return echo.resourceId() == packet.resourceId() && echo.unit() == packet.unit();
  }

  private boolean read(Line open, int sizeBytes, long deadlineNs) throws PortException {
    reply.limit(sizeBytes);
    while (reply.hasRemaining()) {
      int bytes = open.read(reply);
      if (bytes == Line.HUNG_UP) {
        throw lost(open);
      }
      if (bytes == 0 && !await(open, false, deadlineNs)) {
        return false;
      }
    }
    return true;
  }

  /** Waits for bytes, or for room; false when it is too late. */
  private static boolean await(Line open, boolean room, long deadlineNs) throws PortException {
    long leftNs = deadlineNs - System.nanoTime();
    if (leftNs <= 0) {
      return false;
    }
    open.await(room, (int) ((leftNs + NS_PER_MS - 1) / NS_PER_MS));
    return true;
  }
}
