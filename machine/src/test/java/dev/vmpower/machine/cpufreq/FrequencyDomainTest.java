package dev.vmpower.machine.cpufreq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.fake.FakeSysfs;
import dev.vmpower.machine.sysfs.Errno;
import dev.vmpower.machine.sysfs.SysfsException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** One frequency domain against the kernel's rules: taken over, steered, given back. */
class FrequencyDomainTest {
  private static final String TABLE = "2601000 2600000 2300000 2000000 1700000 1400000 1200000";
  private static final String POLICY = "cpufreq/policy0/";
  private static final String GOVERNOR = POLICY + "scaling_governor";
  private static final String SETSPEED = POLICY + "scaling_setspeed";
  private static final String MAX = POLICY + "scaling_max_freq";

  private final FakeSysfs sysfs = new FakeSysfs().addCpus(0, 2, TABLE);
  private FrequencyDomain domain;
  private Original found;

  @BeforeEach
  void read() throws SysfsException {
    domain =
        FrequencyDomains.read(
                sysfs,
                CpuSet.of(0, 1),
                problem -> {
                  throw new AssertionError(problem);
                })
            .get(0);
    found = domain.readOriginal();
  }

  @Test
  void itIsReadAsItIsAndNothingIsWritten() throws Exception {
    assertThat(domain.number()).isZero();
    assertThat(domain.cpus()).isEqualTo(CpuSet.of(0));
    assertThat(domain.ladder()).isEqualTo(Ladder.ofTable(TABLE));
    assertThat(domain.driver()).isEqualTo("acpi-cpufreq");
    assertThat(domain.baseKhz()).isZero();
    assertThat(domain.canBeSteered()).isTrue();
    assertThat(domain.currentKhz()).isEqualTo(2_601_000);
    assertThat(domain.readGovernor()).isEqualTo("schedutil");
    assertThat(domain).hasToString("policy0");
    assertThat(domain.readOriginal())
        .isEqualTo(
            new Original(
                0,
                "acpi-cpufreq",
                Steering.SETSPEED,
                "schedutil",
                "<unsupported>",
                1_200_000,
                2_601_000,
                false,
                "",
                ""));
    assertThat(sysfs.takeWrites()).isEmpty();
  }

  @Test
  void takingOverSetsTheGovernorAndNothingElse() throws Exception {
    domain.takeOver(found);

    assertThat(sysfs.takeWrites()).containsExactly(GOVERNOR + "=userspace");
    assertThat(domain.isUntouched()).isTrue();
    assertThat(sysfs.policy(0).currentKhz()).isEqualTo(2_601_000);
    assertThat(sysfs.policy(1).governor()).isEqualTo("schedutil");
  }

  @Test
  void takingOverAgainWritesOnlyWhatAnotherProgramChanged() throws Exception {
    domain.takeOver(found);
    sysfs.takeWrites();
    domain.takeOver(found);
    assertThat(sysfs.takeWrites()).isEmpty();

    sysfs.policy(0).setGovernor("performance");
    assertThat(domain.isUntouched()).isFalse();
    domain.takeOver(found);
    assertThat(domain.isUntouched()).isTrue();
    assertThat(sysfs.takeWrites()).containsExactly(GOVERNOR + "=userspace");
  }

  @ParameterizedTest
  @EnumSource(
      value = Errno.class,
      names = {"EINVAL", "EPERM", "EBUSY", "EIO"})
  void aRefusedGovernorIsToldAndStays(Errno errno) throws Exception {
    sysfs.failWrites(GOVERNOR, errno);

    SysfsException refused =
        catchThrowableOfType(SysfsException.class, () -> domain.takeOver(found));

    assertThat(refused.errno()).isEqualTo(errno);
    assertThat(sysfs.policy(0).governor()).isEqualTo("schedutil");
    assertThatThrownBy(() -> domain.steer(1_700_000)).isInstanceOf(SysfsException.class);
    sysfs.failWrites(GOVERNOR, null);
    domain.takeOver(found);
    assertThat(domain.steer(1_700_000)).isEqualTo(1_700_000);
  }

  /** As a tree that takes the write and keeps its governor. */
  @Test
  void aGovernorThatDoesNotReadBackIsRefused() {
    FakeSysfs stubborn = new FakeSysfs().addCpus(0, 1, TABLE).put(GOVERNOR, "schedutil");
    FrequencyDomain taken =
        new FrequencyDomain(
            new TakesEveryWrite(stubborn),
            POLICY,
            0,
            CpuSet.of(0),
            Ladder.ofTable(TABLE),
            "acpi-cpufreq",
            new NonTurbo.Facts(0, 0));

    assertThatThrownBy(() -> taken.takeOver(found))
        .hasMessage(GOVERNOR + ": did not become userspace");
  }

  @ParameterizedTest
  @ValueSource(ints = {2_601_000, 2_600_000, 2_300_000, 2_000_000, 1_700_000, 1_400_000, 1_200_000})
  void everyLevelIsKeptAsAskedInOneWrite(int khz) throws Exception {
    domain.takeOver(found);
    sysfs.takeWrites();

    assertThat(domain.steer(khz)).isEqualTo(khz);
    assertThat(sysfs.takeWrites()).containsExactly(SETSPEED + "=" + khz);
    assertThat(sysfs.policy(0).currentKhz()).isEqualTo(khz);
    assertThat(domain.currentKhz()).isEqualTo(khz);
  }

  @ParameterizedTest
  @CsvSource({
    "scaling_max_freq, 2000000, 2300000, 2000000",
    "scaling_max_freq, 2000000, 1700000, 1700000",
    "scaling_min_freq, 2000000, 1700000, 2000000",
  })
  void aLimitClipsAndTheReadBackSaysSo(String limit, String value, int askedKhz, int keptKhz)
      throws Exception {
    domain.takeOver(found);
    sysfs.write(POLICY + limit, value);

    assertThat(domain.steer(askedKhz)).isEqualTo(keptKhz);
    assertThat(domain.changes()).isEqualTo("limits were changed");
  }

  @Test
  void aDriverThatFailsSilentlyIsSeenByTheReadBack() throws Exception {
    domain.takeOver(found);
    domain.steer(2_300_000);
    sysfs.policy(0).setFailsSilently(true);

    assertThat(domain.steer(1_400_000)).isEqualTo(2_300_000);
  }

  @Test
  void underAnotherGovernorSteeringIsRefused() throws Exception {
    domain.takeOver(found);
    sysfs.policy(0).setGovernor("ondemand");

    SysfsException refused =
        catchThrowableOfType(SysfsException.class, () -> domain.steer(1_700_000));
    assertThat(refused.errno()).isEqualTo(Errno.EINVAL);
    assertThat(refused).hasMessage(SETSPEED + ": Invalid argument");
  }

  @Test
  void offlineIsBusyAndTheKeptFilesWorkAgainAfterwards() throws Exception {
    domain.takeOver(found);
    domain.steer(1_700_000);
    Original original = domain.readOriginal();
    sysfs.setOnline(0, false);

    assertBusy(() -> domain.steer(1_400_000));
    assertBusy(domain::isUntouched);
    assertBusy(domain::readOriginal);
    assertBusy(() -> domain.giveBack(original, false));
    assertBusy(() -> domain.takeOver(found));
    assertThat(domain.currentKhz()).isZero();

    sysfs.setOnline(0, true);
    assertThat(domain.isUntouched()).isTrue();
    assertThat(domain.steer(1_400_000)).isEqualTo(1_400_000);
    assertThat(domain.currentKhz()).isEqualTo(1_400_000);
    domain.takeOver(found);
  }

  @Test
  void oneThatIsOfflineIsNotTakenOverUntilItReturns() throws Exception {
    sysfs.setOnline(0, false);
    assertBusy(() -> domain.takeOver(found));
    sysfs.setOnline(0, true);
    domain.takeOver(found);
    assertThat(domain.steer(1_400_000)).isEqualTo(1_400_000);
  }

  @Test
  void afterTheDriverWasReplacedTakingOverAgainOpensItsNewFiles() throws Exception {
    domain.takeOver(found);
    assertThat(domain.currentKhz()).isPositive();
    sysfs.unloadDriver();
    SysfsException gone = catchThrowableOfType(SysfsException.class, () -> domain.steer(1_400_000));
    assertThat(gone.errno()).isEqualTo(Errno.ENODEV);
    assertThat(domain.currentKhz()).isZero();
    assertThatThrownBy(() -> domain.takeOver(found)).isInstanceOf(SysfsException.class);

    sysfs.addCpus(0, 1, TABLE);
    domain.takeOver(found);
    assertThat(domain.steer(1_400_000)).isEqualTo(1_400_000);
    assertThat(domain.currentKhz()).isEqualTo(1_400_000);
  }

  @ParameterizedTest
  @ValueSource(strings = {"schedutil", "ondemand", "performance", "powersave"})
  void itIsGivenBackAsItWasFound(String governor) throws Exception {
    sysfs.policy(0).setGovernor(governor);
    Original original = domain.readOriginal();
    domain.takeOver(found);
    domain.steer(1_400_000);
    sysfs.takeWrites();

    domain.giveBack(original, false);

    assertThat(sysfs.takeWrites()).containsExactly(GOVERNOR + "=" + governor);
    assertThat(domain.readOriginal()).isEqualTo(original);
    assertThatThrownBy(() -> domain.steer(1_700_000)).isInstanceOf(SysfsException.class);
  }

  @Test
  void aSpeedSetByAnotherProgramIsGivenBackToo() throws Exception {
    sysfs.write(GOVERNOR, "userspace");
    sysfs.write(MAX, "2300000");
    sysfs.write(SETSPEED, "1700000");
    Original original = domain.readOriginal();
    sysfs.takeWrites();
    domain.takeOver(found);
    assertThat(sysfs.takeWrites()).isEmpty();
    domain.steer(1_200_000);

    domain.giveBack(original, false);

    assertThat(domain.readOriginal()).isEqualTo(original);
    assertThat(original.setspeed()).isEqualTo("1700000");
    assertThat(sysfs.policy(0).currentKhz()).isEqualTo(1_700_000);
  }

  /** Its governor changed while it was read: there is no speed that could be written. */
  @Test
  void anOriginalWithoutASpeedIsGivenBackAllTheSame() throws Exception {
    domain.takeOver(found);
    Original without =
        new Original(
            0, "acpi-cpufreq", Steering.SETSPEED, "userspace", "<unsupported>", 0, 0, true, "", "");
    domain.giveBack(without, false);

    assertThat(sysfs.policy(0).governor()).isEqualTo("userspace");
  }

  @Test
  void aRefusedGivingBackCanBeTriedAgain() throws Exception {
    Original original = domain.readOriginal();
    domain.takeOver(found);
    sysfs.failWrites(GOVERNOR, Errno.EBUSY);
    assertBusy(() -> domain.giveBack(original, false));
    assertThat(domain.steer(1_400_000)).isEqualTo(1_400_000);

    sysfs.failWrites(GOVERNOR, null);
    domain.giveBack(original, false);
    assertThat(sysfs.policy(0).governor()).isEqualTo("schedutil");
  }

  /** A start after a crash gives back what it has not taken over. */
  @Test
  void itIsGivenBackByOneThatDidNotTakeItOver() throws Exception {
    Original original = domain.readOriginal();
    domain.takeOver(found);
    domain.close();
    read();

    domain.giveBack(original, false);
    assertThat(domain.readOriginal()).isEqualTo(original);
  }

  @Test
  void closingChangesNothing() throws Exception {
    domain.takeOver(found);
    domain.steer(1_400_000);
    sysfs.takeWrites();
    domain.close();
    domain.close();

    assertThat(sysfs.takeWrites()).isEmpty();
    assertThatThrownBy(domain::isUntouched).hasMessage(POLICY + ": No such device");
    assertThat(domain.currentKhz()).isEqualTo(1_400_000);
  }

  private interface Call {
    void run() throws SysfsException;
  }

  private static void assertBusy(Call call) {
    SysfsException refused = catchThrowableOfType(SysfsException.class, call::run);
    assertThat(refused).isNotNull();
    assertThat(refused.errno()).isEqualTo(Errno.EBUSY);
  }
}
