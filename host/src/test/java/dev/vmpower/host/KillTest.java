package dev.vmpower.host;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vmpower.host.config.ConfigFile;
import dev.vmpower.protocol.Unit;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * Killed at any instant, once or twice in a row, at work, at a start or while restoring: then all
 * is given back, and what is not managed was never touched.
 */
@Execution(ExecutionMode.CONCURRENT)
class KillTest {
  private static final int LAB_ROUNDS = Integer.getInteger("vmpower.kills", 6);
  private static final int LAB_HOSTS = 8;
  private static final int HOSTS = 2;
  private static final int WORK_MS_MAX = 400;
  private static final int START_MS_MAX = 1500;
  private static final Unit[] UNITS = {
    Unit.SCALE_MIN, Unit.SCALE_MAX, Unit.SCALE_UP, Unit.SCALE_DOWN, Unit.DISABLE_TURBO
  };

  @TempDir Path directory;

  private final long seed = new Random().nextLong();
  private final Random random = new Random(seed);

  /**
   * pCPU 0 and 1 on one clock, 2 on its own, 3 reserved though a vCPU is pinned there, 4 nobody's.
   */
  private static final class Plain {
    final Path top;
    final Path config;
    final SortedMap<String, String> found;
    final List<FakeGuest> guests = new ArrayList<>();

    Plain(Path top) throws IOException {
      this.top = top;
      Files.createDirectories(top.resolve("channels"));
      policy("0 1", 0);
      policy("2", 2);
      policy("3", 3);
      policy("4", 4);
      Files.writeString(top.resolve("cpu/online"), "0-4\n");
      config =
          Files.writeString(
              top.resolve("vmpower.toml"),
              """
              [cpu]
              root = "%1$s/cpu"
              reserved = "3"
              [state]
              dir = "%1$s/run"
              lib = "%1$s/lib"
              [control]
              socket = "%1$s/control.sock"
              [libvirt]
              uri = ""
              [[vm]]
              name = "a"
              channels = "%1$s/channels"
              vcpus = ["0", "2"]
              [[vm]]
              name = "b"
              channels = "%1$s/channels"
              vcpus = ["1-2", "3"]
              """
                  .formatted(top));
      found = files();
    }

    private void policy(String cpus, int number) throws IOException {
      Path policy = Files.createDirectories(top.resolve("cpu/cpufreq/policy" + number));
      for (String cpu : cpus.split(" ")) {
        Files.createDirectories(top.resolve("cpu/cpu" + cpu));
      }
      Files.writeString(policy.resolve("related_cpus"), cpus + "\n");
      Files.writeString(policy.resolve("scaling_driver"), "acpi-cpufreq\n");
      boolean byHand = number == 2;
      Files.writeString(policy.resolve("scaling_governor"), byHand ? "userspace\n" : "ondemand\n");
      Files.writeString(
          policy.resolve("scaling_setspeed"), byHand ? "2000000\n" : "<unsupported>\n");
      Files.writeString(policy.resolve("scaling_available_frequencies"), Rig.TABLE + " \n");
      Files.writeString(policy.resolve("scaling_min_freq"), "1200000\n");
      Files.writeString(policy.resolve("scaling_max_freq"), "2601000\n");
    }

    /**
     * Every file with what it holds; of what is never managed also its inode and its last write.
     */
    SortedMap<String, String> files() throws IOException {
      SortedMap<String, String> files = new TreeMap<>();
      try (Stream<Path> paths = Files.walk(top.resolve("cpu"))) {
        for (Path path : paths.filter(Files::isRegularFile).toList()) {
          String name = top.relativize(path).toString();
          boolean ours = name.matches(".*policy[02]/scaling_(governor|setspeed|m.._freq)");
          Object stamp = ours ? "" : Files.getAttribute(path, "unix:ctime");
          Object inode = Files.getAttribute(path, "unix:ino");
          files.put(name, Files.readString(path) + stamp + " " + inode);
        }
      }
      return files;
    }

    void listen() throws IOException {
      for (String channel : List.of("a.0", "a.1", "b.0", "b.1")) {
        guests.add(FakeGuest.listen(top.resolve("channels/" + channel)));
      }
    }

    void closeGuests() throws IOException {
      for (FakeGuest guest : guests) {
        guest.close();
      }
      guests.clear();
    }
  }

  @Test
  void killedAtAnyInstantAllIsGivenBack() throws Exception {
    play(1, HOSTS);
  }

  /** The same at more instants: {@code -Dvmpower.kills} rounds of 8 daemons each. */
  @Test
  @Tag("lab")
  void killedAtHundredsOfInstantsAllIsGivenBack() throws Exception {
    assertThat(play(LAB_ROUNDS, LAB_HOSTS)).as("killed with something managed").isPositive();
    System.out.println(LAB_ROUNDS * LAB_HOSTS + " daemons killed at work, seed " + seed);
  }

  /** Returns how often something was managed when a daemon died. */
  private int play(int rounds, int count) throws Exception {
    List<Plain> hosts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      hosts.add(new Plain(directory.resolve("h" + i)));
    }
    int managed = 0;
    for (int round = 0; round < rounds; round++) {
      managed += workAndDie(hosts);
      boolean again = random.nextInt(3) == 0;
      if (again) {
        die(hosts, random.nextBoolean() ? "run" : "restore");
      }
      for (Plain host : hosts) {
        RunningDaemon.restore(ConfigFile.read(host.config));
        assertThat(host.files()).as("seed %d, round %d", seed, round).isEqualTo(host.found);
        assertThat(host.top.resolve("run/originals")).doesNotExist();
      }
    }
    return managed;
  }

  /** Returns how many of the hosts had something managed when the daemons died. */
  private int workAndDie(List<Plain> hosts) throws Exception {
    List<Thread> load = new ArrayList<>();
    for (Plain host : hosts) {
      host.listen();
    }
    Process process = start(hosts, "run");
    try (BufferedReader out = process.inputReader()) {
      assertThat(out.readLine()).isEqualTo("all");
      for (Plain host : hosts) {
        load.add(Thread.ofPlatform().start(() -> ask(host, random.nextLong())));
        load.add(Thread.ofPlatform().start(() -> order(host, random.nextLong())));
      }
      spin(random.nextInt(WORK_MS_MAX));
      ScratchHost.kill(process);
    } finally {
      ScratchHost.kill(process);
    }
    for (Thread thread : load) {
      thread.join();
    }
    int managed = 0;
    for (Plain host : hosts) {
      managed += Files.exists(host.top.resolve("run/originals")) ? 1 : 0;
      host.closeGuests();
      Files.deleteIfExists(host.top.resolve("lib/orders")); // or the holds come back
    }
    return managed;
  }

  /** A process that is killed before it has done much. */
  private void die(List<Plain> hosts, String verb) throws IOException {
    Process process = start(hosts, verb);
    spin(random.nextInt(START_MS_MAX));
    ScratchHost.kill(process);
  }

  private static void spin(int ms) {
    long untilNs = System.nanoTime() + ms * 1_000_000L;
    while (System.nanoTime() < untilNs) {
      Thread.onSpinWait();
    }
  }

  private static void ask(Plain host, long seed) {
    Random random = new Random(seed);
    try {
      for (FakeGuest guest : host.guests) {
        guest.awaitConnection();
      }
      while (true) {
        int channel = random.nextInt(host.guests.size());
        host.guests.get(channel).ask(UNITS[random.nextInt(UNITS.length)], channel % 2);
        if (random.nextInt(50) == 0) {
          host.guests.get(channel).hangUp();
          host.guests.get(channel).awaitConnection();
        }
      }
    } catch (IOException | AssertionError killed) {
      // That is the end of the round.
    }
  }

  private static void order(Plain host, long seed) {
    Random random = new Random(seed);
    String[][] orders = {
      {"/v1/cpus/set", "{\"cpus\":\"0\",\"level\":\"1700000\"}"},
      {"/v1/cpus/release", "{\"cpus\":\"0\"}"},
      {"/v1/channels/disable", "{\"vm\":\"a\",\"channels\":\"all\"}"},
      {"/v1/channels/enable", "{\"vm\":\"a\",\"channels\":\"all\"}"},
      {"/v1/pause", ""},
      {"/v1/resume", ""},
    };
    try {
      while (true) {
        String[] order = orders[random.nextInt(orders.length)];
        if (ScratchHost.post(host.top.resolve("control.sock"), order[0], order[1]).isEmpty()) {
          return;
        }
      }
    } catch (IOException killed) {
      // That is the end of the round.
    }
  }

  private static Process start(List<Plain> hosts, String verb) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                ProcessHandle.current().info().command().orElseThrow(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "--add-exports=java.base/sun.nio.ch=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                ManyDaemons.class.getName(),
                verb));
    hosts.forEach(host -> command.add(host.config.toString()));
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
  }
}
