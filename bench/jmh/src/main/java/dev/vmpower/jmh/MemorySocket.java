package dev.vmpower.jmh;

import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;

/** A socket without a kernel: gives what was offered and takes what there is room for. */
final class MemorySocket implements ByteChannel {
  private static final int BYTES_MAX = 8192;

  private final ByteBuffer bytes = ByteBuffer.allocateDirect(BYTES_MAX);
  private int offered;
  private int room;

  void offer(int bytes) {
    offered = bytes;
  }

  /** How much each write takes from now on. */
  void takeAtMost(int bytes) {
    room = bytes;
  }

  @Override
  public int read(ByteBuffer target) {
    int taken = Math.min(offered, target.remaining());
    target.put(target.position(), bytes, 0, taken);
    target.position(target.position() + taken);
    offered -= taken;
    return taken;
  }

  @Override
  public int write(ByteBuffer source) {
    int taken = Math.min(room, source.remaining());
    bytes.put(0, source, source.position(), taken);
    source.position(source.position() + taken);
    return taken;
  }

  @Override
  public boolean isOpen() {
    return true;
  }

  @Override
  public void close() {}
}
