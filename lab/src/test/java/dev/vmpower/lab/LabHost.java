package dev.vmpower.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.SortedMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.function.ThrowingSupplier;

/**
 * One host for one test: a plain CPU tree and a daemon that steers it, with the VMs of the lab's
 * libvirtd. Its folder, {@code lab/build/hosts/CLASS.METHOD}, is there to read after a failure.
 */
final class LabHost implements AutoCloseable {
  /** The promise is a second; the emulator next door takes the CPUs for longer at times. */
  private static final Duration SOON = Duration.ofSeconds(2);

  /** A port that stays closed for 2 s ends a claim; then it is given back as soon as ever. */
  static final Duration AFTER_PORT_CLOSED = Duration.ofSeconds(2).plus(SOON);

  private static final Duration POLL = Duration.ofMillis(20);

  private final Path folder;
  private final PlainCpuTree tree;
  private final SortedMap<String, String> found;
  private final LabLibvirt libvirt;
  private LabDaemon daemon;
  private int starts;

  private LabHost(Path folder, PlainCpuTree tree, LabLibvirt libvirt) {
    this.folder = folder;
    this.tree = tree;
    this.found = tree.asFound();
    this.libvirt = libvirt;
    this.daemon = LabDaemon.start(libvirt, config(), folder.resolve("daemon.log"));
  }

  /** A folder of its own for a test. */
  static Path folder(TestInfo test) {
    String name =
        test.getTestClass().map(Class::getSimpleName).orElseThrow()
            + "."
            + test.getTestMethod().orElseThrow().getName();
    return Checkout.emptyFolder("hosts", name);
  }

  /** Starts a daemon for the VMs of {@code libvirt}; {@code vms} are its [[vm]] tables. */
  static LabHost start(TestInfo test, LabLibvirt libvirt, String... vms) {
    Path folder = folder(test);
    PlainCpuTree tree = PlainCpuTree.create(folder.resolve("cpu"));
    // One pCPU with a speed of its own, for that must be given back, too.
    tree.write(1, "scaling_governor", "userspace");
    tree.write(1, "scaling_setspeed", "2300000");
    return start(folder, tree, libvirt, vms);
  }

  static LabHost start(Path folder, PlainCpuTree tree, LabLibvirt libvirt, String... vms) {
    String config =
        """
        [cpu]
        root = "%s"

        [state]
        dir = "%s"
        lib = "%s"

        [control]
        socket = "%s"

        [libvirt]
        uri = "%s"

        %s
        """
            .formatted(
                tree.root(),
                folder.resolve("state"),
                folder.resolve("lib"),
                socket(libvirt),
                libvirt.uri(),
                String.join("\n", vms));
    try {
      Files.writeString(folder.resolve("vmpower.toml"), config);
      Files.createDirectories(socket(libvirt).getParent());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new LabHost(folder, tree, libvirt);
  }

  // Not in the folder: the name of a test is longer than a socket's path may be.
  private static Path socket(LabLibvirt libvirt) {
    return LabGuest.sockets().resolve("host").resolve(libvirt.name() + ".sock");
  }

  private Path config() {
    return folder.resolve("vmpower.toml");
  }

  Path folder() {
    return folder;
  }

  PlainCpuTree tree() {
    return tree;
  }

  LabDaemon daemon() {
    return daemon;
  }

  Ctl ctl() {
    return new Ctl(socket(libvirt));
  }

  /** Names another libvirt to the next daemon; {@code uri} is the address in its place. */
  void reachLibvirtBy(String uri) {
    try {
      String text = Files.readString(config());
      Files.writeString(
          config(), text.replaceFirst("(?m)^uri = .*", Matcher.quoteReplacement(line(uri))));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String line(String uri) {
    return "uri = \"" + uri + "\"";
  }

  /** Starts a daemon again after the last one ended. */
  void startDaemonAgain() {
    starts++;
    daemon = LabDaemon.start(libvirt, config(), folder.resolve("daemon." + starts + ".log"));
  }

  /** Waits until {@code cpu} is set to {@code khz} by userspace, within the promised time. */
  void awaitSpeed(int cpu, String khz) {
    awaitSpeed(cpu, khz, SOON);
  }

  void awaitSpeed(int cpu, String khz, Duration limit) {
    awaitEqual(limit, () -> tree.speed(cpu), khz, "speed of pCPU " + cpu);
  }

  /** Waits until every file is as it was before the daemon started. */
  void awaitAsFound() {
    awaitAsFound(SOON);
  }

  void awaitAsFound(Duration limit) {
    awaitEqual(limit, tree::asFound, (Map<String, String>) found, "the CPU tree");
  }

  /** Fails unless every file is as it was before the daemon started. */
  void isAsFound() {
    assertThat(tree.asFound()).containsExactlyEntriesOf(found);
  }

  /** Waits until a line of the daemon's log has {@code regex} in it. */
  void awaitLog(String regex) {
    awaitLog(regex, SOON);
  }

  void awaitLog(String regex, Duration limit) {
    Pattern pattern = Pattern.compile(regex, Pattern.CASE_INSENSITIVE);
    await()
        .atMost(limit)
        .pollInterval(POLL)
        .untilAsserted(
            () -> assertThat(daemon.log()).anyMatch(line -> pattern.matcher(line).find()));
  }

  private static <T> void awaitEqual(
      Duration limit, ThrowingSupplier<? extends T> actual, T expected, String what) {
    await()
        .atMost(limit)
        .pollDelay(Duration.ZERO)
        .pollInterval(POLL)
        .untilAsserted(
            () -> {
              try {
                assertThat(actual.get()).as(what).isEqualTo(expected);
              } catch (RuntimeException | Error e) {
                throw e;
              } catch (Throwable e) {
                throw new AssertionError(e);
              }
            });
  }

  @Override
  public void close() {
    daemon.close();
  }
}
