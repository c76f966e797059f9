package dev.vmpower.host.control;

import dev.vmpower.host.monitor.Verb;
import dev.vmpower.machine.cpu.CpuSet;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.io.ArrayByteBufferPool;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.unixdomain.server.UnixDomainServerConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.eclipse.jetty.util.thread.ScheduledExecutorScheduler;

/**
 * HTTP/1.1 with JSON on an AF_UNIX socket, for {@code vmpowerctl} and for {@code curl
 * --unix-socket}.
 *
 * <p>It decides nothing: each request becomes a {@link Verb} for the monitor, or goes to whoever
 * pins or reloads, and what comes back is written as JSON. Everything that a client can make grow
 * has a limit, and no client waits for another.
 */
public final class ControlServer implements AutoCloseable {
  /** Passes verbs to the monitor. */
  public interface Asker {
    /**
     * Asks; the answer comes from another thread.
     *
     * @return completed with a {@link Verb.RefusedException} for what cannot be done, and with an
     *     {@link IllegalStateException} where the monitor is too busy or ends
     */
    <T> CompletableFuture<T> ask(Verb<T> verb);
  }

  /** Changes where vCPUs run. */
  public interface Pinner {
    /**
     * Pins one vCPU and returns once that is so.
     *
     * @return what was done, in one line
     */
    String pin(String vm, int vcpu, CpuSet cpus) throws Verb.RefusedException;
  }

  /** Reads the configuration again. */
  public interface Reloader {
    /** Returns once the configuration is in force; a bad one is refused whole. */
    void reload() throws Verb.RefusedException;
  }

  static final int HEADER_BYTES_MAX = 8 << 10;
  static final int CONNECTIONS_MAX = 64;

  private static final String GROUP = "vmpower";
  private static final int IDLE_MS_MAX = 30_000;

  private static final int BACKLOG = 64;
  private static final int THREADS_MIN = 2;
  private static final int THREADS_MAX = 6;
  private static final int POOLED_BUFFER_BYTES_MAX = 64 << 10;
  private static final int POOLED_BYTES_MAX = 1 << 20;

  /** Requests that wait for the one that pins or reloads. */
  private static final int SLOW_WAITING_MAX = 16;

  private static final int SLOW_THREAD_KEPT_S = 10;

  private final ControlSocket socket;
  private final Server server;
  private final UnixDomainServerConnector connector;
  private final ThreadPoolExecutor slow;

  /** Makes a server that does not yet listen. */
  public ControlServer(Path socket, Asker asker, Pinner pinner, Reloader reloader) {
    this.socket = new ControlSocket(socket, GROUP);
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
    slow = slowThread();
    connector =
        new UnixDomainServerConnector(server, 0, 1, new HttpConnectionFactory(configuration()));
    connector.setAcceptQueueSize(BACKLOG);
    connector.setIdleTimeout(IDLE_MS_MAX);
    server.addConnector(connector);
    server.addBean(new NetworkConnectionLimit(CONNECTIONS_MAX, connector));
    server.setHandler(new ControlHandler(new Routes(asker, pinner, reloader, slow), threads));
    server.setErrorHandler(ControlHandler::answerBrokenHttp);
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

  // One thread: pinning and reloading come one after the other, and it ends when unused.
  private static ThreadPoolExecutor slowThread() {
    ThreadPoolExecutor executor =
        new ThreadPoolExecutor(
            1,
            1,
            SLOW_THREAD_KEPT_S,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(SLOW_WAITING_MAX),
            Thread.ofPlatform().daemon().name("control-slow").factory());
    executor.allowCoreThreadTimeOut(true);
    return executor;
  }

  /**
   * Listens. When this returns, the socket is at its path with its group and mode.
   *
   * @throws IOException if it cannot be there, with one line that says why
   */
  public void start() throws IOException {
    connector.setUnixDomainPath(socket.prepare());
    try {
      server.start();
      socket.publish();
    } catch (Exception failed) {
      close();
      throw failed instanceof IOException why ? why : new IOException(failed);
    }
  }

  /** Ends all connections and removes the socket. */
  @Override
  public void close() {
    slow.shutdownNow();
    try {
      socket.remove();
      server.stop();
    } catch (Exception failed) {
      ControlHandler.LOG.warn("the control socket did not end well: {}", failed.toString());
    }
  }
}
