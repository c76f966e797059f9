package dev.vmpower.machine.libvirt;

import dev.vmpower.machine.cpu.CpuSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Watches the domains of one libvirt, for ever.
 *
 * <p>A thread of its own connects, listens, and connects again whenever the connection breaks: a
 * libvirt that hangs makes this thread wait and no other. The libraries are loaded by that thread
 * too, and looked for again now and then where they are missing.
 *
 * <p>libvirt has one event loop in a process, so a second watch stands by until the first is
 * closed.
 */
public final class LibvirtWatch implements AutoCloseable {
  /** How long a guest must have closed a port before it is said to be closed. */
  public static final long PORT_CLOSED_NS = 2_000_000_000L;

  private static final long BACKOFF_MIN_NS = 200_000_000L;
  private static final long BACKOFF_MAX_NS = 3_000_000_000L;
  private static final long LIBRARY_RETRY_NS = 60_000_000_000L;
  private static final long LOOP_WAIT_NS = 1_000_000_000L;
  private static final long CLOSE_WAIT_MS = 5_000L;
  private static final long PIN_WAIT_NS = 5_000_000_000L;
  private static final int PINS_AT_ONCE_MAX = 4;

  private final String uri;
  private final LibvirtListener listener;
  private final String libraryFile;
  private final Thread thread = Thread.ofPlatform().daemon().name("libvirt").unstarted(this::run);
  private final Inbox inbox = new Inbox();
  private final Semaphore pins = new Semaphore(PINS_AT_ONCE_MAX);
  private volatile boolean stopping;
  private volatile @Nullable EventLoop loop;
  private volatile @Nullable Connection connection;

  // The thread's own.
  private @Nullable Session session;
  private String lastWhy = "";
  private long backoffNs = BACKOFF_MIN_NS;
  private long connectAtNs;
  private long connectedAtNs;

  /**
   * @param uri whom to watch, such as {@code qemu:///system}
   * @param listener who is told, on the watch's thread
   */
  public LibvirtWatch(String uri, LibvirtListener listener) {
    this(uri, listener, LibvirtLibrary.FILE);
  }

  LibvirtWatch(String uri, LibvirtListener listener, String libraryFile) {
    this.uri = uri;
    this.listener = new GuardedListener(listener);
    this.libraryFile = libraryFile;
  }

  /** Starts the thread and returns at once. */
  public void start() {
    thread.start();
  }

  /**
   * Pins one vCPU: of a running domain now, of one that is shut off in its configuration. For any
   * thread but the watch's own; waits at most 5 s.
   */
  public void pin(String name, int vcpu, CpuSet cpus) throws LibvirtException {
    Connection now = connection;
    if (now == null) {
      throw new LibvirtException("there is no connection to libvirt now");
    }
    if (!pins.tryAcquire()) {
      throw new LibvirtException("libvirt is still busy with earlier pinnings");
    }
    CompletableFuture<String> uuid = new CompletableFuture<>();
    // A domain in the middle of a job makes libvirt wait up to 30 s: neither the caller nor the
    // watch should.
    Thread.ofPlatform()
        .daemon()
        .name("libvirt-pin")
        .start(
            () -> {
              try {
                String pinned = now.pin(name, vcpu, cpus);
                inbox.add(new Inbox.Message.Changed(pinned));
                wake();
                uuid.complete(pinned);
              } catch (Throwable failed) {
                uuid.completeExceptionally(failed);
              } finally {
                pins.release();
              }
            });
    await(uuid);
  }

  private static void await(CompletableFuture<String> uuid) throws LibvirtException {
    try {
      uuid.get(PIN_WAIT_NS, TimeUnit.NANOSECONDS);
    } catch (ExecutionException failed) {
      if (failed.getCause() instanceof LibvirtException refused) {
        throw refused;
      }
      throw new IllegalStateException(failed.getCause());
    } catch (TimeoutException slow) {
      throw new LibvirtException("libvirt did not answer in time; it may still do it");
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new LibvirtException("interrupted while libvirt was asked");
    }
  }

  /** Ends the watch; a thread that hangs in libvirt is left behind after 5 s. */
  @Override
  public void close() {
    stopping = true;
    wake();
    if (thread.getState() != Thread.State.NEW && Thread.currentThread() != thread) {
      try {
        thread.join(CLOSE_WAIT_MS);
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void wake() {
    EventLoop now = loop;
    if (now != null) {
      now.wake();
    }
    LockSupport.unpark(thread);
  }

  private void run() {
    try {
      LibvirtLibrary library = library();
      if (library == null) {
        return;
      }
      try (EventLoop own = loop(library)) {
        if (own == null) {
          return;
        }
        loop = own;
        Callbacks callbacks = new Callbacks(library, inbox);
        connectAtNs = System.nanoTime();
        while (!stopping) {
          step(own, library, callbacks);
        }
        disconnect();
      } finally {
        loop = null;
      }
    } catch (InterruptedException | LibvirtException ended) {
      listener.disconnected("libvirt is not watched any more: " + ended.getMessage());
    }
  }

  private @Nullable LibvirtLibrary library() {
    while (!stopping) {
      try {
        return LibvirtLibrary.load(libraryFile);
      } catch (LibvirtException missing) {
        tellDisconnected(String.valueOf(missing.getMessage()));
        LockSupport.parkNanos(this, LIBRARY_RETRY_NS);
      }
    }
    return null;
  }

  private @Nullable EventLoop loop(LibvirtLibrary library)
      throws InterruptedException, LibvirtException {
    while (!stopping) {
      EventLoop entered = EventLoop.enter(library, LOOP_WAIT_NS);
      if (entered != null) {
        return entered;
      }
      tellDisconnected("another watch of libvirt in this process has not ended yet");
    }
    return null;
  }

  // One turn: what is due, then sleep until more is.
  private void step(EventLoop own, LibvirtLibrary library, Callbacks callbacks) {
    try {
      long nowNs = System.nanoTime();
      if (connection == null && connectAtNs - nowNs <= 0) {
        connect(library, callbacks);
      }
      List<Inbox.Message> messages = inbox.drain();
      Session live = session;
      if (live != null) {
        live.take(messages, System.nanoTime());
        live.work(System.nanoTime());
        breakIfBroken(messages);
      }
    } catch (RuntimeException bug) {
      System.getLogger(LibvirtWatch.class.getName())
          .log(System.Logger.Level.ERROR, "the watch of libvirt begins anew", bug);
      broken("a fault of ours: " + bug);
    }
    Session live = session;
    long nowNs = System.nanoTime();
    long sleepNs = live == null ? connectAtNs - nowNs : live.sleepNs(nowNs);
    own.run(sleepNs, () -> stopping || !inbox.isEmpty());
  }

  private void breakIfBroken(List<Inbox.Message> messages) {
    String why = null;
    for (Inbox.Message message : messages) {
      if (message instanceof Inbox.Message.Closed closed) {
        why = closed.why();
      }
    }
    Connection now = connection;
    if (why == null && now != null && !now.isAlive()) {
      why = "the connection to libvirt broke";
    }
    if (why != null) {
      broken(why);
    }
  }

  private void connect(LibvirtLibrary library, Callbacks callbacks) {
    try {
      Connection opened = Connection.open(library, callbacks, uri);
      inbox.drain();
      connection = opened;
      Session begun = new Session(opened, listener);
      begun.begin(System.nanoTime());
      session = begun;
      lastWhy = "";
      connectedAtNs = System.nanoTime();
    } catch (LibvirtException failed) {
      broken(String.valueOf(failed.getMessage()));
    }
  }

  private void broken(String why) {
    boolean lasted = session != null && System.nanoTime() - connectedAtNs > BACKOFF_MAX_NS;
    disconnect();
    tellDisconnected(why);
    backoffNs = lasted ? BACKOFF_MIN_NS : backoffNs;
    connectAtNs = System.nanoTime() + backoffNs;
    backoffNs = Math.min(2 * backoffNs, BACKOFF_MAX_NS);
  }

  private void disconnect() {
    Connection old = connection;
    connection = null;
    session = null;
    if (old != null) {
      old.close();
    }
    inbox.drain();
  }

  // Once for each reason, not at every attempt.
  private void tellDisconnected(String why) {
    if (!why.equals(lastWhy)) {
      lastWhy = why;
      listener.disconnected(why);
    }
  }

  /** For the tests, which drive test:///default through the connection that holds its state. */
  @Nullable Connection connection() {
    return connection;
  }
}
