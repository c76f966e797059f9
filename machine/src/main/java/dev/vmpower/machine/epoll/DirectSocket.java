package dev.vmpower.machine.epoll;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.SocketChannel;
import sun.nio.ch.DirectBuffer;
import sun.nio.ch.SelChImpl;

/**
 * A connected, non-blocking socket that one thread reads and writes, by the system calls alone.
 *
 * <p>What a call does not simply do is asked once more through the JDK's channel, which knows the
 * words for why.
 *
 * <p>Not thread-safe: whoever owns it also closes it, and nobody closes the channel beside it.
 */
public final class DirectSocket implements ByteChannel {
  private final SocketChannel channel;
  private final int descriptor;
  private boolean closed;

  /** Over {@code channel}, which is this one's to close from now on. */
  public DirectSocket(SocketChannel channel) {
    this.channel = channel;
    this.descriptor = ((SelChImpl) channel).getFDVal();
  }

  /**
   * Reads what has arrived.
   *
   * @param to a direct buffer
   * @throws IOException if the connection broke, or was closed
   */
  @Override
  public int read(ByteBuffer to) throws IOException {
    if (!closed && to.hasRemaining()) {
      int position = to.position();
      long bytes = Calls.receive(descriptor, address(to) + position, to.remaining());
      if (bytes > 0) {
        to.position(position + (int) bytes);
        return (int) bytes;
      }
      if (bytes == 0) {
        return -1;
      }
    }
    return channel.read(to);
  }

  /**
   * Sends what there is room for.
   *
   * @param from a direct buffer
   * @throws IOException if the connection broke, or was closed
   */
  @Override
  public int write(ByteBuffer from) throws IOException {
    if (!closed && from.hasRemaining()) {
      int position = from.position();
      long bytes = Calls.send(descriptor, address(from) + position, from.remaining());
      if (bytes >= 0) {
        from.position(position + (int) bytes);
        return (int) bytes;
      }
    }
    return channel.write(from);
  }

  private static long address(ByteBuffer buffer) {
    return ((DirectBuffer) buffer).address();
  }

  @Override
  public boolean isOpen() {
    return !closed;
  }

  @Override
  public void close() throws IOException {
    closed = true;
    channel.close();
  }
}
