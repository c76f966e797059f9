package dev.vmpower.host.control;

import java.nio.channels.ServerSocketChannel;
import org.eclipse.jetty.io.ArrayByteBufferPool;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.eclipse.jetty.util.thread.ScheduledExecutorScheduler;

/** Jetty, kept small: few threads, few and small buffers, and a limit on all that clients send. */
final class HttpService {
  static final int HEADER_BYTES_MAX = 8 << 10;
  static final int CONNECTIONS_MAX = 64;

  private static final int IDLE_MS_MAX = 30_000;
  private static final int THREADS_MIN = 2;
  private static final int THREADS_MAX = 6;
  private static final int POOLED_BUFFER_BYTES_MAX = 64 << 10;
  private static final int POOLED_BYTES_MAX = 1 << 20;

  private final Server server;

  /** Prepares to serve the connections of {@code listener} that have a right to it. */
  HttpService(ServerSocketChannel listener, Rights rights, Routes routes, EventStreams streams) {
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
    server.setHandler(new ControlHandler(routes, rights, streams, threads));
    server.setErrorHandler(ControlHandler::answerBrokenHttp);
    UnixConnector connector =
        new UnixConnector(server, listener, rights, new HttpConnectionFactory(configuration()));
    connector.setIdleTimeout(IDLE_MS_MAX);
    NetworkConnectionLimit limit = new NetworkConnectionLimit(CONNECTIONS_MAX, connector);
    connector.addListener(limit);
    server.addConnector(connector);
  }

  private static HttpConfiguration configuration() {
    HttpConfiguration http = new HttpConfiguration();
    http.setRequestHeaderSize(HEADER_BYTES_MAX);
    http.setSendServerVersion(false);
    http.setSendDateHeader(false);
    http.setUseInputDirectByteBuffers(false);
    http.setUseOutputDirectByteBuffers(false);
    return http;
  }

  void start() throws Exception {
    server.start();
  }

  /** Ends all connections. */
  void stop() throws Exception {
    server.stop();
  }
}
