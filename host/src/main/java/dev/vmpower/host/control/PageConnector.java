package dev.vmpower.host.control;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/**
 * Takes the page's readers in, by a thread of its own: one that cannot, for lack of descriptors,
 * rests before it tries again, where a selector would find who waits at once, without end.
 */
final class PageConnector extends ServerConnector {
  private static final long REST_NS = TimeUnit.SECONDS.toNanos(1);

  private final SparingLog refusals = new SparingLog();

  PageConnector(
      Server server, InetSocketAddress address, int connectionsMax, ConnectionFactory factory) {
    super(server, null, null, null, 1, 1, factory);
    setHost(address.getAddress().getHostAddress());
    setPort(address.getPort());
    addBean(new NetworkConnectionLimit(connectionsMax, this));
  }

  @Override
  protected boolean handleAcceptFailure(Throwable failure) {
    if (!(failure instanceof IOException) || !isRunning()) {
      return super.handleAcceptFailure(failure);
    }
    refusals.say(getScheduler(), () -> "the page takes nobody in: " + failure.getMessage());
    LockSupport.parkNanos(this, REST_NS);
    return true;
  }
}
