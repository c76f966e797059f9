package dev.vmpower.host.control;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.io.ArrayByteBufferPool;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.eclipse.jetty.util.thread.ScheduledExecutorScheduler;
import org.jspecify.annotations.Nullable;

/** Jetty, kept small: few threads, few and small buffers, and a limit on all that clients send. */
final class HttpService {
  static final int HEADER_BYTES_MAX = 8 << 10;
  static final int CONNECTIONS_MAX = 64;

  /** Connections to the page's address; a browser has six. */
  static final int PAGE_CONNECTIONS_MAX = 48;

  private static final int IDLE_MS_MAX = 30_000;
  private static final int THREADS_MIN = 2;
  private static final int THREADS_MAX = 7;
  private static final int POOLED_BUFFER_BYTES_MAX = 64 << 10;
  private static final int POOLED_BYTES_MAX = 1 << 20;

  private final Server server;
  private @Nullable ServerConnector page;

  /**
   * Prepares to serve the connections of {@code listener} that have a right to it.
   *
   * @param http where everybody on this host may look; null for nowhere
   * @param waitS how long a body may take to come, and then an answer
   */
  HttpService(
      ServerSocketChannel listener,
      Rights rights,
      Routes routes,
      EventStreams streams,
      @Nullable InetSocketAddress http,
      int waitS) {
    QueuedThreadPool threads = new QueuedThreadPool(THREADS_MAX, THREADS_MIN);
    threads.setName("control");
    threads.setReservedThreads(0);
    threads.setDaemon(true);
    server =
        new Server(
            threads,
            new ScheduledExecutorScheduler("control-timer", true),
            new ArrayByteBufferPool(
                0, -1, POOLED_BUFFER_BYTES_MAX, Integer.MAX_VALUE, POOLED_BYTES_MAX, 0));
    server.setStopAtShutdown(false);
    Seats seats = new Seats(CONNECTIONS_MAX);
    ControlHandler control = new ControlHandler(routes, rights, seats, streams, threads, waitS);
    server.setHandler(http == null ? control : new PageHandler(http, control));
    server.setErrorHandler(ControlHandler::answerBrokenHttp);
    UnixConnector connector =
        new UnixConnector(
            server, listener, rights, seats, new HttpConnectionFactory(configuration()));
    connector.setIdleTimeout(IDLE_MS_MAX);
    server.addConnector(connector);
    if (http != null) {
      page =
          new PageConnector(
              server, http, PAGE_CONNECTIONS_MAX, new HttpConnectionFactory(configuration()));
      page.setIdleTimeout(IDLE_MS_MAX);
    }
  }

  private static HttpConfiguration configuration() {
    HttpConfiguration http = new HttpConfiguration();
    // A VM's name may have % and \, sent as %25 and %5C, or be .., sent as %2E%2E; our routes undo
    // each escape once, and look the path up in tables: no step of it leads anywhere.
    http.setUriCompliance(
        UriCompliance.DEFAULT.with(
            "vmpower",
            UriCompliance.Violation.AMBIGUOUS_PATH_ENCODING,
            UriCompliance.Violation.AMBIGUOUS_PATH_SEGMENT,
            UriCompliance.Violation.SUSPICIOUS_PATH_CHARACTERS));
    http.setRequestHeaderSize(HEADER_BYTES_MAX);
    http.setSendServerVersion(false);
    http.setSendDateHeader(false);
    http.setUseInputDirectByteBuffers(false);
    http.setUseOutputDirectByteBuffers(false);
    return http;
  }

  void start() throws Exception {
    server.start();
    if (page != null) {
      startPage(page);
    }
  }

  // Whoever else has the port must not keep operators from the control socket.
  private void startPage(ServerConnector connector) throws Exception {
    try {
      connector.open();
    } catch (IOException taken) {
      ControlHandler.LOG.error(
          "no page at http://{}:{}: {}",
          connector.getHost(),
          connector.getPort(),
          taken.getMessage());
      return;
    }
    server.addConnector(connector);
    connector.start();
    ControlHandler.LOG.info(
        "everybody on this host may look at http://{}:{}/",
        connector.getHost(),
        connector.getPort());
  }

  /** Ends all connections. */
  void stop() throws Exception {
    server.stop();
  }
}
