package dev.vmpower.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.SortedMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A long life of one daemon: 200 channels of 50 VMs that restart, hang up and send junk, while
 * operators, other programs and the hot-plug lay hands on 5 of them. No reply is wrong, and nothing
 * grows.
 *
 * <p>A minute of it, or {@code -Dvmpower.soak.minutes=60}. Its figures are in {@code
 * lab/build/soak/figures.md}.
 */
@Tag("lab")
class SoakTest {
  private static final int VMS = 50;
  private static final int DISTURBED = 5;
  private static final int SAMPLES = 12;
  private static final int SLACK_THREADS = 4;
  private static final int SLACK_FDS = 20;
  private static final double SLACK_MEMORY = 1.25;
  private static final int SLACK_HEAP_KIB = 2_048;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Path directory = Checkout.emptyFolder("soak");
  private final List<SoakVm> vms = new ArrayList<>();
  private final List<Thread> threads = new ArrayList<>();
  private @Nullable Process started;

  @AfterEach
  void end() throws InterruptedException, IOException {
    vms.forEach(SoakVm::stop);
    for (Thread thread : threads) {
      thread.join();
    }
    for (SoakVm vm : vms) {
      vm.end();
    }
    if (started != null) {
      started.destroyForcibly().waitFor();
    }
  }

  @Test
  @Timeout(value = 3, unit = TimeUnit.HOURS)
  void noReplyIsWrongAndNothingGrows() throws Exception {
    double minutes = Double.parseDouble(System.getProperty("vmpower.soak.minutes", "1"));
    long seed = Long.getLong("vmpower.soak.seed", new Random().nextLong());
    System.out.printf("soak: %s minutes, seed %d%n", minutes, seed);
    PlainCpuTree tree =
        PlainCpuTree.create(
            directory.resolve("cpu"), VMS * SoakVm.CHANNELS, VMS * SoakVm.CHANNELS, 1);
    SortedMap<String, String> found = tree.asFound();
    Path channels = Files.createDirectories(directory.resolve("channels"));
    for (int i = 0; i < VMS; i++) {
      boolean disturbed = i >= VMS - DISTURBED;
      vms.add(new SoakVm("s" + i, channels, i * SoakVm.CHANNELS, tree, disturbed, seed + i));
    }
    Process daemon = start(channels);
    SoakDisturber disturber =
        new SoakDisturber(
            directory.resolve("control.sock"),
            tree,
            vms.subList(VMS - DISTURBED, VMS),
            "0-" + (VMS * SoakVm.CHANNELS - 1),
            seed);
    vms.forEach(vm -> threads.add(Thread.ofPlatform().start(vm)));
    Thread disturbing = Thread.ofPlatform().start(disturber);

    SoakFigures figures = new SoakFigures(daemon.pid(), vms, disturber);
    long everyNs = (long) (minutes * 60e9 / SAMPLES);
    for (int i = 0; i < SAMPLES; i++) {
      LockSupport.parkNanos(everyNs);
      figures.sample();
      Files.writeString(directory.resolve("figures.md"), figures.table());
      assertThat(daemon.isAlive()).isTrue();
    }

    disturber.stop();
    disturbing.join();
    assertThat(disturber.broken).isEmpty();
    disturber.calm();
    vms.forEach(SoakVm::stop);
    for (Thread thread : threads) {
      thread.join();
    }
    await().atMost(PATIENCE).until(() -> log().noneMatch(line -> line.contains(" ERROR ")));
    disturber.calm();
    LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(7)); // more than a sweep
    for (SoakVm vm : vms) {
      vm.lastWord();
    }
    assertThat(vms).allSatisfy(vm -> assertThat(vm.wrong).as("seed %d", seed).isEmpty());
    figures.nothingGrew(SLACK_THREADS, SLACK_FDS, SLACK_MEMORY, SLACK_HEAP_KIB);

    daemon.destroy();
    assertThat(daemon.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
    assertThat(daemon.exitValue()).isZero();
    // Where another program had set its governor when a VM came, that is what was found.
    SortedMap<String, String> left = tree.asFound();
    for (int cpu = (VMS - DISTURBED) * SoakVm.CHANNELS; cpu < VMS * SoakVm.CHANNELS; cpu++) {
      String governor = "cpufreq/policy" + cpu + "/scaling_governor";
      assertThat(left.remove(governor)).isIn("powersave\n", found.remove(governor));
    }
    assertThat(left).isEqualTo(found);
  }

  private Stream<String> log() throws IOException {
    return Files.readAllLines(directory.resolve("log")).stream();
  }

  private Process start(Path channels) throws IOException {
    StringBuilder config = new StringBuilder();
    config.append("[cpu]\nroot = \"%s\"\n".formatted(directory.resolve("cpu")));
    config.append("[state]\ndir = \"%1$s/run\"\nlib = \"%1$s/lib\"\n".formatted(directory));
    config.append("[control]\nsocket = \"%s/control.sock\"\n".formatted(directory));
    config.append("[libvirt]\nuri = \"\"\n");
    for (int i = 0; i < VMS; i++) {
      int cpu = i * SoakVm.CHANNELS;
      config.append("[[vm]]\nname = \"s%d\"\nquery = true\n".formatted(i));
      config.append("channels = \"%s\"\n".formatted(channels));
      config.append(
          "vcpus = [\"%d\", \"%d\", \"%d\", \"%d\"]\n".formatted(cpu, cpu + 1, cpu + 2, cpu + 3));
    }
    Path file = Files.writeString(directory.resolve("vmpower.toml"), config);
    Process process =
        new ProcessBuilder(Checkout.launcher(), "daemon", "--config", file.toString())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(directory.resolve("log").toFile())
            .start();
    Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
    started = process;
    await().atMost(PATIENCE).until(() -> log().anyMatch(line -> line.contains("ready")));
    return process;
  }
}
