package dev.vmpower.host.control;

import dev.vmpower.host.feed.Feed;
import dev.vmpower.host.monitor.Verb;
import dev.vmpower.host.view.EnergyView;
import dev.vmpower.machine.cpu.CpuSet;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * HTTP/1.1 with JSON on an AF_UNIX socket, for {@code vmpowerctl} and for {@code curl
 * --unix-socket}.
 *
 * <p>It decides nothing: each request becomes a {@link Verb} for the monitor, or goes to whoever
 * pins or reloads, and what comes back is written as JSON. Everything that a client can make grow
 * has a limit, and no client waits for another.
 */
public final class ControlServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger("vmpower.control");

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

  /**
   * The last answer before the daemon ends.
   *
   * @param then ends it; called once the answer is written
   */
  public record Farewell(String message, Runnable then) {}

  /** Ends the daemon without giving back. */
  public interface Leaver {
    /**
     * Makes sure that all is given back if no daemon comes.
     *
     * @param restoreAfterS how long the next daemon has
     */
    Farewell handOver(int restoreAfterS) throws Verb.RefusedException;
  }

  /** Knows what was used. */
  public interface Meter {
    /** What was used since the daemon's start; may look, and so wait. */
    EnergyView sinceStart();

    /** What the last hours used, the present one included. */
    EnergyView lastHours(int count);
  }

  /** Reads the configuration again. */
  public interface Reloader {
    /** Returns once the configuration is in force; a bad one is refused whole. */
    void reload() throws Verb.RefusedException;
  }

  /** The groups whose members may change things, and may look. */
  public record Groups(String change, String look) {
    /** As they are called unless a test has others. */
    public static final Groups STANDARD = new Groups("vmpower", "vmpower-read");
  }

  /** Clients that wait while the server is still coming up, or is not fast enough. */
  private static final int BACKLOG = 64;

  /** Requests that wait for the one that pins or reloads. */
  private static final int SLOW_WAITING_MAX = 16;

  private static final int SLOW_THREAD_KEPT_S = 10;

  /** How long it waits before it tries again what it had no descriptors or memory for. */
  private static final long AGAIN_NS = 1_000_000_000L;

  private final ControlSocket socket;
  private final Asker asker;
  private final Pinner pinner;
  private final Reloader reloader;
  private final EventStreams streams;
  private final Leaver leaver;
  private final Meter meter;
  private final ThreadPoolExecutor slow = slowThread();
  private volatile boolean closed;
  private volatile @Nullable FirstClient awaited;
  private @Nullable Thread starter;
  private @Nullable ServerSocketChannel listener;
  private final @Nullable InetSocketAddress http;
  private final HistoryKeeper keeper;
  private volatile @Nullable HttpService service;
  private int waitS = ControlHandler.WAIT_S_MAX;

  /**
   * Makes a server that does not yet listen.
   *
   * @param http where everybody on this host may look; null for nowhere
   */
  public ControlServer(
      Path socket,
      @Nullable InetSocketAddress http,
      Asker asker,
      Pinner pinner,
      Reloader reloader,
      Leaver leaver,
      Meter meter,
      Feed feed) {
    this(socket, Groups.STANDARD, http, asker, pinner, reloader, leaver, meter, feed);
  }

  /** Makes a server that does not yet listen, for members of other groups. */
  ControlServer(
      Path socket,
      Groups groups,
      @Nullable InetSocketAddress http,
      Asker asker,
      Pinner pinner,
      Reloader reloader,
      Leaver leaver,
      Meter meter,
      Feed feed) {
    this.socket = new ControlSocket(socket, groups);
    this.asker = asker;
    this.pinner = pinner;
    this.reloader = reloader;
    this.leaver = leaver;
    this.meter = meter;
    this.streams = new EventStreams(feed);
    this.http = http;
    this.keeper = new HistoryKeeper(feed, asker, InstantSource.system());
  }

  /** Sets, before it listens, how long a body may take to come, and then an answer. */
  void setWait(int seconds) {
    waitS = seconds;
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
   * Listens. When this returns, the socket is at its path with its group and mode, and clients can
   * connect. Jetty, which is half of this daemon's memory, is loaded when the first one does; at
   * once where there is a page.
   *
   * @throws IOException if it cannot be there, with one line that says why
   */
  public synchronized void start() throws IOException {
    ServerSocketChannel bound = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    listener = bound;
    Rights rights;
    try {
      bound.bind(UnixDomainSocketAddress.of(socket.prepare()), BACKLOG);
      rights = socket.publish();
    } catch (IOException | RuntimeException failed) {
      close();
      throw failed;
    }
    starter = Thread.ofPlatform().daemon().name("control-start").start(() -> serve(bound, rights));
  }

  private void serve(ServerSocketChannel bound, Rights rights) {
    if (http != null) {
      streams.keep(keeper);
    }
    boolean failed = false;
    while (!closed) {
      try {
        if (http == null && !awaitClient(bound)) {
          return;
        }
        startHttp(bound, rights);
        if (failed) {
          LOG.info("this daemon can be controlled now");
        }
        return;
      } catch (Exception broken) {
        if (!failed) {
          LOG.error("nobody can control this daemon yet; it tries on", broken);
        }
        failed = true;
        LockSupport.parkNanos(this, AGAIN_NS);
      }
    }
  }

  private boolean awaitClient(ServerSocketChannel bound) throws IOException {
    try (FirstClient first = new FirstClient(bound)) {
      awaited = first;
      return !closed && first.await();
    } finally {
      awaited = null;
    }
  }

  private void startHttp(ServerSocketChannel bound, Rights rights) throws Exception {
    HttpService fresh =
        new HttpService(
            bound,
            rights,
            new Routes(asker, pinner, reloader, leaver, meter, slow, streams),
            streams,
            http,
            waitS);
    service = fresh;
    try {
      fresh.start();
    } catch (Exception broken) {
      service = null;
      fresh.stop();
      throw broken;
    }
  }

  /** Whether somebody has asked, so that the HTTP server is there. */
  boolean isLoaded() {
    return service != null;
  }

  /** Ends all connections and removes the socket. */
  @Override
  public synchronized void close() {
    slow.shutdownNow();
    try {
      socket.remove();
      closed = true;
      stopWaiting();
      streams.end();
      HttpService loaded = service;
      if (loaded != null) {
        loaded.stop();
      }
      if (listener != null) {
        listener.close();
      }
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    } catch (Exception failed) {
      LOG.warn("the control socket did not end well: {}", failed.toString());
    }
  }

  private void stopWaiting() throws InterruptedException {
    FirstClient first = awaited;
    if (first != null) {
      first.stop();
    }
    if (starter != null) {
      LockSupport.unpark(starter);
      starter.join();
    }
  }
}
