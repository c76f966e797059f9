package dev.vmpower.machine.process;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.vmpower.machine.libc.CFunction;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/**
 * Sends datagrams to a socket of AF_UNIX, of which Java has streams only: its address is a path or,
 * after {@code @}, a name without a file. Thread-safe.
 */
public final class UnixDatagrams {
  // From <bits/socket.h>.
  private static final short AF_UNIX = 1;
  private static final int SOCK_DGRAM_CLOEXEC = 2 | 0x80000;
  private static final int MSG_DONTWAIT = 0x40;
  private static final int MSG_NOSIGNAL = 0x4000;
  private static final int PATH_BYTES_MAX = 108;

  private static final CFunction SOCKET =
      CFunction.of("socket", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
  private static final CFunction SENDTO =
      CFunction.of("sendto", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT);

  private final int descriptor;
  private final MemorySegment address;
  private final int flags;

  /**
   * Sends to {@code socket}, which need not exist yet.
   *
   * @param waits whether a datagram waits while the reader's queue is full; else it is refused
   * @throws IOException in one line, if the address is too long or there are no descriptors
   */
  public UnixDatagrams(String socket, boolean waits) throws IOException {
    byte[] name = socket.getBytes(StandardCharsets.UTF_8);
    if (name.length >= PATH_BYTES_MAX) {
      throw new IOException(socket + " is longer than " + (PATH_BYTES_MAX - 1) + " bytes");
    }
    if (name[0] == '@') {
      name[0] = 0;
    }
    address = Arena.global().allocate(Short.BYTES + name.length, Short.BYTES);
    address.set(ValueLayout.JAVA_SHORT, 0, AF_UNIX);
    address.asSlice(Short.BYTES).copyFrom(MemorySegment.ofArray(name));
    descriptor = (int) SOCKET.call((int) AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
    flags = waits ? MSG_NOSIGNAL : MSG_NOSIGNAL | MSG_DONTWAIT;
  }

  /**
   * Sends one.
   *
   * @throws IOException in one line, if nobody reads there or it does not fit
   */
  public void send(byte[] bytes) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment message = arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
      SENDTO.call(
          descriptor, message, message.byteSize(), flags, address, (int) address.byteSize());
    }
  }
}
