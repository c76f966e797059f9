package dev.vmpower.machine.socket;

import static java.nio.file.StandardWatchEventKinds.ENTRY_CREATE;
import static java.nio.file.StandardWatchEventKinds.ENTRY_DELETE;
import static java.nio.file.StandardWatchEventKinds.ENTRY_MODIFY;
import static java.nio.file.StandardWatchEventKinds.OVERFLOW;

import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.FileSystems;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Tells, without polling, when something appears or changes in one of a changing set of
 * directories.
 *
 * <p>A wanted directory and all directories above it are watched, as far as they exist. So one that
 * is created later, however many levels are missing, or that is removed, renamed or replaced and
 * comes back, shows as an event in the nearest directory above it that exists. They are registered
 * from the root downwards: what replaces a directory after its registration is an event in one that
 * was registered before it, so nothing falls between a look and a watch.
 *
 * <p>One daemon thread owns the watches and makes the callbacks. What happens while it is busy is
 * told once: a callback says "look again", not what happened.
 *
 * <p>Not noticed, because inotify does not tell or it would cost too much: a mount over a
 * directory, a change behind a symbolic link that dangled, and a change of the wanted directory's
 * own mode.
 */
public final class DirectoryWatch implements AutoCloseable {
  /** The most directories that can be wanted; Linux before 5.11 had 8192 watches for a user. */
  public static final int DIRECTORIES_MAX = 4096;

  /** How many directories with events are taken before the callbacks are made. */
  private static final int DRAIN_MAX = 256;

  // Of a directory above a wanted one only the names matter, not each write to each of its files.
  private static final WatchEvent.Kind<?>[] NAMES = {ENTRY_CREATE, ENTRY_DELETE};
  private static final WatchEvent.Kind<?>[] ENTRIES = {ENTRY_CREATE, ENTRY_DELETE, ENTRY_MODIFY};

  private final WatchService service;
  private final Consumer<Path> changed;
  private final Consumer<String> problems;
  private final Thread thread;

  private final Object lock = new Object();
  private @Nullable Set<Path> asked; // guarded by lock
  private boolean waiting; // guarded by lock

  // Below here all is the thread's own. Parents sort before their children.
  private Map<Path, Directory> directories = new TreeMap<>();
  private final Map<WatchKey, Set<Directory>> byKey = new HashMap<>();
  private final Set<Path> toTell = new LinkedHashSet<>();

  /**
   * A watch of nothing, until {@link #watch} is called.
   *
   * @param changed called on the thread of this watch with a wanted directory, once it is watched
   *     and whenever an entry was created in it, renamed into it or changed
   * @param problems gets one line for a directory that exists and cannot be watched
   * @throws IOException if the kernel has no inotify instance left for this user
   */
  public DirectoryWatch(Consumer<Path> changed, Consumer<String> problems) throws IOException {
    this.service = FileSystems.getDefault().newWatchService();
    this.changed = changed;
    this.problems = problems;
    this.thread = Thread.ofPlatform().name("socket-watch").daemon().start(this::run);
  }

  /**
   * Replaces the set of wanted directories, soon: may be called from any thread and does not wait.
   *
   * @throws IllegalArgumentException if there are more than {@link #DIRECTORIES_MAX}
   */
  public void watch(Set<Path> wanted) {
    if (wanted.size() > DIRECTORIES_MAX) {
      throw new IllegalArgumentException(
          wanted.size() + " directories to watch are more than " + DIRECTORIES_MAX);
    }
    synchronized (lock) {
      asked = Set.copyOf(wanted);
      // Only while it waits: an interrupt in a callback would close the files used there.
      if (waiting) {
        waiting = false;
        thread.interrupt();
      }
    }
  }

  /** Ends the thread; a callback that has begun may still be running. */
  @Override
  public void close() {
    try {
      service.close();
    } catch (IOException ignored) {
      // The JDK has closed it for its users all the same.
    }
  }

  private void run() {
    try {
      while (true) {
        WatchKey key = await();
        Set<Path> stale = new HashSet<>();
        for (int taken = 1; key != null; taken++) {
          take(key, stale);
          key = taken < DRAIN_MAX ? service.poll() : null;
        }
        replace(takeAsked());
        refresh(stale);
        tell();
      }
    } catch (ClosedWatchServiceException closed) {
      directories.clear();
      byKey.clear();
    }
  }

  /** The next key with events; null if other directories were asked for. */
  private @Nullable WatchKey await() {
    synchronized (lock) {
      if (asked != null) {
        return null;
      }
      waiting = true;
    }
    try {
      return service.take();
    } catch (InterruptedException otherDirectories) {
      return null;
    } finally {
      synchronized (lock) {
        waiting = false;
        Thread.interrupted();
      }
    }
  }

  private @Nullable Set<Path> takeAsked() {
    synchronized (lock) {
      Set<Path> taken = asked;
      asked = null;
      return taken;
    }
  }

  /** Notes whom the events of {@code key} concern, and which paths no longer are what they were. */
  private void take(WatchKey key, Set<Path> stale) {
    Set<Directory> concerned = byKey.getOrDefault(key, Set.of());
    for (WatchEvent<?> event : key.pollEvents()) {
      for (Directory directory : concerned) {
        if (event.kind() != ENTRY_DELETE) {
          toTell.addAll(directory.wanted);
        }
        if (event.kind() == OVERFLOW) {
          stale.add(directory.path);
        } else if (event.kind() != ENTRY_MODIFY && event.context() instanceof Path name) {
          Path entry = directory.path.resolve(name);
          if (directories.containsKey(entry)) {
            stale.add(entry);
          }
        }
      }
    }
    if (!key.reset()) {
      concerned.forEach(directory -> stale.add(directory.path));
    }
  }

  private void replace(@Nullable Set<Path> wanted) {
    if (wanted == null) {
      return;
    }
    Map<Path, Directory> next = new TreeMap<>();
    for (Path path : wanted) {
      Path absolute = path.toAbsolutePath();
      next.computeIfAbsent(absolute, Directory::new).wanted.add(path);
      for (Path up = absolute.getParent(); up != null; up = up.getParent()) {
        next.computeIfAbsent(up, Directory::new);
      }
    }
    List<Directory> different = new ArrayList<>();
    for (Map.Entry<Path, Directory> entry : next.entrySet()) {
      Directory directory = entry.getValue();
      Directory before = directories.remove(entry.getKey());
      if (before == null || !before.wanted.equals(directory.wanted)) {
        different.add(directory);
      }
      if (before != null) {
        takeKey(directory, before);
      }
    }
    directories.values().forEach(this::forget);
    directories = next;
    toTell.retainAll(wanted);
    for (Directory directory : different) {
      register(directory);
      if (directory.key != null) {
        toTell.addAll(directory.wanted);
      }
    }
  }

  /** Hands a key on: to cancel it and register anew would lose what happens meanwhile. */
  private void takeKey(Directory directory, Directory before) {
    Set<Directory> same = before.key == null ? null : byKey.get(before.key);
    if (same != null) {
      same.remove(before);
      same.add(directory);
      directory.key = before.key;
    }
  }

  private void refresh(Set<Path> stale) {
    for (Directory directory : directories.values()) {
      for (Path up = directory.path; up != null && !stale.isEmpty(); up = up.getParent()) {
        if (stale.contains(up)) {
          register(directory);
          break;
        }
      }
    }
  }

  /** Watches what is now at the path of {@code directory}, if anything is. */
  private void register(Directory directory) {
    WatchKey key = null;
    try {
      key = directory.path.register(service, directory.wanted.isEmpty() ? NAMES : ENTRIES);
      Set<Directory> same = byKey.computeIfAbsent(key, fresh -> new HashSet<>());
      same.add(directory);
      // Two paths can lead to one directory, which has one key; its last registration counts.
      if (directory.wanted.isEmpty() && same.stream().anyMatch(other -> !other.wanted.isEmpty())) {
        directory.path.register(service, ENTRIES);
      }
    } catch (NoSuchFileException | NotDirectoryException notYet) {
      // An event in a directory above it will tell when it is there.
    } catch (IOException refused) {
      problems.accept("cannot watch " + directory.path + ": " + refused.getMessage());
    }
    if (key != directory.key) {
      forget(directory);
      directory.key = key;
      if (key != null) {
        toTell.addAll(directory.wanted);
      }
    }
  }

  private void forget(Directory directory) {
    WatchKey key = directory.key;
    directory.key = null;
    Set<Directory> same = key == null ? null : byKey.get(key);
    if (key != null && same != null && same.remove(directory) && same.isEmpty()) {
      byKey.remove(key);
      key.cancel();
    }
  }

  private void tell() {
    for (Path wanted : toTell) {
      try {
        changed.accept(wanted);
      } catch (RuntimeException bug) {
        // One failed callback must not end all watching.
        Thread self = Thread.currentThread();
        self.getUncaughtExceptionHandler().uncaughtException(self, bug);
      }
    }
    toTell.clear();
  }

  /**
   * A wanted directory, or one above it; {@code wanted} has the words in which it was asked for.
   */
  private static final class Directory {
    private final Path path;
    private final Set<Path> wanted = new LinkedHashSet<>();
    private @Nullable WatchKey key;

    Directory(Path path) {
      this.path = path;
    }
  }
}
