package dev.vmpower.host.channel;

import dev.vmpower.machine.socket.DirectoryWatch;
import dev.vmpower.machine.socket.PeerProcess;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread that connects to guests' sockets as soon as they exist, makes sure who is at the other
 * end, and hands the connection to the monitor.
 *
 * <p>It sleeps until a directory changes, a connection is lost, or a try is due. All that could
 * wait for somebody else (connecting, looking into {@code /proc}) is done here, so that the monitor
 * never does.
 */
public final class Connector implements Links {
  /** Channel numbers are below this. */
  public static final int CHANNELS_PER_VM_MAX = 1024;

  /** A directory that could not be read is read again after this. */
  private static final long READ_AGAIN_NS = 1_000_000_000L;

  private static final Logger LOG = LoggerFactory.getLogger("vmpower.channel");

  /** Takes a connection; false if it cannot now, and the connector is to try again. */
  public interface Sink {
    boolean connected(String vm, int number, SocketChannel socket, PeerProcess peer);
  }

  private final Sink sink;
  private final LongSupplier clockNs;
  private final DirectoryWatch watch;
  private final Thread thread;
  private final Queue<Runnable> inbox = new ConcurrentLinkedQueue<>();
  private volatile boolean closed;

  // The thread's own.
  private final Map<Path, Map<String, Target.OfDirectory>> byDirectory = new HashMap<>();
  private final Map<Link.Key, Link> links = new HashMap<>();
  private final Map<Link.Key, Target.One> single = new HashMap<>();
  private List<Target> targets = List.of();
  private final Set<Path> unread = new HashSet<>(); // for lack of descriptors, or the like
  private long readAgainAtNs;

  /**
   * A connector that waits for {@link #want}.
   *
   * @throws IOException if the kernel cannot watch directories for this user
   */
  public Connector(Sink sink, LongSupplier clockNs) throws IOException {
    this.sink = sink;
    this.clockNs = clockNs;
    this.watch =
        new DirectoryWatch(
            directory -> post(() -> look(directory)), problem -> LOG.warn("{}", problem));
    this.thread = Thread.ofPlatform().name("connector").daemon().unstarted(this::run);
  }

  @Override
  public void start() {
    thread.start();
  }

  @Override
  public void want(List<Target> wanted) {
    List<Target> copy = List.copyOf(wanted);
    post(() -> accept(copy));
  }

  @Override
  public void lost(String vm, int number) {
    post(() -> retry(new Link.Key(vm, number)));
  }

  @Override
  public void awaitPass() throws InterruptedException {
    CountDownLatch done = new CountDownLatch(1);
    post(done::countDown);
    done.await();
  }

  private void post(Runnable task) {
    inbox.add(task);
    LockSupport.unpark(thread);
  }

  private void run() {
    while (!closed) {
      try {
        for (Runnable task = inbox.poll(); task != null; task = inbox.poll()) {
          task.run();
        }
        readAgain();
        tryWhatIsDue();
        if (inbox.isEmpty() && !closed) {
          LockSupport.parkNanos(this, dueInNs());
        }
      } catch (RuntimeException bug) {
        LOG.error("connector: {}", bug.toString(), bug);
      }
    }
  }

  private void accept(List<Target> wanted) {
    Set<Target> known = new HashSet<>(targets);
    targets = wanted;
    byDirectory.clear();
    single.clear();
    for (Target target : wanted) {
      switch (target) {
        case Target.OfDirectory all ->
            byDirectory
                .computeIfAbsent(all.directory(), directory -> new HashMap<>())
                .put(all.vm(), all);
        case Target.One one -> single.put(new Link.Key(one.vm(), one.number()), one);
      }
    }
    links.values().removeIf(link -> !isWanted(link));
    Set<Path> directories = new LinkedHashSet<>();
    for (Target target : wanted) {
      directories.add(target.directory());
    }
    watch.watch(directories);
    for (Target target : wanted) {
      if (!known.contains(target)) {
        switch (target) {
          case Target.OfDirectory all -> look(all.directory());
          case Target.One one -> link(one.vm(), one.number(), one.path(), peer(one));
        }
      }
    }
    tryWhatIsDue();
  }

  private static int peer(Target.One target) {
    return switch (target) {
      case Target.OfDomain domain -> Link.QEMU;
      case Target.OfStatic one -> peer(one.peerUid());
    };
  }

  private static int peer(@Nullable Integer uid) {
    return uid == null ? Link.ROOT_OR_OWNER : uid;
  }

  private boolean isWanted(Link link) {
    Target.One one = single.get(link.key());
    if (one != null) {
      return link.path().equals(one.path()) && link.expectedPeer() == peer(one);
    }
    Map<String, Target.OfDirectory> here = byDirectory.get(link.path().getParent());
    return here != null && here.containsKey(link.vm()) && link.isOfDirectory();
  }

  /** Looks for the sockets of static VMs in a directory that changed. */
  private void look(Path directory) {
    long nowNs = clockNs.getAsLong();
    for (Link link : links.values()) {
      if (directory.equals(link.path().getParent())) {
        link.changed(nowNs);
      }
    }
    Map<String, Target.OfDirectory> here = byDirectory.get(directory);
    if (here == null) {
      return;
    }
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      for (Path entry : entries) {
        String name = entry.getFileName().toString();
        int dot = name.lastIndexOf('.');
        int number = dot < 0 ? -1 : number(name.substring(dot + 1));
        Target.OfDirectory target = number < 0 ? null : here.get(name.substring(0, dot));
        if (target != null && !single.containsKey(new Link.Key(target.vm(), number))) {
          link(target.vm(), number, entry, peer(target.peerUid()));
        }
      }
      unread.remove(directory);
    } catch (NoSuchFileException gone) {
      unread.remove(directory); // it is watched: whenever it comes, look() is called again
    } catch (IOException | DirectoryIteratorException unreadable) {
      if (unread.add(directory)) {
        LOG.warn("{} cannot be read, and is tried again: {}", directory, unreadable.getMessage());
      }
      readAgainAtNs = clockNs.getAsLong() + READ_AGAIN_NS;
    }
  }

  private void readAgain() {
    if (!unread.isEmpty() && clockNs.getAsLong() >= readAgainAtNs) {
      unread.retainAll(byDirectory.keySet());
      List.copyOf(unread).forEach(this::look);
    }
  }

  /** The channel number that {@code digits} are; -1 if they are none. */
  private static int number(String digits) {
    boolean plain =
        !digits.isEmpty()
            && digits.length() <= 4
            && digits.chars().allMatch(c -> c >= '0' && c <= '9')
            && (digits.length() == 1 || digits.charAt(0) != '0');
    int number = plain ? Integer.parseInt(digits) : -1;
    return number < CHANNELS_PER_VM_MAX ? number : -1;
  }

  private void link(String vm, int number, Path path, int peer) {
    Link link =
        links.computeIfAbsent(
            new Link.Key(vm, number), key -> new Link(key, path, peer, clockNs.getAsLong()));
    if (!link.path().equals(path) || link.expectedPeer() != peer) {
      links.put(link.key(), new Link(link.key(), path, peer, clockNs.getAsLong()));
    }
  }

  private void retry(Link.Key key) {
    Link link = links.get(key);
    if (link != null) {
      link.lost(clockNs.getAsLong());
    }
  }

  private void tryWhatIsDue() {
    long nowNs = clockNs.getAsLong();
    for (Link link : new ArrayList<>(links.values())) {
      if (link.isDue(nowNs)) {
        link.connect(sink, clockNs);
      }
    }
  }

  /** How long nothing is due, in ns. */
  private long dueInNs() {
    long nowNs = clockNs.getAsLong();
    long dueInNs = unread.isEmpty() ? Link.IDLE_NS : Math.max(readAgainAtNs - nowNs, 1);
    for (Link link : links.values()) {
      dueInNs = Math.min(dueInNs, link.dueInNs(nowNs));
    }
    return dueInNs;
  }

  @Override
  public void close() {
    closed = true;
    LockSupport.unpark(thread);
    watch.close();
    try {
      thread.join();
    } catch (InterruptedException stopWaiting) {
      Thread.currentThread().interrupt();
    }
  }
}
