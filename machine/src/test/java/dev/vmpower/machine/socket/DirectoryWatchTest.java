package dev.vmpower.machine.socket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Watches real directories, which come, go and change. */
@Timeout(60)
class DirectoryWatchTest {
  private static final long TOLD_WITHIN_S = 20;

  @TempDir Path temporary;

  private final LinkedBlockingQueue<Path> told = new LinkedBlockingQueue<>();
  private final List<String> problems = new CopyOnWriteArrayList<>();
  private DirectoryWatch watch;
  private Path wanted;
  private Path fence; // wanted too, to learn that all events so far have been told

  @BeforeEach
  void open() throws IOException {
    watch = new DirectoryWatch(told::add, problems::add);
    wanted = temporary.resolve("wanted");
    fence = temporary.resolve("fence");
  }

  @AfterEach
  void close() {
    watch.close();
    assertThat(problems).isEmpty();
  }

  @Test
  void aDirectoryThatIsThereIsToldOnce() throws Exception {
    Files.createDirectory(wanted);
    Files.createDirectory(fence);
    watch.watch(Set.of(wanted));
    awaitTold(wanted);
    watch.watch(Set.of(wanted, fence));
    awaitTold(fence);
    settle();
    assertThat(told).isEmpty();
  }

  @Test
  void whatIsCreatedRenamedOrChmoddedInItIsTold() throws Exception {
    Files.createDirectory(wanted);
    watchNow(wanted);
    Files.createFile(wanted.resolve("a"));
    awaitTold(wanted);
    settle();
    Files.setPosixFilePermissions(
        wanted.resolve("a"), PosixFilePermissions.fromString("rw-------"));
    awaitTold(wanted);
    settle();
    Files.createFile(temporary.resolve("b"));
    Files.move(temporary.resolve("b"), wanted.resolve("b"));
    awaitTold(wanted);
  }

  @Test
  void whatIsCreatedElsewhereOrRemovedIsNotTold() throws Exception {
    Files.createDirectory(wanted);
    Files.createFile(wanted.resolve("a"));
    watchNow(wanted);
    Files.delete(wanted.resolve("a"));
    Files.createFile(temporary.resolve("beside"));
    Files.createDirectory(temporary.resolve("wanted-not"));
    settle();
    assertThat(told).isEmpty();
  }

  @Test
  void oneThatIsCreatedLaterIsTold() throws Exception {
    watchNow(wanted);
    assertThat(told).isEmpty();
    Files.createDirectory(wanted);
    awaitTold(wanted);
    settle();
    Files.createFile(wanted.resolve("a"));
    awaitTold(wanted);
  }

  @Test
  void oneThreeLevelsDeepIsToldThoughAllAreMissing() throws Exception {
    Path deep = wanted.resolve("a/b/c");
    watchNow(deep);
    for (Path level : List.of(wanted, wanted.resolve("a"), wanted.resolve("a/b"))) {
      Files.createDirectory(level);
      settle();
      assertThat(told).isEmpty();
    }
    Files.createDirectory(deep);
    awaitTold(deep);
    settle();
    Files.createFile(deep.resolve("socket"));
    awaitTold(deep);
  }

  /** Each round the levels appear as fast as they can, with what matters already inside. */
  @Test
  void oneThatIsCreatedAndRemovedAgainAndAgainIsNeverMissed() throws Exception {
    Path deep = wanted.resolve("a/b/c");
    Path socket = deep.resolve("socket");
    var seen = new LinkedBlockingQueue<Path>();
    try (var looking =
        new DirectoryWatch(
            directory -> {
              if (Files.exists(directory.resolve("socket"))) {
                seen.add(directory);
              }
            },
            problems::add)) {
      looking.watch(Set.of(deep));
      for (int round = 0; round < 200; round++) {
        Files.createDirectories(deep);
        Files.createFile(socket);
        assertThat(seen.poll(TOLD_WITHIN_S, TimeUnit.SECONDS))
            .as("round %d", round)
            .isEqualTo(deep);
        for (String gone : List.of("a/b/c/socket", "a/b/c", "a/b", "a", "")) {
          Files.delete(wanted.resolve(gone));
        }
        seen.clear();
      }
    }
  }

  @Test
  void oneWhoseParentIsRenamedAwayAndReplacedIsTold() throws Exception {
    Path below = wanted.resolve("below");
    Files.createDirectories(below);
    watchNow(below);
    Files.move(wanted, temporary.resolve("old"));
    settle();
    Files.createFile(temporary.resolve("old/below/a"));
    settle();
    assertThat(told).isEmpty();
    Files.createDirectories(temporary.resolve("new/below"));
    Files.move(temporary.resolve("new"), wanted);
    awaitTold(below);
    settle();
    Files.createFile(below.resolve("a"));
    awaitTold(below);
  }

  @Test
  void oneThatIsAFileFirstIsToldWhenItIsADirectory() throws Exception {
    Files.createFile(wanted);
    watchNow(wanted);
    assertThat(told).isEmpty();
    Files.delete(wanted);
    Files.createDirectory(wanted);
    awaitTold(wanted);
  }

  @Test
  void aSymbolicLinkIsFollowedWhereItLeadsNow() throws Exception {
    Path one = Files.createDirectory(temporary.resolve("one"));
    Path two = Files.createDirectory(temporary.resolve("two"));
    Files.createSymbolicLink(wanted, one);
    watchNow(wanted);
    Files.createSymbolicLink(temporary.resolve("link"), two);
    Files.move(temporary.resolve("link"), wanted, StandardCopyOption.REPLACE_EXISTING);
    awaitTold(wanted);
    settle();
    Files.createFile(one.resolve("a"));
    settle();
    assertThat(told).isEmpty();
    Files.createFile(two.resolve("a"));
    awaitTold(wanted);
  }

  /** One inode has one key: what is above a wanted directory must not take its events away. */
  @Test
  void twoPathsToOneDirectoryAreBothTold() throws Exception {
    Files.createDirectory(wanted);
    Path alias = Files.createSymbolicLink(temporary.resolve("alias"), wanted);
    watchNow(wanted);
    watchNow(wanted, alias.resolve("missing"));
    Path file = Files.createFile(wanted.resolve("a"));
    awaitTold(wanted);
    settle();
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    awaitTold(wanted);
    watchNow(wanted, alias);
    Files.createFile(wanted.resolve("b"));
    var both = new HashSet<Path>();
    await().until(() -> told.drainTo(both) >= 0 && both.equals(Set.of(wanted, alias)));
  }

  /** More than the JDK keeps: of all this it only says that there was too much. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aBurstIsToldAFewTimesAndItsEndIsSeen(boolean inTheWantedOne) throws Exception {
    Path above = Files.createDirectory(temporary.resolve("above"));
    Path late = above.resolve("late");
    Path crowded = inTheWantedOne ? Files.createDirectory(late) : above;
    var blocked = new CountDownLatch(1);
    var unblock = new CountDownLatch(1);
    var calls = new AtomicInteger();
    var seen = new AtomicInteger();
    Files.createDirectory(fence);
    try (var counting =
        new DirectoryWatch(
            directory -> {
              blocked.countDown();
              awaitQuietly(unblock);
              calls.incrementAndGet();
              seen.set(directory.equals(late) ? late.toFile().list().length : 0);
            },
            problems::add)) {
      counting.watch(Set.of(fence, late));
      blocked.await();
      for (int i = 0; i < 1000; i++) {
        Files.createFile(crowded.resolve("file" + i));
      }
      if (!inTheWantedOne) {
        Files.createDirectory(late);
        Files.createFile(late.resolve("file"));
      }
      // The kernel's queue is read by another thread, which is not waited for.
      unblock.countDown();
      await().until(() -> seen.get() == (inTheWantedOne ? 1000 : 1));
    }
    assertThat(calls.get()).isLessThan(500);
  }

  @Test
  void whatIsNoLongerWantedIsNoLongerWatched() throws Exception {
    int others = watches();
    Set<Path> many = new HashSet<>();
    for (int i = 0; i < 50; i++) {
      many.add(Files.createDirectories(wanted.resolve("vm" + i)));
    }
    watchNow(many.toArray(new Path[0]));
    assertThat(watches()).isGreaterThan(others + 50);
    watch.watch(Set.of());
    await().until(() -> watches() <= others);
  }

  private static int watches() throws IOException {
    int lines = 0;
    for (File file : Objects.requireNonNull(new File("/proc/self/fdinfo").listFiles())) {
      try {
        for (String line : Files.readAllLines(file.toPath())) {
          lines += line.startsWith("inotify wd") ? 1 : 0;
        }
      } catch (NoSuchFileException closed) {
        // The descriptor of the listing itself.
      }
    }
    return lines;
  }

  /** An interrupt that a callback saw would close the files that it uses. */
  @Test
  void noCallbackIsEverInterrupted() throws Exception {
    Files.createDirectory(wanted);
    var interrupted = new AtomicInteger();
    var calls = new AtomicInteger();
    try (var checking =
        new DirectoryWatch(
            directory -> {
              calls.incrementAndGet();
              interrupted.addAndGet(Thread.currentThread().isInterrupted() ? 1 : 0);
            },
            problems::add)) {
      for (int i = 0; i < 3000; i++) {
        checking.watch(i % 2 == 0 ? Set.of(wanted) : Set.of(wanted, temporary));
        if (i % 3 == 0) {
          Files.createFile(wanted.resolve("file" + i));
        }
      }
      int before = calls.get();
      Files.createFile(wanted.resolve("last"));
      await().until(() -> calls.get() > before);
    }
    assertThat(interrupted).hasValue(0);
  }

  @Test
  void aSetOfManyDirectoriesIsToldWhole() throws Exception {
    Set<Path> many = new HashSet<>();
    for (int i = 0; i < 300; i++) {
      many.add(wanted.resolve("vm" + i + "/channels"));
    }
    watchNow(many.toArray(new Path[0]));
    for (Path directory : many) {
      Files.createDirectories(directory);
    }
    Set<Path> seen = ConcurrentHashMap.newKeySet();
    await().until(() -> told.drainTo(seen) >= 0 && seen.equals(many));
  }

  @Test
  void oneThatIsNoLongerWantedIsNotTold() throws Exception {
    Files.createDirectory(wanted);
    Path other = Files.createDirectory(temporary.resolve("other"));
    watchNow(wanted);
    watchNow(other);
    Files.createFile(wanted.resolve("a"));
    settle();
    assertThat(told).isEmpty();
    Files.createFile(other.resolve("a"));
    awaitTold(other);
  }

  /** The one above keeps its key while it becomes wanted itself, and loses nothing. */
  @Test
  void oneAboveAWantedOneCanBeWantedToo() throws Exception {
    Path below = wanted.resolve("below");
    Files.createDirectory(wanted);
    watchNow(below);
    watchNow(below, wanted);
    Files.createDirectory(below);
    var seen = new HashSet<Path>();
    await().until(() -> told.drainTo(seen) >= 0 && seen.equals(Set.of(wanted, below)));
    watchNow(below);
    Files.createFile(wanted.resolve("a"));
    settle();
    assertThat(told).isEmpty();
  }

  @Test
  void aFailedCallbackEndsNothingAndACallbackIsNeverInterrupted() throws Exception {
    Files.createDirectory(wanted);
    var failures = new LinkedBlockingQueue<Throwable>();
    var entered = new CountDownLatch(1);
    var leave = new CountDownLatch(1);
    var interrupted = new LinkedBlockingQueue<Boolean>();
    try (var failing =
        new DirectoryWatch(
            directory -> {
              Thread.currentThread()
                  .setUncaughtExceptionHandler((thread, bug) -> failures.add(bug));
              entered.countDown();
              awaitQuietly(leave);
              interrupted.add(Thread.interrupted());
              throw new IllegalStateException("on purpose");
            },
            problems::add)) {
      failing.watch(Set.of(wanted));
      entered.await();
      failing.watch(Set.of(wanted));
      failing.watch(Set.of(wanted, wanted.resolve("other")));
      leave.countDown();
      assertThat(failures.take()).hasMessage("on purpose");
      Files.createFile(wanted.resolve("a"));
      assertThat(failures.take()).hasMessage("on purpose");
    }
    assertThat(interrupted).isNotEmpty().doesNotContain(true);
  }

  @Test
  void tooManyDirectoriesAreRefused() {
    Set<Path> many = new HashSet<>();
    for (int i = 0; i <= DirectoryWatch.DIRECTORIES_MAX; i++) {
      many.add(wanted.resolve("vm" + i));
    }
    assertThatThrownBy(() -> watch.watch(many))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("4097 directories to watch are more than 4096");
  }

  @Test
  void closingEndsTheThread() {
    Set<Thread> before = watchThreads();
    watch.close();
    await().until(() -> !watchThreads().containsAll(before) || before.isEmpty());
    watch.watch(Set.of(wanted));
  }

  private static Set<Thread> watchThreads() {
    Set<Thread> threads = new HashSet<>(Thread.getAllStackTraces().keySet());
    threads.removeIf(thread -> !thread.getName().equals("socket-watch"));
    return threads;
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void awaitTold(Path directory) throws InterruptedException {
    assertThat(told.poll(TOLD_WITHIN_S, TimeUnit.SECONDS)).isEqualTo(directory);
  }

  /** Watches {@code directories} and returns when they are watched and told. */
  private void watchNow(Path... directories) throws Exception {
    fence = Files.createTempDirectory(temporary, "fence");
    Set<Path> all = new HashSet<>(Set.of(directories));
    all.add(fence);
    watch.watch(all);
    while (!fence.equals(told.poll(TOLD_WITHIN_S, TimeUnit.SECONDS))) {
      // What is told before the fence is of the directories that are there.
    }
    settle();
    told.clear();
  }

  /** Returns when the events so far have been told: those of one inotify come in their order. */
  private void settle() throws Exception {
    // Twice, as what is told together is in no order.
    for (int round = 0; round < 2; round++) {
      Files.createTempFile(fence, "", "");
      List<Path> others = new ArrayList<>();
      for (Path next = told.take(); !next.equals(fence); next = told.take()) {
        others.add(next);
      }
      told.addAll(others);
    }
  }
}
