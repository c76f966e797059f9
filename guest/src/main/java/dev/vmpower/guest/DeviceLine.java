package dev.vmpower.guest;

import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * A virtio-serial port: a character device that is opened with O_NONBLOCK and waited for with
 * poll(2).
 *
 * <p>While no host is attached a read gives end of file, a write EAGAIN, and a poll POLLHUP; when
 * one attaches the same descriptor goes on. One process can have the port open: others get EBUSY.
 */
final class DeviceLine implements Line {
  private static final int BUFFER_BYTES = 4096;

  private final Path port;
  private final Libc libc;
  private final int descriptor;

  private DeviceLine(Path port, Libc libc, int descriptor) {
    this.port = port;
    this.libc = libc;
    this.descriptor = descriptor;
  }

  static DeviceLine open(Path port) throws PortException {
    Libc libc = new Libc(BUFFER_BYTES);
    int descriptor = libc.open(port.toString());
    if (descriptor < 0) {
      libc.free();
      throw refused(port, -descriptor);
    }
    return new DeviceLine(port, libc, descriptor);
  }

  static PortException refused(Path port, int errno) {
    return switch (errno) {
      case Libc.ENOENT, Libc.ENODEV, Libc.ENXIO -> new PortException.NoPort(port);
      case Libc.EACCES, Libc.EPERM -> new PortException.NoPermission(port);
      case Libc.EBUSY -> new PortException.InUse(port);
      default -> new PortException.Broken(port, "the kernel says error " + errno);
    };
  }

  @Override
  public int read(ByteBuffer into) throws PortException {
    int bytes = libc.read(descriptor, into);
    return switch (bytes) {
      case 0, -Libc.EIO, -Libc.EPIPE -> HUNG_UP;
      case -Libc.EAGAIN -> 0;
      default -> done(bytes);
    };
  }

  @Override
  public int write(ByteBuffer from) throws PortException {
    int bytes = libc.write(descriptor, from);
    return switch (bytes) {
      case -Libc.EAGAIN -> isHungUp() ? HUNG_UP : 0;
      case -Libc.EIO, -Libc.EPIPE -> HUNG_UP;
      default -> done(bytes);
    };
  }

  private boolean isHungUp() throws PortException {
    return (done(libc.poll(descriptor, Libc.POLLOUT, 0)) & Libc.POLLHUP) != 0;
  }

  @Override
  public void await(boolean room, int timeoutMs) throws PortException {
    done(libc.poll(descriptor, room ? Libc.POLLOUT : Libc.POLLIN, timeoutMs));
  }

  private int done(int result) throws PortException {
    if (result < 0) {
      throw refused(port, -result);
    }
    return result;
  }

  @Override
  public boolean isLasting() {
    return true;
  }

  @Override
  public void close() {
    libc.close(descriptor);
    libc.free();
  }
}
