package dev.vmpower.host;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.vmpower.machine.libc.CFunction;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/** systemd's end of {@code NOTIFY_SOCKET}: a bound datagram socket. */
public final class NotifySocket implements AutoCloseable {
  private static final int DATAGRAM = 2;
  private static final int MESSAGE_BYTES_MAX = 4096;
  private static final int SOL_SOCKET = 1;
  private static final int SO_RCVTIMEO = 20;
  private static final long WAIT_S = 20;

  private static final CFunction SOCKET =
      CFunction.of("socket", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
  private static final CFunction BIND = CFunction.of("bind", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
  private static final CFunction OPTION =
      CFunction.of("setsockopt", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
  private static final CFunction RECV =
      CFunction.of("recv", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT);
  private static final CFunction CLOSE = CFunction.of("close", JAVA_INT, JAVA_INT);

  private final int descriptor;

  private NotifySocket(int descriptor) {
    this.descriptor = descriptor;
  }

  /** Binds a path, or a name without a file after {@code @}. */
  public static NotifySocket bind(String name) throws IOException {
    int descriptor = (int) SOCKET.call(1, DATAGRAM, 0);
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    if (bytes[0] == '@') {
      bytes[0] = 0;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment address = arena.allocate(Short.BYTES + bytes.length, Short.BYTES);
      address.set(JAVA_SHORT, 0, (short) 1);
      address.asSlice(Short.BYTES).copyFrom(MemorySegment.ofArray(bytes));
      BIND.call(descriptor, address, (int) address.byteSize());
    }
    return new NotifySocket(descriptor).setWait(WAIT_S);
  }

  /** How long {@link #receive} waits, in seconds. */
  public NotifySocket setWait(long seconds) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment time = arena.allocate(2 * Long.BYTES, Long.BYTES);
      time.set(JAVA_LONG, 0, seconds);
      OPTION.call(descriptor, SOL_SOCKET, SO_RCVTIMEO, time, (int) time.byteSize());
    }
    return this;
  }

  /**
   * The next message.
   *
   * @throws IOException if none comes in time
   */
  public String receive() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment room = arena.allocate(MESSAGE_BYTES_MAX);
      long bytes = RECV.call(descriptor, room, room.byteSize(), 0);
      return new String(room.asSlice(0, bytes).toArray(JAVA_BYTE), StandardCharsets.UTF_8);
    }
  }

  @Override
  public void close() throws IOException {
    CLOSE.call(descriptor);
  }
}
