package dev.vmpower.machine.libvirt;

import dev.vmpower.machine.cpu.CpuSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Watches the domains of one libvirt, for ever.
 *
 * <p>A thread of its own connects, reads, and connects again whenever the connection breaks: a
 * libvirt that hangs makes this thread wait and no other, until the keepalive of the {@link
 * EventLoop} gives up on it; {@link Patience} says so meanwhile. The libraries are loaded by this
 * thread too, and looked for again now and then where they are missing. While nothing happens it
 * wakes for the sweeps of the {@link Session} alone.
 */
public final class LibvirtWatch implements AutoCloseable {
  /** How long a guest must have closed a port before it is said to be closed. */
  public static final long PORT_CLOSED_NS = 2_000_000_000L;

  private static final long BACKOFF_MIN_NS = 200_000_000L;
  private static final long BACKOFF_MAX_NS = 3_000_000_000L;
  private static final long LIBRARY_RETRY_NS = 60_000_000_000L;
  private static final long CLOSE_WAIT_MS = 5_000L;
  private static final long PIN_WAIT_NS = 5_000_000_000L;
  private static final String NOT_CONNECTED = "there is no connection to libvirt now";

  private final String uri;
  private final LibvirtListener listener;
  private final String libraryFile;
  private final Thread thread = Thread.ofPlatform().daemon().name("libvirt").unstarted(this::run);
  private final Inbox inbox = new Inbox();
  private final Patience patience;
  private volatile @Nullable Connection connection;

  // The thread's own.
  private String lastWhy = "";
  private long backoffNs = BACKOFF_MIN_NS;

  /**
   * @param uri whom to watch, such as {@code qemu:///system}
   * @param listener who is told, on the watch's thread
   */
  public LibvirtWatch(String uri, LibvirtListener listener) {
    this(uri, listener, LibvirtLibrary.FILE, Patience.CALL_NS_MAX);
  }

  LibvirtWatch(String uri, LibvirtListener listener, String libraryFile, long callNsMax) {
    this.uri = uri;
    this.listener = new GuardedListener(listener);
    this.libraryFile = libraryFile;
    this.patience = new Patience(callNsMax, this.listener::unanswered);
  }

  /** Starts the thread and returns at once. */
  public void start() {
    patience.start();
    thread.start();
  }

  /** Ends the watch; where its thread hangs in libvirt, that is left to end by itself after 5 s. */
  @Override
  public void close() {
    inbox.close();
    patience.close();
    if (thread.getState() != Thread.State.NEW && Thread.currentThread() != thread) {
      try {
        thread.join(CLOSE_WAIT_MS);
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /**
   * Pins one vCPU: of a running domain now, of one that is shut off in its configuration. By the
   * time it returns, the listener was told. For any thread but the watch's own; waits at most 5 s,
   * after which libvirt may still do what it was asked if that had begun.
   */
  public void pin(String name, int vcpu, CpuSet cpus) throws LibvirtException {
    if (connection == null) {
      throw new LibvirtException(NOT_CONNECTED);
    }
    CompletableFuture<Optional<String>> refusal = new CompletableFuture<>();
    inbox.add(new Inbox.Message.Pin(name, vcpu, cpus, refusal));
    Optional<String> why;
    try {
      why = refusal.get(PIN_WAIT_NS, TimeUnit.NANOSECONDS);
    } catch (ExecutionException bug) {
      throw new IllegalStateException(bug);
    } catch (TimeoutException slow) {
      why = Optional.of("libvirt did not answer in time");
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      why = Optional.of("interrupted while libvirt was asked");
    }
    refusal.cancel(false);
    if (why.isPresent()) {
      throw new LibvirtException(why.get());
    }
  }

  private void run() {
    try {
      LibvirtLibrary library = library();
      if (library != null) {
        EventLoop.ensureStarted(library);
        Callbacks callbacks = new Callbacks(library, inbox);
        while (!inbox.isClosed()) {
          connectAndWatch(library, callbacks);
          refuse(inbox.take(backoffNs));
          backoffNs = Math.min(2 * backoffNs, BACKOFF_MAX_NS);
        }
      }
    } catch (InterruptedException ended) {
      listener.disconnected("libvirt is not watched any more");
    }
  }

  private @Nullable LibvirtLibrary library() throws InterruptedException {
    while (!inbox.isClosed()) {
      try {
        return LibvirtLibrary.load(libraryFile);
      } catch (LibvirtException missing) {
        tellDisconnected(String.valueOf(missing.getMessage()));
      } catch (RuntimeException | Error refused) { // such as native access that is not enabled
        tellDisconnected("libvirt cannot be used here: " + refused);
      }
      refuse(inbox.take(LIBRARY_RETRY_NS));
    }
    return null;
  }

  private void connectAndWatch(LibvirtLibrary library, Callbacks callbacks)
      throws InterruptedException {
    try (Connection opened = Connection.open(library, callbacks, patience, uri)) {
      patience.end(); // it is connected, or another reason follows
      refuse(inbox.take(0)); // of a connection before
      connection = opened;
      watch(opened);
    } catch (LibvirtException broken) {
      tellDisconnected(String.valueOf(broken.getMessage()));
    } catch (RuntimeException | Error bug) {
      System.getLogger(LibvirtWatch.class.getName())
          .log(System.Logger.Level.ERROR, "the watch of libvirt begins anew", bug);
      tellDisconnected("a fault in the watch of libvirt: " + bug);
    } finally {
      connection = null;
      patience.end();
    }
  }

  // Returns when the watch is closed, and throws when the connection broke.
  private void watch(Connection open) throws LibvirtException, InterruptedException {
    long startNs = System.nanoTime();
    Session session = begin(open);
    while (!inbox.isClosed()) {
      List<Inbox.Message> messages = inbox.take(session.sleepNs());
      if (System.nanoTime() - startNs > BACKOFF_MAX_NS) {
        backoffNs = BACKOFF_MIN_NS;
      }
      throwIfBroken(messages);
      session.take(messages);
      for (Inbox.Message message : messages) {
        if (message instanceof Inbox.Message.Pin pin && !pin.refusal().isDone()) {
          pin(open, session, pin);
        }
      }
      session.work();
      if (!open.isAlive()) {
        messages = inbox.take(0);
        throwIfBroken(messages); // which says why, if it came by now
        refuse(messages);
        throw new LibvirtException("the connection to libvirt broke");
      }
      if (patience.end()) {
        session = begin(open); // what was said to be unanswered is told anew
      }
    }
  }

  private Session begin(Connection open) throws LibvirtException {
    Session session = new Session(open, listener, System::nanoTime);
    session.begin();
    patience.end(); // all is told
    lastWhy = "";
    return session;
  }

  private static void pin(Connection open, Session session, Inbox.Message.Pin pin) {
    try {
      String uuid = open.pin(pin.name(), pin.vcpu(), pin.cpus());
      session.take(List.of(new Inbox.Message.Changed(uuid)));
      pin.refusal().complete(Optional.empty());
    } catch (LibvirtException refused) {
      pin.refusal().complete(Optional.of(String.valueOf(refused.getMessage())));
    }
  }

  // What was said to a connection that is no more.
  private static void refuse(List<Inbox.Message> messages) {
    for (Inbox.Message message : messages) {
      if (message instanceof Inbox.Message.Pin pin) {
        pin.refusal().complete(Optional.of(NOT_CONNECTED));
      }
    }
  }

  private static void throwIfBroken(List<Inbox.Message> messages) throws LibvirtException {
    for (Inbox.Message message : messages) {
      if (message instanceof Inbox.Message.Broken broken) {
        refuse(messages);
        throw new LibvirtException(broken.why());
      }
    }
  }

  // Once for each reason, not at every attempt.
  private void tellDisconnected(String why) {
    if (patience.end() || !why.equals(lastWhy)) {
      lastWhy = why;
      listener.disconnected(why);
    }
  }

  /** For the tests, which drive test:///default through the connection that holds its state. */
  @Nullable Connection connection() {
    return connection;
  }
}
