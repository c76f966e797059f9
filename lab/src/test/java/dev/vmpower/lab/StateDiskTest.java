package dev.vmpower.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.extension.ExtendWith;

/** The state directories on file systems of their own: full while it runs, read-only at a start. */
@Tag("lab")
@ExtendWith(Lab.class)
class StateDiskTest {
  private static final Duration SOON = Duration.ofSeconds(30);
  private static final int BLOCK_BYTES = 4096;
  private static final int BLOCKS_MAX = 64; // more than such a disk has
  private static final int LINES_MAX = 10;

  private final List<Path> mounted = new ArrayList<>();
  private Path folder;
  private Path sockets;
  private Path config;
  private PlainCpuTree tree;
  private SortedMap<String, String> found;

  @BeforeEach
  void prepare(TestInfo test) throws Exception {
    folder = LabHost.folder(test);
    sockets = Files.createTempDirectory("vmpower-disk"); // paths of sockets are short
    tree = PlainCpuTree.create(folder.resolve("cpu"));
    found = tree.asFound();
    config = folder.resolve("vmpower.toml");
    Files.writeString(
        config,
        """
        [cpu]
        root = "%1$s/cpu"
        [state]
        dir = "%1$s/state"
        lib = "%1$s/lib"
        [control]
        socket = "%2$s/control.sock"
        [libvirt]
        uri = ""
        [[vm]]
        name = "a"
        channels = "%2$s"
        vcpus = ["0", "1"]
        """
            .formatted(folder, sockets));
  }

  @AfterEach
  void unmount() throws Exception {
    for (Path disk : mounted) {
      run("umount", "--lazy", disk.toString());
    }
  }

  private Path disk(String name, String options) throws Exception {
    Path disk = Files.createDirectories(folder.resolve(name));
    run("mount", "-t", "tmpfs", "-o", "size=64k," + options, "none", disk.toString());
    mounted.add(disk);
    return disk;
  }

  private static void run(String... words) throws Exception {
    assertThat(new ProcessBuilder(words).inheritIO().start().waitFor()).isZero();
  }

  /** Writes until there is no room. */
  private static Path fill(Path disk) throws IOException {
    Path filler = disk.resolve("filler");
    try (var out = Files.newOutputStream(filler)) {
      for (int i = 0; i < BLOCKS_MAX; i++) {
        out.write(new byte[BLOCK_BYTES]);
      }
    } catch (IOException full) {
      return filler;
    }
    throw new IllegalStateException(disk + " is not full");
  }

  @Test
  void whereTheDisksAreFullGuestsAreAnsweredAsBeforeAndNothingNewIsTouched() throws Exception {
    Path state = disk("state", "rw");
    Path lib = disk("lib", "rw");
    try (LabDaemon daemon = LabDaemon.start(config, folder.resolve("daemon.log"));
        SocketGuest a = new SocketGuest(sockets.resolve("a.0"))) {
      a.accept();
      assertThat(a.ask(0, SocketGuest.MIN)).isTrue();

      Path filler = fill(state);
      fill(lib);
      int lines = daemon.log().size();
      assertThat(a.ask(1, SocketGuest.MIN)).as("its original cannot be saved").isFalse();
      assertThat(tree.speed(1)).isEqualTo(PlainCpuTree.GOVERNOR);
      for (int i = 0; i < 100; i++) {
        assertThat(a.ask(0, SocketGuest.MAX)).isTrue();
        assertThat(tree.speed(0)).isEqualTo(PlainCpuTree.TURBO);
        assertThat(a.ask(0, SocketGuest.MIN)).isTrue();
        assertThat(tree.speed(0)).isEqualTo(PlainCpuTree.MIN);
        assertThat(a.ask(1, SocketGuest.MIN)).isFalse();
      }
      List<String> log = daemon.log();
      assertThat(log.subList(lines, log.size()))
          .hasSizeLessThan(LINES_MAX)
          .anySatisfy(line -> assertThat(line).contains("No space left on device"));

      Files.delete(filler);
      await().atMost(SOON).until(() -> a.ask(1, SocketGuest.MIN));
      assertThat(tree.speed(1)).isEqualTo(PlainCpuTree.MIN);

      fill(state);
      daemon.terminate();
      assertThat(tree.asFound()).isEqualTo(found);
      assertThat(state.resolve("originals")).doesNotExist();
    }
  }

  @Test
  void aDaemonThatCannotRememberDoesNotStartAndTouchesNothing() throws Exception {
    disk("state", "ro");
    disk("lib", "ro");
    Path log = folder.resolve("daemon.log");
    Process daemon =
        new ProcessBuilder(Checkout.launcher(), "daemon", "--config", config.toString())
            .directory(Checkout.top().toFile())
            .redirectError(log.toFile())
            .start();
    assertThat(daemon.waitFor(SOON.toSeconds() * 4, TimeUnit.SECONDS)).isTrue();
    assertThat(daemon.exitValue()).isEqualTo(1);
    assertThat(Files.readAllLines(log))
        .last()
        .asString()
        .contains(folder.resolve("state").toString(), "Read-only file system");
    assertThat(tree.asFound()).isEqualTo(found);
  }

  @Test
  void whereOnlyWhatOutlivesABootIsReadOnlyGuestsAreServed() throws Exception {
    disk("lib", "ro");
    try (LabDaemon daemon = LabDaemon.start(config, folder.resolve("daemon.log"));
        SocketGuest a = new SocketGuest(sockets.resolve("a.0"))) {
      a.accept();
      assertThat(a.ask(0, SocketGuest.MIN)).isTrue();
      assertThat(tree.speed(0)).isEqualTo(PlainCpuTree.MIN);
      daemon.terminate();
      assertThat(tree.asFound()).isEqualTo(found);
    }
  }
}
