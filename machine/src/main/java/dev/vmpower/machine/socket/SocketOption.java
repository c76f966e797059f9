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
 * getsockopt(2), for what the JDK's own options leave out of what the kernel knows of a peer. All
 * of it was true when the peer connected, and stays: there is no race with pids that come back.
 */
final class SocketOption {
  // From <asm-generic/socket.h>.
  private static final int SOL_SOCKET = 1;

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

  private SocketOption() {}

  /**
   * Reads an option that is an array of ints.
   *
   * @param intsMax how many are expected; where there are more, they are read all the same
   * @throws IOException if the kernel does not tell
   */
  static int[] ints(SocketChannel socket, int option, int intsMax) throws IOException {
    // The descriptor of a closed socket may be another's by now.
    if (!socket.isConnected()) {
      throw new IOException("there is no other end: the socket is not connected");
    }
    int descriptor = ((SelChImpl) socket).getFDVal();
    int roomBytes = intsMax * Integer.BYTES;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment length = arena.allocateFrom(ValueLayout.JAVA_INT, roomBytes);
      MemorySegment value = arena.allocate(roomBytes, Integer.BYTES);
      int failed = getsockopt(descriptor, option, value, length);
      int lengthBytes = length.get(ValueLayout.JAVA_INT, 0);
      if (failed != 0 && lengthBytes > roomBytes) { // ERANGE says how much it would be
        value = arena.allocate(lengthBytes, Integer.BYTES);
        failed = getsockopt(descriptor, option, value, length);
      }
      if (failed != 0) {
        throw new IOException("the kernel does not tell who is at the other end");
      }
      return value.asSlice(0, lengthBytes).toArray(ValueLayout.JAVA_INT);
    }
  }

  private static int getsockopt(
      int descriptor, int option, MemorySegment value, MemorySegment length) {
    try {
      return (int) GETSOCKOPT.invokeExact(descriptor, SOL_SOCKET, option, value, length);
    } catch (Throwable impossible) {
      throw new AssertionError("getsockopt does not throw", impossible);
    }
  }
}
