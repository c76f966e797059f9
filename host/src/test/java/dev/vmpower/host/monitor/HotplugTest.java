package dev.vmpower.host.monitor;

import static dev.vmpower.protocol.ReplyKind.ACK;
import static dev.vmpower.protocol.ReplyKind.NACK;
import static dev.vmpower.protocol.Unit.DISABLE_TURBO;
import static dev.vmpower.protocol.Unit.SCALE_MAX;
import static dev.vmpower.protocol.Unit.SCALE_MIN;
import static dev.vmpower.protocol.Unit.SCALE_UP;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.vmpower.host.FakeGuest;
import dev.vmpower.host.Rig;
import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.fake.FakeSysfs;
import dev.vmpower.machine.sysfs.DirectorySysfs;
import dev.vmpower.machine.sysfs.Errno;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/**
 * pCPUs that go offline and come back, and drivers that do. A pCPU that is back is at a speed that
 * the kernel only guesses, so what counts is what its hardware was told since.
 */
class HotplugTest {
  /** What the fake kernel guesses of a pCPU that is back. */
  private static final int GUESS_KHZ = 2_600_000;

  @TempDir Path directory;

  private static void setOnline(Rig rig, int cpu, boolean online) {
    rig.sysfs.setOnline(cpu, online);
    rig.sysfs.put("online", online ? "0-3" : CpuSet.parse("0-3").without(CpuSet.of(cpu)) + "");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whatTheKernelGuessesRightIsToldTheHardwareAllTheSame(boolean seenOffline) throws Exception {
    try (Rig rig = Rig.withCpus(directory, 4).vm("vm0", "1").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(DISABLE_TURBO, 0)).isEqualTo(ACK);
      assertThat(rig.khz(1)).isEqualTo(GUESS_KHZ);
      setOnline(rig, 1, false);
      if (seenOffline) {
        rig.pass(Monitor.SWEEP_NS);
        assertThat(guest.ask(DISABLE_TURBO, 0)).isEqualTo(NACK);
      }
      setOnline(rig, 1, true);
      rig.sysfs.policy(1).takeTransitions();

      rig.pass(Monitor.SWEEP_NS);

      assertThat(rig.sysfs.policy(1).takeTransitions()).hasSize(2).endsWith(GUESS_KHZ);
      assertThat(rig.cpu(1).conflicts()).isZero();
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
    }
  }

  @Test
  void anotherLevelGoesFirstAlsoBetweenLimits() throws Exception {
    Rig limited = Rig.withCpus(directory, 4).vm("vm0", "1");
    limited.sysfs.write("cpufreq/policy1/scaling_min_freq", "2300000");
    limited.sysfs.write("cpufreq/policy1/scaling_max_freq", "2600000");
    try (Rig rig = limited.start()) {
      assertThat(rig.guest("vm0", 0).ask(SCALE_MAX, 0)).isEqualTo(ACK);
      setOnline(rig, 1, false);
      setOnline(rig, 1, true);
      rig.sysfs.policy(1).takeTransitions();

      rig.pass(Monitor.SWEEP_NS);

      assertThat(rig.sysfs.policy(1).takeTransitions()).containsExactly(2_300_000, GUESS_KHZ);
    }
  }

  /** The kernel's guess is not another program's speed, which would be left alone. */
  @Test
  void whoseAbsenceWasNotSeenGetsItsSpeedBackAllTheSame() throws Exception {
    Rig rig = Rig.withCpus(directory, 4).vm("vm0", "1");
    rig.sysfs.policy(1).setGovernor("userspace");
    String setspeed = "cpufreq/policy1/scaling_setspeed";
    rig.sysfs.write(setspeed, "2000000");
    try (rig) {
      assertThat(rig.start().guest("vm0", 0).ask(SCALE_MIN, 0)).isEqualTo(ACK);
      setOnline(rig, 1, false);
      setOnline(rig, 1, true);
      assertThat(rig.sysfs.read(setspeed)).isEqualTo("" + GUESS_KHZ);
    }
    assertThat(rig.sysfs.read(setspeed)).isEqualTo("2000000");
  }

  @Test
  void whatIsAwayAtTheEndIsSaidAndGivenBackByTheNextStart() throws Exception {
    Rig rig = Rig.withCpus(directory, 4).vm("vm0", "1");
    String governor = "cpufreq/policy1/scaling_governor";
    final String found = rig.sysfs.read(governor);
    ListAppender<ILoggingEvent> log = new ListAppender<>();
    log.start();
    Logger logger = (Logger) LoggerFactory.getLogger("vmpower.cpufreq");
    logger.addAppender(log);
    try (rig) {
      assertThat(rig.start().guest("vm0", 0).ask(SCALE_MIN, 0)).isEqualTo(ACK);
      setOnline(rig, 1, false);
      rig.pass(Monitor.SWEEP_NS);
    } finally {
      logger.detachAppender(log);
    }
    assertThat(List.copyOf(log.list))
        .anySatisfy(
            line ->
                assertThat(line.getFormattedMessage())
                    .startsWith("policy1 is away and not given back"));

    setOnline(rig, 1, true);
    assertThat(rig.sysfs.read(governor)).isEqualTo("userspace");
    try (rig) {
      rig.start().pass(Monitor.SWEEP_NS);
    }
    assertThat(rig.sysfs.read(governor)).isEqualTo(found);
  }

  /** Its transitions fail without a word: that the guess is the target then means nothing. */
  @Test
  void aGuessThatTheHardwareWasNotToldIsNotTakenForTheTarget() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 4).vm("vm0", "1").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(DISABLE_TURBO, 0)).isEqualTo(ACK);
      setOnline(rig, 1, false);
      setOnline(rig, 1, true);
      rig.sysfs.policy(1).takeTransitions();
      rig.sysfs.policy(1).setFailsSilently(true);
      rig.pass(Monitor.SWEEP_NS);
      assertThat(guest.ask(DISABLE_TURBO, 0)).isEqualTo(NACK);
      rig.sysfs.policy(1).setFailsSilently(false);

      rig.pass(Monitor.SWEEP_NS);

      assertThat(rig.sysfs.policy(1).takeTransitions()).hasSize(2).endsWith(GUESS_KHZ);
      assertThat(guest.ask(DISABLE_TURBO, 0)).isEqualTo(ACK);
    }
  }

  /** Two threads of a core, held differently while one was away. */
  @Test
  void aHoldThatTheKernelRefusesLeavesTheOneThatWaits() throws Exception {
    FakeSysfs sysfs =
        new FakeSysfs()
            .addCpus(0, 2, Rig.TABLE)
            .put("cpu0/topology/thread_siblings_list", "0-1")
            .put("cpu1/topology/thread_siblings_list", "0-1");
    try (Rig rig = new Rig(directory, sysfs).start()) {
      rig.ask(new Verb.SetCpus(CpuSet.of(1), "1400000", "root", 0));
      sysfs.setOnline(1, false);
      rig.pass(Monitor.SWEEP_NS);
      rig.ask(new Verb.SetCpus(CpuSet.of(0), "max", "root", 0));
      sysfs.setOnline(1, true);
      rig.pass(Monitor.SWEEP_NS);
      sysfs.failWrites("cpufreq/policy0/scaling_setspeed", Errno.EIO);
      assertThatThrownBy(() -> rig.ask(new Verb.SetCpus(CpuSet.of(0), "min", "root", 0)))
          .hasMessageContaining("policy0");
      sysfs.failWrites("cpufreq/policy0/scaling_setspeed", null);

      sysfs.setOnline(0, false);
      rig.pass(Monitor.SWEEP_NS);

      assertThat(rig.khz(1)).isEqualTo(1_400_000);
    }
  }

  @Test
  void aRequestAfterAShortAbsenceIsNoConflict() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 4).vm("vm0", "1").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      setOnline(rig, 1, false);
      setOnline(rig, 1, true);

      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);

      assertThat(rig.khz(1)).isEqualTo(1_200_000);
      assertThat(rig.cpu(1).conflicts()).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void aSharedClockThatLosesAMemberGoesOnAndIsToldAnewWhenItReturns(int member) throws Exception {
    FakeSysfs sysfs =
        new FakeSysfs().put("online", "0-3").addPolicy(Rig.TABLE, 0, 1).addPolicy(Rig.TABLE, 2, 3);
    int other = 5 - member;
    try (Rig rig =
        new Rig(directory, sysfs).vm("gone", member + "").vm("stays", other + "").start()) {
      FakeGuest gone = rig.guest("gone", 0);
      FakeGuest stays = rig.guest("stays", 0);
      assertThat(gone.ask(SCALE_MAX, 0)).isEqualTo(ACK);
      assertThat(stays.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      setOnline(rig, member, false);
      rig.pass(Monitor.SWEEP_NS);

      assertThat(rig.khz(2)).as("a vote counts where it may run").isEqualTo(1_200_000);
      assertThat(gone.ask(SCALE_UP, 0)).isEqualTo(NACK);
      assertThat(stays.ask(SCALE_UP, 0)).isEqualTo(ACK);
      assertThat(rig.khz(2)).isEqualTo(1_400_000);
      assertThat(gone.ask(SCALE_MIN, 0)).isEqualTo(NACK);
      setOnline(rig, member, true);
      rig.sysfs.policy(2).takeTransitions();
      rig.pass(Monitor.SWEEP_NS);

      assertThat(rig.sysfs.policy(2).takeTransitions()).hasSize(2).endsWith(1_400_000);
      assertThat(gone.ask(SCALE_MIN, 0)).isEqualTo(ACK);
    }
  }

  @Test
  void aHoldIsInForceAgain() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 4).vm("vm0", "1").start()) {
      rig.ask(new Verb.SetCpus(CpuSet.of(1), "1700000", "root"));
      setOnline(rig, 1, false);
      rig.pass(Monitor.SWEEP_NS);
      setOnline(rig, 1, true);
      rig.pass(Monitor.SWEEP_NS);

      assertThat(rig.khz(1)).isEqualTo(1_700_000);
      rig.ask(new Verb.ReleaseCpus(CpuSet.of(1)));
      assertThat(rig.governor(1)).isEqualTo("schedutil");
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aDisabledChannelStaysFrozenWhereItWas(boolean restarted) throws Exception {
    try (Rig rig = Rig.withCpus(directory, 4).vm("vm0", "1").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(guest.ask(SCALE_UP, 0)).isEqualTo(ACK);
      rig.ask(new Verb.EnableChannels("vm0", null, false));
      setOnline(rig, 1, false);
      rig.pass(Monitor.SWEEP_NS);
      if (restarted) {
        rig.stop();
        rig.start();
        guest.awaitConnection();
        await().until(() -> rig.status().channels() == 1);
      }
      setOnline(rig, 1, true);
      rig.pass(Monitor.SWEEP_NS);

      assertThat(rig.khz(1)).isEqualTo(1_400_000);
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(NACK);
      rig.ask(new Verb.EnableChannels("vm0", null, true));
      assertThat(rig.khz(1)).isEqualTo(2_601_000);
    }
  }

  @Test
  void whatNobodyAskedForIsNotTouchedWhenItReturns() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 4).vm("vm0", "1").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      for (boolean online : new boolean[] {false, true}) {
        setOnline(rig, 1, online);
        rig.pass(Monitor.SWEEP_NS);
      }
      assertThat(rig.sysfs.takeWrites()).isEmpty();
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      guest.close();
      await().until(() -> rig.status().managedDomains() == 0);
      assertThat(rig.governor(1)).isEqualTo("schedutil");
    }
  }

  /** A step begins at the lowest-numbered pCPU, of which nobody knows what it is limited to. */
  @Test
  void limitsThatCannotBeReadBindNothing() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 4).vm("vm0", "1-2").start()) {
      rig.sysfs.write("cpufreq/policy1/scaling_min_freq", "2600000");
      rig.ask(new Verb.SetCpus(CpuSet.of(1), "max", "root"));
      rig.ask(new Verb.ReleaseCpus(CpuSet.of(1)));
      setOnline(rig, 1, false);
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(NACK);
      assertThat(rig.khz(2)).isEqualTo(1_200_000);

      assertThat(guest.ask(SCALE_UP, 0)).isEqualTo(NACK);

      assertThat(rig.khz(2)).isEqualTo(1_400_000);
    }
  }

  @Test
  void aPcpuThatIsOfflineAtTheStartIsTakenOverWhenItComes() throws Exception {
    Rig late = Rig.withCpus(directory, 4).vm("vm0", "1");
    setOnline(late, 1, false);
    try (Rig rig = late.start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(DISABLE_TURBO, 0)).isEqualTo(NACK);
      setOnline(rig, 1, true);
      rig.sysfs.policy(1).takeTransitions();
      rig.pass(Monitor.SWEEP_NS);

      assertThat(rig.sysfs.policy(1).takeTransitions()).hasSize(2).endsWith(GUESS_KHZ);
      assertThat(guest.ask(DISABLE_TURBO, 0)).isEqualTo(ACK);
      rig.stop();
      assertThat(rig.governor(1)).isEqualTo("schedutil");
    }
  }

  @Test
  void aDriverThatIsUnloadedAndLoadedAgainIsTakenOverAnew() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 4).vm("vm0", "1").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      rig.sysfs.unloadDriver();
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(NACK);
      rig.pass(Monitor.SWEEP_NS);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(NACK);

      rig.sysfs.addCpus(0, 4, Rig.TABLE);
      rig.pass(Monitor.SWEEP_NS);

      assertThat(rig.khz(1)).as("its vote was kept").isEqualTo(1_200_000);
      assertThat(rig.status().refusals()).containsEntry("no_cpufreq", 2L);
      rig.stop();
      assertThat(rig.governor(1)).isEqualTo("schedutil");
    }
  }

  /** A tree that somebody fills while it is looked at: each file is there at some sweep. */
  @Test
  void aPlainTreeIsTakenOverOnceItIsWhole() throws Exception {
    Path cpu = Files.createDirectories(directory.resolve("cpu"));
    Files.writeString(cpu.resolve("online"), "0-1\n");
    Files.createDirectories(cpu.resolve("cpu0"));
    Files.createDirectories(cpu.resolve("cpu1"));
    try (Rig rig = new Rig(directory, new DirectorySysfs(cpu)).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(NACK);
      Path policy = Files.createDirectories(cpu.resolve("cpufreq/policy0"));
      put(rig, policy, "related_cpus", "0");
      put(rig, policy, "scaling_available_frequencies", Rig.TABLE);
      put(rig, policy, "scaling_driver", "acpi-cpufreq");
      put(rig, policy, "scaling_governor", "ondemand");
      put(rig, policy, "scaling_min_freq", "1200000");
      put(rig, policy, "scaling_max_freq", "2601000");
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(NACK);
      put(rig, policy, "scaling_setspeed", "<unsupported>");

      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(policy.resolve("scaling_setspeed")).hasContent("1200000\n");
    }
  }

  private static void put(Rig rig, Path policy, String name, String text) throws Exception {
    Files.writeString(policy.resolve(name), text + "\n");
    rig.pass(Monitor.SWEEP_NS);
  }
}
