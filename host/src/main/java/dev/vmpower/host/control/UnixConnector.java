package dev.vmpower.host.control;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.ManagedSelector;
import org.eclipse.jetty.io.SelectorManager;
import org.eclipse.jetty.io.SocketChannelEndPoint;
import org.eclipse.jetty.server.AbstractConnector;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.util.IO;
import org.jspecify.annotations.Nullable;

/**
 * Brings the connections of a socket to Jetty that was bound before Jetty was there, and is not
 * Jetty's to close.
 *
 * <p>Jetty's own connector for AF_UNIX binds by itself, with the permissions that the umask leaves.
 */
final class UnixConnector extends AbstractConnector {
  private static final int SELECTORS = 1;

  /** How long nobody is taken in after the kernel refused to, for lack of descriptors. */
  private static final long REST_MS = 500;

  private final ServerSocketChannel listener;
  private final Selectors selectors;
  private final Seats seats;
  private final Door door;
  private final AtomicReference<@Nullable Closeable> accepting = new AtomicReference<>();
  private final AtomicBoolean resting = new AtomicBoolean();
  private final SparingLog refusals = new SparingLog();

  UnixConnector(
      Server server,
      ServerSocketChannel listener,
      Rights rights,
      Seats seats,
      ConnectionFactory factory) {
    // No acceptor threads: the selector accepts.
    super(server, null, null, null, 0, factory);
    this.listener = listener;
    this.seats = seats;
    door = new Door(rights, seats, getScheduler());
    selectors = new Selectors();
    installBean(selectors, true);
  }

  @Override
  protected void doStart() throws Exception {
    listener.configureBlocking(false);
    super.doStart();
    setAccepting(true);
  }

  @Override
  protected void doStop() throws Exception {
    IO.close(accepting.getAndSet(null));
    super.doStop();
    door.close();
  }

  @Override
  public void setAccepting(boolean wanted) {
    super.setAccepting(wanted);
    if (wanted && accepting.get() == null) {
      Closeable acceptor = selectors.acceptor(listener);
      if (!accepting.compareAndSet(null, acceptor)) {
        IO.close(acceptor);
      }
    } else if (!wanted) {
      IO.close(accepting.getAndSet(null));
    }
  }

  // Whoever waits there stays there, and would be found at once, again and again.
  private void rest(IOException refused) {
    if (resting.getAndSet(true)) {
      return;
    }
    refusals.say(getScheduler(), () -> "nobody can be taken in: " + refused.getMessage());
    setAccepting(false);
    getScheduler().schedule(this::goOn, REST_MS, TimeUnit.MILLISECONDS);
  }

  private void goOn() {
    resting.set(false);
    if (isRunning()) {
      setAccepting(true);
    }
  }

  @Override
  protected void accept(int acceptor) {
    throw new IllegalStateException("there are no acceptor threads");
  }

  @Override
  public Object getTransport() {
    return listener;
  }

  /** Makes Jetty's end points of accepted connections. */
  private final class Selectors extends SelectorManager {
    Selectors() {
      super(UnixConnector.this.getExecutor(), UnixConnector.this.getScheduler(), SELECTORS);
    }

    @Override
    protected @Nullable SelectableChannel doAccept(SelectableChannel server) {
      try {
        return super.doAccept(server);
      } catch (IOException refused) {
        rest(refused);
        return null;
      }
    }

    @Override
    protected void accepted(SelectableChannel connection) throws IOException {
      connection.configureBlocking(false);
      if (door.admits((SocketChannel) connection)) {
        accept(connection);
      }
    }

    @Override
    protected EndPoint newEndPoint(
        SelectableChannel connection, ManagedSelector selector, SelectionKey key) {
      EndPoint endPoint =
          new SocketChannelEndPoint((SocketChannel) connection, selector, key, getScheduler());
      endPoint.setIdleTimeout(getIdleTimeout());
      return endPoint;
    }

    @Override
    public Connection newConnection(
        SelectableChannel connection, EndPoint endPoint, @Nullable Object attachment) {
      return getDefaultConnectionFactory().newConnection(UnixConnector.this, endPoint);
    }

    @Override
    protected void endPointOpened(EndPoint endPoint) {
      super.endPointOpened(endPoint);
      seats.opened(endPoint);
      onEndPointOpened(endPoint);
    }

    @Override
    protected void endPointClosed(EndPoint endPoint) {
      seats.left(endPoint);
      onEndPointClosed(endPoint);
      super.endPointClosed(endPoint);
    }
  }
}
