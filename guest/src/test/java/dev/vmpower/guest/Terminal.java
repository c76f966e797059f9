package dev.vmpower.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;

/**
 * A pseudo-terminal without its manners: a character device with real non-blocking I/O and hang-up,
 * whose other end plays the host. Unlike a virtio port it can be opened twice, and a hang-up is for
 * ever; for these, and what the kernel says of them, there is the lab.
 */
final class Terminal implements AutoCloseable {
  private static final long TCSETS = 0x5402;
  private static final long TIOCGPTN = 0x80045430L;
  private static final long TIOCSPTLCK = 0x40045431L;
  private static final int TERMIOS_BYTES = 60;
  private static final int BUFFER_BYTES = 4096;

  private static final MethodHandle IOCTL =
      Linker.nativeLinker()
          .downcallHandle(
              Linker.nativeLinker().defaultLookup().find("ioctl").orElseThrow(),
              FunctionDescriptor.of(
                  ValueLayout.JAVA_INT,
                  ValueLayout.JAVA_INT,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.ADDRESS),
              Linker.Option.firstVariadicArg(2));

  private final Libc libc = new Libc(BUFFER_BYTES);
  private final int descriptor;
  private final Path port;

  Terminal() throws Throwable {
    descriptor = libc.open("/dev/ptmx");
    assertThat(descriptor).isNotNegative();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment argument = arena.allocate(TERMIOS_BYTES, 8);
      control(TIOCSPTLCK, argument);
      control(TIOCGPTN, argument);
      port = Path.of("/dev/pts/" + argument.get(ValueLayout.JAVA_INT, 0));
      argument.fill((byte) 0);
      // All flags off, but 8 bits at some speed; c_cc[VMIN] = 1.
      argument.set(ValueLayout.JAVA_INT, 8, 0x00bf);
      argument.set(ValueLayout.JAVA_BYTE, 17 + 6, (byte) 1);
      control(TCSETS, argument);
    }
  }

  private void control(long request, MemorySegment argument) throws Throwable {
    assertThat((int) IOCTL.invokeExact(descriptor, request, argument)).isZero();
  }

  /** The device that the guest opens. */
  Path port() {
    return port;
  }

  /** Waits for {@code bytes} bytes of the guest. */
  ByteBuffer take(int bytes) {
    ByteBuffer taken = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    while (taken.hasRemaining()) {
      int read = libc.read(descriptor, taken);
      if (read == -Libc.EAGAIN) {
        read = libc.poll(descriptor, Libc.POLLIN, 1000);
      }
      // EIO: no guest has it open now.
      assertThat(read).isIn(-Libc.EIO, 0, read < 0 ? -Libc.EIO : read);
    }
    return taken.flip();
  }

  /** Whether nothing has come that was not taken. */
  boolean isQuiet() {
    return (libc.poll(descriptor, Libc.POLLIN, 0) & Libc.POLLIN) == 0;
  }

  /** Sends to the guest, or to the next one. */
  void give(ByteBuffer bytes) {
    while (bytes.hasRemaining()) {
      int written = libc.write(descriptor, bytes);
      if (written == -Libc.EAGAIN) {
        written = libc.poll(descriptor, Libc.POLLOUT, 1000);
      }
      assertThat(written).isNotNegative();
    }
  }

  /** The host goes. */
  @Override
  public void close() {
    libc.close(descriptor);
    libc.free();
  }
}
