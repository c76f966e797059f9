package dev.vmpower.host.control;

import java.io.IOException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;

/** Waits until somebody has connected, and leaves the connection to whoever accepts it. */
final class FirstClient implements AutoCloseable {
  private final Selector selector;
  private volatile boolean closed;

  /**
   * For {@code listener}, which does not block from now on.
   *
   * @throws IOException if there are no descriptors left
   */
  FirstClient(ServerSocketChannel listener) throws IOException {
    listener.configureBlocking(false);
    selector = Selector.open();
    listener.register(selector, SelectionKey.OP_ACCEPT);
  }

  /**
   * Returns once somebody has connected, or after {@link #stop}.
   *
   * @return whether somebody has
   */
  boolean await() throws IOException {
    while (!closed && selector.selectedKeys().isEmpty()) {
      selector.select();
    }
    return !closed;
  }

  /** Nobody need wait any longer; may be called from any thread. */
  void stop() {
    closed = true;
    selector.wakeup();
  }

  /** For whoever waited. */
  @Override
  public void close() throws IOException {
    selector.close();
  }
}
