package dev.vmpower.host.monitor;

import static dev.vmpower.protocol.ReplyKind.ACK;
import static dev.vmpower.protocol.ReplyKind.NACK;
import static dev.vmpower.protocol.Unit.DISABLE_TURBO;
import static dev.vmpower.protocol.Unit.ENABLE_TURBO;
import static dev.vmpower.protocol.Unit.SCALE_DOWN;
import static dev.vmpower.protocol.Unit.SCALE_MAX;
import static dev.vmpower.protocol.Unit.SCALE_MIN;
import static dev.vmpower.protocol.Unit.SCALE_UP;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vmpower.host.FakeGuest;
import dev.vmpower.host.Rig;
import dev.vmpower.host.clock.Clocks;
import dev.vmpower.host.config.Config;
import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.fake.FakeDriver;
import dev.vmpower.machine.fake.FakeSysfs;
import dev.vmpower.machine.sysfs.DirectorySysfs;
import dev.vmpower.machine.sysfs.Errno;
import dev.vmpower.protocol.Unit;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What guests ask for, on every cpufreq driver; and each file as it was found afterwards. */
class DriverTest {
  private static final String POLICY = "cpufreq/policy0/";
  private static final String MAX = POLICY + "scaling_max_freq";

  @TempDir Path directory;

  @ParameterizedTest
  @EnumSource(FakeDriver.class)
  void everyRequestReachesTheHardwareAndAllIsGivenBack(FakeDriver driver) throws Exception {
    FakeSysfs sysfs = host(driver);
    Map<String, String> found = files(sysfs);
    try (Rig rig = new Rig(directory, sysfs).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      boolean turbo = driver.maxKhz() > driver.nominalKhz();

      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      isAt(rig, driver.minKhz());
      assertThat(guest.ask(SCALE_UP, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).isBetween(driver.minKhz() + 1, driver.minKhz() + 200_000);
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(driver.maxKhz());
      assertThat(guest.ask(DISABLE_TURBO, 0)).isEqualTo(ACK);
      isAt(rig, driver.nominalKhz());
      assertThat(guest.ask(SCALE_DOWN, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).isBetween(driver.nominalKhz() - 300_000, driver.nominalKhz() - 1);
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(ACK);
      isAt(rig, driver.nominalKhz());
      assertThat(guest.ask(ENABLE_TURBO, 0)).isEqualTo(turbo ? ACK : NACK);
      assertThat(rig.khz(0)).isEqualTo(driver.maxKhz());
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(rig.sysfs.takeWrites()).noneMatch(write -> write.contains("policy1"));

      rig.stop();

      assertThat(files(sysfs)).isEqualTo(found);
    }
  }

  // Busy or idle, it is this frequency.
  private static void isAt(Rig rig, int khz) {
    assertThat(rig.khz(0)).isEqualTo(khz);
    assertThat(rig.sysfs.policy(0).floorKhz()).isEqualTo(khz);
  }

  /** SIGKILL, with the kernel left as it is; then another run. */
  @ParameterizedTest
  @EnumSource(FakeDriver.class)
  void afterACrashItIsAdoptedOrRestored(FakeDriver driver) throws Exception {
    FakeSysfs sysfs = host(driver);
    Map<String, String> found = files(sysfs);
    try (Rig rig = new Rig(directory, sysfs).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      crash(rig);
      rig.start();
      guest.awaitConnection();
      rig.sync();
      assertThat(guest.ask(SCALE_MIN, 0)).as("claimed again").isEqualTo(ACK);
      rig.pass(Clocks.ADOPT_NS);
      assertThat(rig.khz(0)).isEqualTo(driver.minKhz());

      crash(rig);
      guest.close();
      rig.start();
      rig.pass(Clocks.ADOPT_NS);
      assertThat(rig.status().managedDomains()).isZero();
      assertThat(files(sysfs)).as("nobody claimed it again").isEqualTo(found);
    }
  }

  // Nothing can be written while it ends.
  private static void crash(Rig rig) throws Exception {
    for (String path : rig.sysfs.files().keySet()) {
      rig.sysfs.failWrites(path, Errno.EBUSY);
    }
    assertThatThrownBy(rig::stop).hasMessageContaining("not given back: policy0");
    for (String path : rig.sysfs.files().keySet()) {
      rig.sysfs.failWrites(path, null);
    }
  }

  @ParameterizedTest
  @EnumSource(FakeDriver.class)
  void anothersLimitsAreLeftAloneUntilAnOperatorReclaims(FakeDriver driver) throws Exception {
    FakeSysfs sysfs = host(driver);
    Map<String, String> found = files(sysfs);
    try (Rig rig = new Rig(directory, sysfs).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(ACK);
      sysfs.write(MAX, "1700000");
      sysfs.policy(0).work();
      sysfs.takeWrites();

      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(NACK);
      assertThat(sysfs.takeWrites()).isEmpty();
      assertThat(rig.status().refusals()).containsEntry("conflict", 1L);

      rig.ask(new Verb.ReclaimCpus(CpuSet.of(0)));
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).as("it is the administrator's").isEqualTo(1_700_000);
      rig.stop();

      found.put(MAX, "1700000");
      assertThat(files(sysfs)).as("and stays").isEqualTo(found);
    }
  }

  @ParameterizedTest
  @EnumSource(FakeDriver.class)
  void whereOthersChangesAreToBeUndoneAllIsAsFoundAfterwards(FakeDriver driver) throws Exception {
    FakeSysfs sysfs = host(driver);
    Map<String, String> found = files(sysfs);
    Rig reasserting =
        new Rig(directory, sysfs)
            .cpu(cpu -> new Config.Cpu(cpu.root(), CpuSet.of(), false, 8, true, false, true))
            .vm("vm0", "0");
    try (Rig rig = reasserting.start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      sysfs.policy(0).setGovernor("performance");
      sysfs.write(POLICY + "scaling_min_freq", "1700000");
      sysfs.policy(0).work();

      rig.pass(Rig.SECOND_NS);

      isAt(rig, driver.minKhz());
      rig.stop();
      // Its governor was not ours to begin with.
      if (driver == FakeDriver.INTEL_PSTATE_HWP) {
        found.put(POLICY + "scaling_governor", "performance");
        found.put(POLICY + "energy_performance_preference", "performance");
      }
      assertThat(files(sysfs)).isEqualTo(found);
    }
  }

  /** The host's switches are obeyed and never written, and are no conflict. */
  @ParameterizedTest
  @CsvSource({
    "ACPI, cpufreq/boost, 0, 1",
    "ACPI_AMD, cpufreq/boost, 0, 1",
    "INTEL_PSTATE_HWP, intel_pstate/no_turbo, 1, 0",
    "INTEL_PSTATE, intel_pstate/no_turbo, 1, 0",
    "INTEL_CPUFREQ_HWP, intel_pstate/no_turbo, 1, 0",
    "INTEL_CPUFREQ, intel_pstate/no_turbo, 1, 0",
    "AMD_PSTATE_EPP, cpufreq/boost, 0, 1",
    "AMD_PSTATE, cpufreq/boost, 0, 1",
    "CPPC, cpufreq/boost, 0, 1",
  })
  void whereTheHostSwitchesTurboOffThereIsNone(
      FakeDriver driver, String file, String off, String on) throws Exception {
    FakeSysfs sysfs = host(driver);
    Map<String, String> found = files(sysfs);
    try (Rig rig = new Rig(directory, sysfs).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(driver.maxKhz());

      sysfs.put(file, off);
      rig.pass(Monitor.SWEEP_NS);
      assertThat(guest.ask(ENABLE_TURBO, 0)).isEqualTo(NACK);
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(driver.nominalKhz());

      sysfs.put(file, on);
      rig.pass(Monitor.SWEEP_NS);
      assertThat(rig.khz(0)).isEqualTo(driver.maxKhz());
      assertThat(rig.status().refusals()).doesNotContainKey("conflict");
      rig.stop();
      assertThat(files(sysfs)).isEqualTo(found);
    }
  }

  /** Reading the tree anew is no reason to forget that. */
  @ParameterizedTest
  @EnumSource(FakeDriver.class)
  void aConflictOutlastsASweepThatFindsAnotherTree(FakeDriver driver) throws Exception {
    FakeSysfs sysfs = host(driver);
    try (Rig rig = new Rig(directory, sysfs).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(ACK);
      sysfs.write(MAX, "1700000");
      sysfs.policy(0).work();
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(NACK);
      sysfs.takeWrites();

      sysfs.put("online", "0").setOnline(1, false);
      sysfs.put("intel_pstate/no_turbo", "1").put("cpufreq/boost", "0");
      rig.pass(Monitor.SWEEP_NS);

      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(NACK);
      assertThat(sysfs.takeWrites()).isEmpty();
      assertThat(rig.cpu(0).conflicts()).isEqualTo(1);
    }
  }

  /** Before Linux 6.12 only the limit of what may be asked for falls. */
  @ParameterizedTest
  @EnumSource(
      value = FakeDriver.class,
      names = {"INTEL_PSTATE_HWP", "INTEL_PSTATE", "INTEL_CPUFREQ_HWP", "INTEL_CPUFREQ"})
  void onOlderKernelsNoTurboIsNoConflictEither(FakeDriver driver) throws Exception {
    FakeSysfs sysfs = host(driver);
    sysfs.policy(0).setRangeStays(true);
    try (Rig rig = new Rig(directory, sysfs).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(ACK);
      sysfs.put("intel_pstate/no_turbo", "1");
      assertThat(guest.ask(SCALE_UP, 0)).as("kept lower, until the sweep").isEqualTo(NACK);
      assertThat(rig.status().refusals()).containsEntry("kept", 1L);
      rig.pass(Monitor.SWEEP_NS);

      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(driver.nominalKhz());
      assertThat(rig.status().refusals()).doesNotContainKey("conflict");
    }
  }

  /** Some CPUs move their base frequency while they run. */
  @Test
  void theHighestLevelWithoutTurboFollowsTheBaseFrequency() throws Exception {
    FakeSysfs sysfs = host(FakeDriver.INTEL_PSTATE_HWP);
    try (Rig rig = new Rig(directory, sysfs).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(DISABLE_TURBO, 0)).isEqualTo(ACK);
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(2_600_000);

      sysfs.put(POLICY + "base_frequency", "3000000");
      rig.pass(Monitor.SWEEP_NS);

      assertThat(rig.khz(0)).isEqualTo(3_000_000);
      assertThat(rig.status().managedDomains()).isEqualTo(1);
    }
  }

  /** Two VMs on one clock: turbo is there while one of those at the top may have it. */
  @Test
  void turboBySwitchIsOnWhileOneOfThoseAtTheTopMayHaveIt() throws Exception {
    FakeSysfs sysfs = host(FakeDriver.ACPI_AMD);
    try (Rig rig = new Rig(directory, sysfs).vm("vm0", "0").vm("vm1", "0").start()) {
      FakeGuest first = rig.guest("vm0", 0);
      FakeGuest second = rig.guest("vm1", 0);
      assertThat(first.ask(SCALE_MAX, 0)).isEqualTo(ACK);
      assertThat(second.ask(DISABLE_TURBO, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(3_720_703);
      assertThat(first.ask(DISABLE_TURBO, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(2_000_000);
      assertThat(second.ask(ENABLE_TURBO, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(3_720_703);
      assertThat(second.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).as("the other has none").isEqualTo(2_000_000);
    }
  }

  @Test
  void turboThatAnAdministratorSwitchedOffHereStaysOff() throws Exception {
    FakeSysfs sysfs = host(FakeDriver.ACPI_AMD);
    sysfs.write(POLICY + "boost", "0");
    try (Rig rig = new Rig(directory, sysfs).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      sysfs.takeWrites();
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(ACK);
      assertThat(guest.ask(ENABLE_TURBO, 0)).isEqualTo(NACK);
      assertThat(rig.khz(0)).isEqualTo(2_000_000);
      assertThat(sysfs.takeWrites()).noneMatch(write -> write.contains("boost"));
    }
  }

  @ParameterizedTest
  @EnumSource(FakeDriver.class)
  void aPlainDirectoryThatLooksLikeItWillDo(FakeDriver driver) throws Exception {
    Path root = directory.resolve("cpu");
    for (Map.Entry<String, String> file : host(driver).files().entrySet()) {
      Path path = root.resolve(file.getKey());
      Files.createDirectories(path.getParent());
      Files.writeString(path, file.getValue() + "\n");
    }
    Map<String, String> found = texts(root);
    try (Rig rig = new Rig(directory, new DirectorySysfs(root)).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      for (Unit unit : List.of(SCALE_MIN, SCALE_UP, SCALE_MAX, SCALE_MIN)) {
        assertThat(guest.ask(unit, 0)).isEqualTo(ACK);
      }
      assertThat(texts(root)).isNotEqualTo(found);
      assertThat(guest.ask(DISABLE_TURBO, 0)).isEqualTo(ACK);
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(ACK);

      rig.stop();

      assertThat(texts(root)).isEqualTo(found);
    }
  }

  private static Map<String, String> texts(Path root) throws IOException {
    Map<String, String> texts = new TreeMap<>();
    try (Stream<Path> paths = Files.walk(root)) {
      paths
          .filter(Files::isRegularFile)
          .forEach(
              path -> {
                try {
                  texts.put(root.relativize(path).toString(), Files.readString(path));
                } catch (IOException refused) {
                  throw new UncheckedIOException(refused);
                }
              });
    }
    return texts;
  }

  private static FakeSysfs host(FakeDriver driver) {
    return new FakeSysfs().put("online", "0-1").addPolicy(driver, 0).addPolicy(driver, 1);
  }

  /** Every file but the frequency, which is what it is. */
  private static Map<String, String> files(FakeSysfs sysfs) throws Exception {
    Map<String, String> texts = new TreeMap<>(sysfs.files());
    texts.keySet().removeIf(path -> path.endsWith("scaling_cur_freq"));
    return texts;
  }
}
