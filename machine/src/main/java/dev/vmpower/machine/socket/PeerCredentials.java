package dev.vmpower.machine.socket;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.channels.SocketChannel;
import sun.nio.ch.SelChImpl;

/**
 * The process that bound (or connected) the other end of an AF_UNIX socket, as the kernel knows it.
 *
 * <p>The JDK's own {@code SO_PEERCRED} leaves out the pid, so this asks getsockopt(2).
 *
 * @param pid the process; of a listening socket, the one that listened
 * @param uid its effective user at that moment
 * @param gid its effective group at that moment
 */
public record PeerCredentials(int pid, int uid, int gid) {
  // From <asm-generic/socket.h>; struct ucred is three ints.
  private static final int SOL_SOCKET = 1;
  private static final int SO_PEERCRED = 17;
  private static final int UCRED_BYTES = 12;

  private static final MethodHandle GETSOCKOPT =
      Linker.nativeLinker()
          .downcallHandle(
              Linker.nativeLinker().defaultLookup().findOrThrow("getsockopt"),
              FunctionDescriptor.of(
                  ValueLayout.JAVA_INT,
                  ValueLayout.JAVA_INT,
                  ValueLayout.JAVA_INT,
                  ValueLayout.JAVA_INT,
                  ValueLayout.ADDRESS,
                  ValueLayout.ADDRESS));

  /**
   * Reads the credentials of the peer of a connected AF_UNIX socket.
   *
   * @throws IOException if the kernel does not tell
   */
  public static PeerCredentials of(SocketChannel socket) throws IOException {
    // The descriptor of a closed socket may be another's by now.
    if (!socket.isConnected()) {
      throw new IOException("there is no other end: the socket is not connected");
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment ucred = arena.allocate(UCRED_BYTES, Integer.BYTES);
      MemorySegment length = arena.allocateFrom(ValueLayout.JAVA_INT, UCRED_BYTES);
      int descriptor = ((SelChImpl) socket).getFDVal();
      int failed = getsockopt(descriptor, ucred, length);
      if (failed != 0 || length.get(ValueLayout.JAVA_INT, 0) != UCRED_BYTES) {
        throw new IOException("the kernel does not tell who is at the other end");
      }
      return new PeerCredentials(
          ucred.getAtIndex(ValueLayout.JAVA_INT, 0),
          ucred.getAtIndex(ValueLayout.JAVA_INT, 1),
          ucred.getAtIndex(ValueLayout.JAVA_INT, 2));
    }
  }

  private static int getsockopt(int descriptor, MemorySegment value, MemorySegment length) {
    try {
      return (int) GETSOCKOPT.invokeExact(descriptor, SOL_SOCKET, SO_PEERCRED, value, length);
    } catch (Throwable impossible) {
      throw new AssertionError("getsockopt does not throw", impossible);
    }
  }
}
