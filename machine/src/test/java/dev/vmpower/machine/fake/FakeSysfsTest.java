package dev.vmpower.machine.fake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.vmpower.machine.sysfs.Attribute;
import dev.vmpower.machine.sysfs.Errno;
import dev.vmpower.machine.sysfs.SysfsException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The rules of Linux 6.1's acpi-cpufreq, as they were seen in a machine with this table. A row is
 * what one writes, in order, and what then reads back.
 */
class FakeSysfsTest {
  private static final String TABLE = "2601000 2600000 2300000 2000000 1700000 1400000 1200000";
  private static final String POLICY = "cpufreq/policy0/";
  private static final String GOVERNOR = POLICY + "scaling_governor";
  private static final String SETSPEED = POLICY + "scaling_setspeed";
  private static final String MIN = POLICY + "scaling_min_freq";
  private static final String MAX = POLICY + "scaling_max_freq";

  private final FakeSysfs sysfs = new FakeSysfs().addCpus(0, 2, TABLE).addPolicy(TABLE, 2, 3);

  @ParameterizedTest
  @CsvSource({
    "scaling_available_frequencies, 2601000 2600000 2300000 2000000 1700000 1400000 1200000",
    "related_cpus, 0",
    "affected_cpus, 0",
    "scaling_driver, acpi-cpufreq",
    "scaling_setspeed, <unsupported>",
    "scaling_cur_freq, 2601000",
    "scaling_min_freq, 1200000",
    "scaling_max_freq, 2601000",
    "cpuinfo_min_freq, 1200000",
    "cpuinfo_max_freq, 2601000",
  })
  void theFilesOfAFreshPolicy(String name, String text) throws Exception {
    assertThat(sysfs.read(POLICY + name)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({
    "userspace, userspace",
    "USERSPACE, userspace",
    "' userspace', userspace",
    "'userspace ', userspace",
    "performance junk, performance",
  })
  void aGovernorIsTheFirstWordInAnyCase(String written, String governor) throws Exception {
    sysfs.write(GOVERNOR, written);
    assertThat(sysfs.read(GOVERNOR)).isEqualTo(governor);
    assertThat(sysfs.policy(0).governor()).isEqualTo(governor);
  }

  @ParameterizedTest
  @ValueSource(strings = {"junk", "user", "userspace2", "", " "})
  void anUnknownGovernorIsRefusedAndTheOldOneStays(String written) throws Exception {
    assertErrno(Errno.EINVAL, () -> sysfs.write(GOVERNOR, written));
    assertThat(sysfs.read(GOVERNOR)).isEqualTo("schedutil");
  }

  @Test
  void setspeedIsRefusedUnderAnotherGovernor() throws Exception {
    assertErrno(Errno.EINVAL, () -> sysfs.write(SETSPEED, "1700000"));
    assertThat(sysfs.read(SETSPEED)).isEqualTo("<unsupported>");
    try (Attribute kept = sysfs.open(SETSPEED, true)) {
      assertThat(kept.readNumber()).isEqualTo(Attribute.NOT_A_NUMBER);
      assertThat(kept.reads("<unsupported>")).isTrue();
      assertErrno(Errno.EINVAL, () -> kept.writeNumber(1_700_000));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "1700000, 1700000",
    "1500000, 1700000",
    "1400001, 1700000",
    "2600500, 2601000",
    "2601001, 2601000",
    "9999999, 2601000",
    "1199999, 1200000",
    "0, 1200000",
    "1, 1200000",
    "4294967296, 1200000",
    "4294967295, 2601000",
    "1700000abc, 1700000",
    "'  1700000  ', 1700000",
    "0x1400000, 1200000",
    "1.7e6, 1200000",
    "1700 000, 1200000",
  })
  void setspeedRoundsUpAndIsClampedSilently(String written, int keptKhz) throws Exception {
    sysfs.write(GOVERNOR, "userspace");
    sysfs.write(SETSPEED, written);
    assertThat(sysfs.read(SETSPEED)).isEqualTo("" + keptKhz);
    assertThat(sysfs.read(POLICY + "scaling_cur_freq")).isEqualTo("" + keptKhz);
    assertThat(sysfs.policy(0).currentKhz()).isEqualTo(keptKhz);
  }

  @ParameterizedTest
  @ValueSource(strings = {"abc", "", "-1", "+1", "<unsupported>"})
  void whatDoesNotBeginWithANumberIsRefused(String written) throws Exception {
    sysfs.write(GOVERNOR, "userspace");
    sysfs.write(SETSPEED, "1700000");
    assertErrno(Errno.EINVAL, () -> sysfs.write(SETSPEED, written));
    assertErrno(Errno.EINVAL, () -> sysfs.write(MIN, written));
    assertErrno(Errno.EINVAL, () -> sysfs.write(MAX, written));
    assertThat(state()).isEqualTo("1200000 2601000 1700000");
  }

  /** Under userspace at 2300000: what limits do, as MIN MAX SETSPEED afterwards. */
  @ParameterizedTest
  @CsvSource({
    "max=1400000, 1200000 1400000 1400000",
    "max=1500000, 1200000 1400000 1400000",
    "max=1400000 max=2601000, 1200000 2601000 2300000",
    "max=1400000 speed=1200000 max=2601000, 1200000 2601000 1200000",
    "max=1400000 speed=2000000 max=2601000, 1200000 2601000 2000000",
    "min=2600000, 2600000 2601000 2600000",
    "min=1300000, 1400000 2601000 2300000",
    "min=2600000 min=1200000, 1200000 2601000 2300000",
    "max=2000000 min=2300000, 2000000 2000000 2000000",
    "min=2000000 max=1400000, 1400000 1400000 1400000",
    "min=2000000 max=1400000 max=2601000, 2000000 2601000 2300000",
    "min=0 max=2147483647, 1200000 2601000 2300000",
    "max=0, 1200000 1200000 1200000",
    "max=1400000 governor=userspace max=2601000, 1200000 2601000 2300000",
    "governor=performance governor=userspace, 1200000 2601000 2601000",
    "governor=powersave governor=userspace, 1200000 2601000 1200000",
    "governor=ondemand governor=userspace, 1200000 2601000 2300000",
    "governor=performance max=1700000 governor=userspace, 1200000 1700000 1700000",
    "governor=performance max=1700000 max=2000000 governor=userspace, 1200000 2000000 2000000",
    "governor=powersave min=1700000 min=1400000 governor=userspace, 1400000 2601000 1400000",
  })
  void limitsAndGovernorsMoveTheSpeed(String writes, String after) throws Exception {
    sysfs.write(GOVERNOR, "userspace");
    sysfs.write(SETSPEED, "2300000");
    for (String write : writes.split(" ")) {
      String value = write.substring(write.indexOf('=') + 1);
      switch (write.substring(0, write.indexOf('='))) {
        case "min" -> sysfs.write(MIN, value);
        case "max" -> sysfs.write(MAX, value);
        case "speed" -> sysfs.write(SETSPEED, value);
        default -> sysfs.write(GOVERNOR, value);
      }
    }
    assertThat(state()).isEqualTo(after);
    assertThat(sysfs.policy(0).currentKhz()).isEqualTo(Integer.parseInt(sysfs.read(SETSPEED)));
  }

  @Test
  void aLimitAboveTheLargestIntIsRefused() {
    assertErrno(Errno.EINVAL, () -> sysfs.write(MAX, "2147483648"));
    assertErrno(Errno.EINVAL, () -> sysfs.write(MIN, "2147483648"));
  }

  @Test
  void theSameValueAgainIsNotSentToTheHardware() throws Exception {
    sysfs.write(GOVERNOR, "userspace");
    for (String khz : List.of("1700000", "1700000", "1600000", "2300000", "2300000", "2601000")) {
      sysfs.write(SETSPEED, khz);
    }
    assertThat(sysfs.policy(0).takeTransitions()).containsExactly(1_700_000, 2_300_000, 2_601_000);
    assertThat(sysfs.policy(0).takeTransitions()).isEmpty();
  }

  @Test
  void aDriverThatFailsSilentlyTakesEveryWriteAndChangesNothing() throws Exception {
    sysfs.write(GOVERNOR, "userspace");
    sysfs.write(SETSPEED, "2300000");
    sysfs.policy(0).setFailsSilently(true);
    sysfs.write(SETSPEED, "1400000");
    sysfs.write(MAX, "2000000");
    sysfs.write(GOVERNOR, "performance");
    assertThat(sysfs.read(POLICY + "scaling_cur_freq")).isEqualTo("2300000");
    assertThat(sysfs.read(GOVERNOR)).isEqualTo("performance");
    assertThat(sysfs.policy(0).currentKhz()).isEqualTo(2_300_000);
  }

  @Test
  void aSharedPolicyIsReachedThroughEachOfItsCpus() throws Exception {
    sysfs.write("cpu3/cpufreq/scaling_governor", "userspace");
    sysfs.write("cpu2/cpufreq/scaling_setspeed", "1400000");
    assertThat(sysfs.read("cpufreq/policy2/scaling_setspeed")).isEqualTo("1400000");
    assertThat(sysfs.read("cpu3/cpufreq/related_cpus")).isEqualTo("2 3");
    assertThat(sysfs.exists("cpufreq/policy3/related_cpus")).isFalse();
    assertThat(sysfs.read(GOVERNOR)).isEqualTo("schedutil");
    assertThat(sysfs.takeWrites())
        .containsExactly(
            "cpufreq/policy2/scaling_governor=userspace",
            "cpufreq/policy2/scaling_setspeed=1400000");
  }

  @Test
  void anOfflineCpusOwnPolicyRefusesAllButOpening() throws Exception {
    Attribute kept = sysfs.open(SETSPEED, true);
    sysfs.setOnline(0, false);

    assertThat(sysfs.read("cpu0/online")).isEqualTo("0");
    assertThat(sysfs.exists(GOVERNOR)).isTrue();
    sysfs.open(GOVERNOR, false).close();
    for (String name : List.of("scaling_governor", "related_cpus", "cpuinfo_max_freq")) {
      assertErrno(Errno.EBUSY, () -> sysfs.read(POLICY + name));
    }
    assertErrno(Errno.EBUSY, () -> sysfs.write(GOVERNOR, "userspace"));
    assertErrno(Errno.EBUSY, kept::readNumber);
    assertErrno(Errno.EBUSY, () -> kept.writeNumber(1_700_000));
    assertThat(sysfs.read("cpufreq/policy1/scaling_governor")).isEqualTo("schedutil");
  }

  @Test
  void aCpuThatReturnsKeepsGovernorAndLimitsAndLosesTheSpeed() throws Exception {
    Attribute kept = sysfs.open(SETSPEED, true);
    sysfs.write(GOVERNOR, "userspace");
    sysfs.write(MIN, "1400000");
    kept.writeNumber(1_700_000);
    sysfs.setOnline(0, false);
    sysfs.setOnline(0, true);

    assertThat(sysfs.read(GOVERNOR)).isEqualTo("userspace");
    assertThat(state()).isEqualTo("1400000 2601000 2600000");
    assertThat(sysfs.policy(0).currentKhz()).as("it is a guess").isEqualTo(1_700_000);
  }

  @Test
  void toAskForTheGuessSendsNothingAndAnotherValueDoes() throws Exception {
    sysfs.write(GOVERNOR, "userspace");
    sysfs.write(SETSPEED, "1700000");
    sysfs.setOnline(0, false);
    sysfs.setOnline(0, true);
    sysfs.policy(0).takeTransitions();

    sysfs.write(SETSPEED, "2600000");
    assertThat(sysfs.policy(0).takeTransitions()).isEmpty();
    sysfs.write(SETSPEED, "2300000");
    sysfs.write(SETSPEED, "2600000");
    assertThat(sysfs.policy(0).takeTransitions()).containsExactly(2_300_000, 2_600_000);
  }

  @Test
  void aSharedPolicyWorksWhileOneOfItsCpusIsOnline() throws Exception {
    sysfs.write("cpufreq/policy2/scaling_governor", "userspace");
    sysfs.write("cpufreq/policy2/scaling_setspeed", "1400000");
    sysfs.setOnline(3, false);
    assertThat(sysfs.read("cpu3/cpufreq/affected_cpus")).isEqualTo("2");
    assertThat(sysfs.read("cpu3/cpufreq/related_cpus")).isEqualTo("2 3");
    sysfs.setOnline(3, true);
    assertThat(sysfs.read("cpufreq/policy2/affected_cpus")).isEqualTo("2 3");
    assertThat(sysfs.read("cpufreq/policy2/scaling_setspeed")).isEqualTo("1400000");

    sysfs.setOnline(2, false);
    sysfs.setOnline(3, false);
    assertErrno(Errno.EBUSY, () -> sysfs.read("cpufreq/policy2/affected_cpus"));
    sysfs.setOnline(2, true);
    assertThat(sysfs.read("cpufreq/policy2/affected_cpus")).isEqualTo("2");
  }

  @Test
  void withoutTheDriverPathsAreGoneAndKeptFilesAreNoDevice() throws Exception {
    Attribute kept = sysfs.open(SETSPEED, true);
    sysfs.unloadDriver();
    assertErrno(Errno.ENODEV, kept::readNumber);
    assertErrno(Errno.ENODEV, () -> kept.writeNumber(1));
    assertErrno(Errno.ENOENT, () -> sysfs.read(GOVERNOR));
    assertErrno(Errno.ENOENT, () -> sysfs.open(GOVERNOR, false));
    assertErrno(Errno.ENOENT, () -> sysfs.read("cpu0/cpufreq/scaling_governor"));
    assertThat(sysfs.list("cpufreq")).isEmpty();
    assertThat(sysfs.list("")).contains("cpu0", "cpu3");

    sysfs.addCpus(0, 1, TABLE);
    assertThat(sysfs.read(GOVERNOR)).isEqualTo("schedutil");
    assertErrno(Errno.ENODEV, kept::readNumber);
  }

  @ParameterizedTest
  @ValueSource(strings = {"related_cpus", "scaling_cur_freq", "cpuinfo_max_freq", "scaling_driver"})
  void whatOnlyReadsIsNotWritten(String name) {
    assertErrno(Errno.EACCES, () -> sysfs.write(POLICY + name, "1"));
    assertErrno(Errno.EACCES, () -> sysfs.open(POLICY + name, true));
  }

  @Test
  void whatIsNotThereIsNotCreated() {
    assertErrno(Errno.ENOENT, () -> sysfs.write(POLICY + "energy_performance_preference", "x"));
    assertErrno(Errno.ENOENT, () -> sysfs.write("cpufreq/policy9/scaling_governor", "x"));
    assertErrno(Errno.ENOENT, () -> sysfs.read("cpu0/online"));
    assertThatThrownBy(() -> sysfs.policy(9)).hasMessage("no policy9");
  }

  @Test
  void plannedFaultsComeAndGo() throws Exception {
    sysfs.failWrites(GOVERNOR, Errno.EPERM);
    assertErrno(Errno.EPERM, () -> sysfs.write("cpu0/cpufreq/scaling_governor", "userspace"));
    assertThat(sysfs.read(GOVERNOR)).isEqualTo("schedutil");
    sysfs.failWrites(GOVERNOR, null);
    sysfs.write(GOVERNOR, "userspace");
    sysfs.fail(GOVERNOR, Errno.EIO);
    assertErrno(Errno.EIO, () -> sysfs.read(GOVERNOR));
    assertErrno(Errno.EIO, () -> sysfs.open(GOVERNOR, false));
    sysfs.fail(GOVERNOR, null);
    assertThat(sysfs.read(GOVERNOR)).isEqualTo("userspace");
    assertThat(sysfs.takeWrites())
        .containsExactly("!" + GOVERNOR + "=userspace", GOVERNOR + "=userspace");
  }

  @Test
  void itListsAndIsAKernel() {
    sysfs.put("cpufreq/boost", "1");
    assertThat(sysfs.list("")).containsExactly("cpu0", "cpu1", "cpu2", "cpu3", "cpufreq");
    assertThat(sysfs.list("cpufreq")).containsExactly("boost", "policy0", "policy1", "policy2");
    assertThat(sysfs.isKernel()).isTrue();
  }

  private String state() throws SysfsException {
    return sysfs.read(MIN) + " " + sysfs.read(MAX) + " " + sysfs.read(SETSPEED);
  }

  private interface Call {
    void run() throws SysfsException;
  }

  private static void assertErrno(Errno errno, Call call) {
    SysfsException refused = catchThrowableOfType(SysfsException.class, call::run);
    assertThat(refused).as("refused with " + errno).isNotNull();
    assertThat(refused.errno()).isEqualTo(errno);
  }
}
