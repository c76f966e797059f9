package dev.vmpower.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * SIGKILL at any instant on the kernel's real acpi-cpufreq, under a guest that never rests: at
 * work, during a start, while restoring, also twice in a row. Then, by {@code restore} or by the
 * next daemon's orderly end, every file below {@code /sys/devices/system/cpu} reads as it was
 * found. vCPU 0, 1 and 2 run on pCPU 1, 2 and 3, which are found in three different states; pCPU 0
 * is nobody's.
 */
@Tag("lab")
@Order(10)
@Timeout(value = 1, unit = TimeUnit.HOURS) // it takes as long as its kills do
@ExtendWith(Lab.class)
class KernelKillTest {
  /** How many daemons are killed at least; a longer run has {@code -Dvmpower.kernel.kills=200}. */
  private static final int KILLS = Integer.getInteger("vmpower.kernel.kills", 20);

  private static final String CPUFREQ = "/sys/devices/system/cpu/cpufreq";
  private static final int FILES_MIN = 200;
  private static final int REQUESTS = 400; // then the same again
  private static final String[] VERBS = {"min", "max", "up", "down", "turbo", "noturbo"};
  private static final int WORK_MS_MAX = 1_500;

  /** So often it is the next daemon that gives back, which takes longer than to restore. */
  private static final int ROUNDS_PER_DAEMON = 4;

  private final long seed = new Random().nextLong();
  private final Random random = new Random(seed);
  private final InnerHost host = InnerHost.boot(1);
  private final CpufreqMachine machine = host.machine();
  private int startMs;
  private int kills;
  private int managed;

  @AfterEach
  void powerOff(TestInfo test) {
    host.saveLog(test);
    host.close();
  }

  @Test
  void killedAtAnyInstantEveryFileIsAsFound() {
    arrangeWhatIsFound();
    String found = everyFile();
    assertThat(found.lines().count()).as("it sees the files").isGreaterThan(FILES_MIN);
    assertThat(found).contains("policy2/scaling_min_freq:1400000", "cpu3/online:1");
    startGuestThatNeverRests();
    int rounds = 0;
    int restores = 0;
    long beganNs = System.nanoTime();
    while (kills < KILLS) {
      boolean atWork = rounds == 0 || random.nextInt(4) != 0;
      kill(found, atWork);
      if (random.nextInt(3) == 0) {
        killAgain(found);
      }
      if (rounds % ROUNDS_PER_DAEMON != 1) {
        host.restore();
        restores++;
      } else {
        host.startDaemon(vm());
        assertThat(host.terminateDaemon()).isEqualTo("0");
      }
      rounds++;
      assertThat(everyFile()).as("seed %d, round %d", seed, rounds).isEqualTo(found);
      assertThat(machine.run("ls /run/lab/state")).doesNotContain("originals");
      System.err.printf("%d kills of %d%n", kills, KILLS);
    }
    System.out.printf(
        "%d rounds in %d s, %d kills, %d with files changed; %d restores; %s ACKs; seed %d%n",
        rounds,
        Duration.ofNanos(System.nanoTime() - beganNs).toSeconds(),
        kills,
        managed,
        restores,
        machine.run("grep -c ^ack /run/answers || true"),
        seed);
    assertThat(managed).as("killed with files changed").isGreaterThan(KILLS / 4);
  }

  private static String vm() {
    return InnerHost.vm("vm0", "1", "2", "3");
  }

  /** A governor that scales, one within an administrator's limits, and a speed set by hand. */
  private void arrangeWhatIsFound() {
    machine.run(
        """
        cd %s
        echo ondemand >policy2/scaling_governor
        echo 2300000 >policy2/scaling_max_freq
        echo 1400000 >policy2/scaling_min_freq
        echo userspace >policy3/scaling_governor
        echo 1700000 >policy3/scaling_setspeed
        """
            .formatted(CPUFREQ));
  }

  private void startGuestThatNeverRests() {
    host.startGuest("vm0", 3);
    String requests =
        Stream.generate(() -> VERBS[random.nextInt(VERBS.length)] + " " + random.nextInt(3))
            .limit(REQUESTS)
            .collect(Collectors.joining("\n"));
    machine.run(
        """
        cat >/run/requests <<'END'
        %s
        END
        yes "$(cat /run/requests)" >/run/vm0.in 2>/dev/null &
        cat /run/vm0.out >/run/answers 2>/dev/null &
        """
            .formatted(requests));
  }

  /** At work: a while after it was ready and had taken pCPU 1 over. Else at any time before. */
  private void kill(String found, boolean atWork) {
    long sinceNs = System.nanoTime();
    host.launchDaemon(vm());
    if (atWork) {
      machine.run(
          """
          until grep -qw ready /run/lab/log && grep -q userspace %s/policy1/scaling_governor; do
            sleep 0.05
            if [ -e /run/lab/status ]; then cat /run/lab/log; exit 1; fi
          done
          """
              .formatted(CPUFREQ));
      startMs = (int) Duration.ofNanos(System.nanoTime() - sinceNs).toMillis();
      sleepMs(random.nextInt(WORK_MS_MAX));
    } else {
      sleepMs(random.nextInt(startMs));
    }
    assertThat(host.killDaemon()).isEqualTo("137");
    boolean changed = count(found);
    assertThat(changed || !atWork).as("what was killed at work had changed files").isTrue();
  }

  /** The next daemon, or what restores in its place, is killed before it has done much. */
  private void killAgain(String found) {
    if (random.nextBoolean()) {
      kill(found, false);
    } else {
      host.launchRestore();
      sleepMs(random.nextInt(startMs));
      host.killDaemon();
      count(found);
    }
  }

  private boolean count(String found) {
    boolean changed = !everyFile().equals(found);
    kills++;
    managed += changed ? 1 : 0;
    return changed;
  }

  private void sleepMs(int ms) {
    machine.run("sleep " + ms / 1000.0);
  }

  /** What the kernel's files on CPUs hold, but for those that the hardware and the time change. */
  private String everyFile() {
    return machine.run(
        """
        cd /sys/devices/system/cpu
        find . -type f ! -path '*/stats/*' ! -path '*/state[0-9]*/*' ! -path '*/power/*' \
            ! -name '*_cur_freq' ! -path '*/thermal_throttle/*' | sort | xargs grep -s '^' || true
        """);
  }
}
