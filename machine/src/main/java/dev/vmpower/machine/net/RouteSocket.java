package dev.vmpower.machine.net;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.vmpower.machine.libc.CFunction;
import dev.vmpower.machine.libc.ErrnoException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Asks the kernel for its network devices, by a netlink socket that is open for one request.
 *
 * <p>Any user may ask. The answer is of the network namespace of this process.
 */
final class RouteSocket {
  /** Room for one message: a device with 256 virtual functions needs about 100 kB. */
  static final int MESSAGE_BYTES_MAX = 1 << 18;

  /** The kernel answers at once; a driver can take a while to ask its card. */
  static final int ANSWER_MS_MAX = 2_000;

  /** A list that changed while it was made is asked for again, at most so often in all. */
  static final int TRIES_MAX = 3;

  // From <bits/socket.h>, <linux/netlink.h> and <bits/poll.h>.
  private static final int AF_NETLINK = 16;
  private static final int SOCK_RAW_CLOEXEC = 3 | 0x80000;
  private static final int NETLINK_ROUTE = 0;
  private static final int MSG_TRUNC = 0x20;
  private static final short POLLIN = 1;
  private static final long POLLFD_BYTES = 8; // int fd, short events, short revents

  private static final CFunction SOCKET =
      CFunction.of("socket", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
  private static final CFunction SEND =
      CFunction.of("send", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT);
  private static final CFunction RECV =
      CFunction.of("recv", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT);
  private static final CFunction POLL =
      CFunction.of("poll", JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT);
  private static final CFunction CLOSE = CFunction.of("close", JAVA_INT, JAVA_INT);

  private RouteSocket() {}

  /**
   * All network devices, with their virtual functions.
   *
   * @throws IOException if the kernel does not tell, in one line
   */
  static List<Link> links() throws IOException {
    int descriptor = (int) SOCKET.call(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_ROUTE);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment room = arena.allocate(MESSAGE_BYTES_MAX, Long.BYTES);
      LinkMessages answer = new LinkMessages(1);
      for (int sequence = 1; sequence <= TRIES_MAX; sequence++) {
        answer = new LinkMessages(sequence);
        MemorySegment request = arena.allocateFrom(JAVA_BYTE, LinkMessages.request(sequence));
        SEND.call(descriptor, request, request.byteSize(), 0);
        receive(descriptor, room, answer);
        if (!answer.isInterrupted()) {
          break;
        }
      }
      return answer.links();
    } finally {
      CLOSE.call(descriptor);
    }
  }

  private static void receive(int descriptor, MemorySegment room, LinkMessages answer)
      throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment poll = arena.allocate(POLLFD_BYTES, Integer.BYTES);
      poll.set(JAVA_INT, 0, descriptor);
      poll.set(JAVA_SHORT, Integer.BYTES, POLLIN);
      while (!answer.isDone()) {
        if (!isReady(poll)) {
          throw new IOException("the kernel does not list its network devices in time");
        }
        long bytes = RECV.call(descriptor, room, room.byteSize(), MSG_TRUNC);
        if (bytes > room.byteSize()) {
          throw new IOException("a network device has too many virtual functions to list");
        }
        answer.take(room.asSlice(0, bytes).asByteBuffer());
      }
    }
  }

  private static boolean isReady(MemorySegment poll) throws ErrnoException {
    while (true) {
      try {
        return POLL.call(poll, 1L, ANSWER_MS_MAX) > 0;
      } catch (ErrnoException interrupted) {
        if (interrupted.errno() != ErrnoException.EINTR) {
          throw interrupted;
        }
      }
    }
  }
}
