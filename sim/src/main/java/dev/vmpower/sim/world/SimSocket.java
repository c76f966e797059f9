package dev.vmpower.sim.world;

import java.io.IOException;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.SelectorProvider;
import java.util.Set;

/**
 * The daemon's end of a connection to a guest's port, in memory: it takes and gives as many bytes
 * as there is room, hangs up and breaks when it is told to.
 */
final class SimSocket extends SocketChannel {
  private static final int TO_DAEMON_BYTES = 64 * 464;

  /** Is told what the daemon does. */
  interface Watcher {
    /** The daemon took {@code count} bytes. */
    void taken(byte[] bytes, int count);

    /** The daemon wrote {@code asked} bytes, of which {@code count} had room. */
    void written(byte[] bytes, int count, int asked);

    /** A write failed, since the other end is gone. */
    void writeBroke();

    /** The daemon closed this. */
    void closed();
  }

  private final Watcher watcher;
  private final int roomBytes;
  private final byte[] toDaemon = new byte[TO_DAEMON_BYTES];
  private final byte[] passed = new byte[8 * 464];
  private int begin;
  private int end;
  private int unread; // by the guest
  private boolean hungUp;
  private boolean broken;

  /**
   * A connection.
   *
   * @param roomBytes what the port takes before the guest reads
   */
  SimSocket(Watcher watcher, int roomBytes) {
    super(SelectorProvider.provider());
    this.watcher = watcher;
    this.roomBytes = roomBytes;
  }

  /** The guest sends; false where there is no room, and then nothing of it is sent. */
  boolean send(byte[] bytes, int from, int count) {
    if (end - begin + count > TO_DAEMON_BYTES || hungUp) {
      return false;
    }
    if (end + count > TO_DAEMON_BYTES) {
      System.arraycopy(toDaemon, begin, toDaemon, 0, end - begin);
      end -= begin;
      begin = 0;
    }
    System.arraycopy(bytes, from, toDaemon, end, count);
    end += count;
    return true;
  }

  /** The guest has read all that came. */
  void drain() {
    unread = 0;
  }

  void hangUp() {
    hungUp = true;
  }

  /** Reads and writes fail from now on. */
  void breakOff() {
    broken = true;
  }

  int readyOps() {
    int ops = begin < end || hungUp || broken ? SelectionKey.OP_READ : 0;
    return unread < roomBytes || hungUp || broken ? ops | SelectionKey.OP_WRITE : ops;
  }

  @Override
  public int read(ByteBuffer into) throws IOException {
    requireWhole();
    int count = Math.min(end - begin, into.remaining());
    if (count == 0) {
      return hungUp ? -1 : 0;
    }
    into.put(toDaemon, begin, count);
    if (count > passed.length) {
      throw new IllegalStateException("more than 8 packets are read at once");
    }
    System.arraycopy(toDaemon, begin, passed, 0, count);
    begin += count;
    watcher.taken(passed, count);
    return count;
  }

  @Override
  public int write(ByteBuffer from) throws IOException {
    if (hungUp || broken) {
      watcher.writeBroke();
      throw new IOException("Broken pipe");
    }
    requireWhole();
    int asked = from.remaining();
    int count = Math.min(roomBytes - unread, asked);
    from.get(passed, 0, count);
    unread += count;
    watcher.written(passed, count, asked);
    return count;
  }

  private void requireWhole() throws IOException {
    if (!isOpen()) {
      throw new ClosedChannelException();
    }
    if (broken) {
      throw new IOException("Connection reset by peer");
    }
  }

  @Override
  protected void implCloseSelectableChannel() {
    watcher.closed();
  }

  @Override
  protected void implConfigureBlocking(boolean block) {}

  @Override
  public long read(ByteBuffer[] into, int offset, int length) {
    throw new UnsupportedOperationException();
  }

  @Override
  public long write(ByteBuffer[] from, int offset, int length) {
    throw new UnsupportedOperationException();
  }

  @Override
  public SocketChannel bind(SocketAddress local) {
    throw new UnsupportedOperationException();
  }

  @Override
  public <T> SocketChannel setOption(SocketOption<T> name, T value) {
    throw new UnsupportedOperationException();
  }

  @Override
  public <T> T getOption(SocketOption<T> name) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Set<SocketOption<?>> supportedOptions() {
    return Set.of();
  }

  @Override
  public SocketChannel shutdownInput() {
    throw new UnsupportedOperationException();
  }

  @Override
  public SocketChannel shutdownOutput() {
    throw new UnsupportedOperationException();
  }

  @Override
  public Socket socket() {
    throw new UnsupportedOperationException();
  }

  @Override
  public boolean isConnected() {
    return true;
  }

  @Override
  public boolean isConnectionPending() {
    return false;
  }

  @Override
  public boolean connect(SocketAddress remote) {
    throw new UnsupportedOperationException();
  }

  @Override
  public boolean finishConnect() {
    return true;
  }

  @Override
  public SocketAddress getRemoteAddress() {
    throw new UnsupportedOperationException();
  }

  @Override
  public SocketAddress getLocalAddress() {
    throw new UnsupportedOperationException();
  }
}
