package dev.vmpower.machine.fake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.vmpower.machine.sysfs.Errno;
import dev.vmpower.machine.sysfs.SysfsException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The rules of other drivers than acpi-cpufreq with a turbo marker, as the kernel's sources have
 * them. None was seen on hardware.
 */
class FakeDriverTest {
  private static final String POLICY = "cpufreq/policy0/";
  private static final String GOVERNOR = POLICY + "scaling_governor";
  private static final String SETSPEED = POLICY + "scaling_setspeed";
  private static final String MIN = POLICY + "scaling_min_freq";
  private static final String MAX = POLICY + "scaling_max_freq";
  private static final String EPP = POLICY + "energy_performance_preference";
  private static final String BOOST = POLICY + "boost";

  @ParameterizedTest
  @EnumSource(
      value = FakeDriver.class,
      names = {"INTEL_PSTATE_HWP", "INTEL_PSTATE", "AMD_PSTATE_EPP"})
  void anActiveDriverKnowsNoUserspaceAndNoSetspeed(FakeDriver driver) throws Exception {
    FakeSysfs sysfs = host(driver);
    assertErrno(Errno.EINVAL, () -> sysfs.write(GOVERNOR, "userspace"));
    assertThat(sysfs.read(SETSPEED)).isEqualTo("<unsupported>");
    assertErrno(Errno.EINVAL, () -> sysfs.write(SETSPEED, "1700000"));
    assertThat(sysfs.read(GOVERNOR)).isEqualTo("powersave");
  }

  @ParameterizedTest
  @EnumSource(FakeDriver.class)
  void aLimitIsInForceWhenTheGovernorIsWrittenOrTheWorkerCame(FakeDriver driver) throws Exception {
    FakeSysfs sysfs = host(driver);
    String before = sysfs.read(MAX);
    sysfs.write(MAX, "1700000");
    assertThat(sysfs.read(MAX)).isEqualTo(before);
    sysfs.write(GOVERNOR, sysfs.read(GOVERNOR));
    assertThat(sysfs.read(MAX)).isEqualTo("1700000");

    sysfs.write(MIN, "2147483647");
    sysfs.policy(0).work();
    assertThat(sysfs.read(MIN)).as("above the upper one, which wins").isEqualTo("1700000");
    sysfs.write(MAX, "2147483647");
    sysfs.policy(0).work();
    assertThat(sysfs.read(MAX)).isEqualTo(before);
    assertThat(sysfs.read(MIN)).as("as asked, and remembered").isEqualTo(before);
  }

  /** The speed of a busy and of an idle pCPU with limits 1000000 and 2000000. */
  @ParameterizedTest
  @CsvSource({
    "INTEL_PSTATE_HWP, powersave, 2000000, 1000000",
    "INTEL_PSTATE_HWP, performance, 2000000, 2000000",
    "INTEL_CPUFREQ_HWP, performance, 2000000, 2000000",
    "INTEL_CPUFREQ_HWP, userspace, 2000000, 1000000",
    "AMD_PSTATE_EPP, powersave, 2000000, 1000000",
    "AMD_PSTATE_EPP, performance, 2000000, 2000000",
    "AMD_PSTATE, performance, 2000000, 2000000",
    "AMD_PSTATE, powersave, 1000000, 1000000",
    "CPPC, performance, 2000000, 2000000",
  })
  void whatTheHardwareMakesOfLimits(FakeDriver driver, String governor, int busyKhz, int idleKhz)
      throws Exception {
    FakeSysfs sysfs = host(driver);
    sysfs.write(MIN, "1000000");
    sysfs.write(MAX, "2000000");
    sysfs.write(GOVERNOR, governor);
    assertThat(sysfs.policy(0).currentKhz()).isEqualTo(busyKhz);
    assertThat(sysfs.policy(0).floorKhz()).isEqualTo(idleKhz);
  }

  @Test
  void withHwpASetspeedIsNoCeiling() throws Exception {
    FakeSysfs sysfs = host(FakeDriver.INTEL_CPUFREQ_HWP);
    sysfs.write(GOVERNOR, "userspace");
    sysfs.write(SETSPEED, "1200000");
    assertThat(sysfs.policy(0).currentKhz()).isEqualTo(3_900_000);
  }

  @Test
  void withoutHwpPowersaveDoesNotFollowWithoutTicks() throws Exception {
    FakeSysfs sysfs = host(FakeDriver.INTEL_PSTATE);
    sysfs.write(MIN, "3000000");
    sysfs.write(GOVERNOR, "performance");
    sysfs.write(MAX, "3000000");
    sysfs.write(GOVERNOR, "powersave");
    assertThat(sysfs.policy(0).currentKhz()).isEqualTo(3_000_000);
    sysfs.write(MAX, "3600000");
    sysfs.policy(0).work();
    assertThat(sysfs.policy(0).currentKhz()).isEqualTo(3_000_000);
  }

  /** Governors in turn, the EPP under each, and what is then left of it. */
  @ParameterizedTest
  @CsvSource({
    "INTEL_PSTATE_HWP, performance, EBUSY, balance_performance",
    "AMD_PSTATE_EPP, performance, EBUSY, performance",
    "INTEL_CPUFREQ_HWP, performance, '', power",
    "INTEL_PSTATE_HWP, powersave, '', power",
  })
  void theEppUnderAGovernorAndAfterwards(
      FakeDriver driver, String governor, String refusal, String afterwards) throws Exception {
    FakeSysfs sysfs = host(driver);
    String before = sysfs.read(GOVERNOR);
    sysfs.write(GOVERNOR, governor);
    if (refusal.isEmpty()) {
      sysfs.write(EPP, "power");
    } else {
      assertErrno(Errno.valueOf(refusal), () -> sysfs.write(EPP, "power"));
      sysfs.write(EPP, "performance");
    }
    assertErrno(Errno.EINVAL, () -> sysfs.write(EPP, "fast"));
    sysfs.write(GOVERNOR, before);
    assertThat(sysfs.read(EPP)).isEqualTo(afterwards);
  }

  @ParameterizedTest
  @EnumSource(
      value = FakeDriver.class,
      names = {"ACPI_AMD", "AMD_PSTATE", "AMD_PSTATE_GUIDED", "AMD_PSTATE_EPP", "CPPC"})
  void boostIsRefusedWhileTheHostsIsOff(FakeDriver driver) throws Exception {
    FakeSysfs sysfs = host(driver);
    assertThat(sysfs.read(BOOST)).isEqualTo("1");
    assertErrno(Errno.EINVAL, () -> sysfs.write(BOOST, "2"));
    sysfs.write(BOOST, "0");
    sysfs.write(BOOST, "1");
    sysfs.put("cpufreq/boost", "0");
    assertErrno(Errno.EINVAL, () -> sysfs.write(BOOST, "0"));
    assertErrno(Errno.EINVAL, () -> sysfs.write(BOOST, "1"));
    assertThat(sysfs.read(BOOST)).isEqualTo("0");
  }

  /** The hardware's limit, as it is told, while turbo is off. */
  @ParameterizedTest
  @CsvSource({
    "INTEL_PSTATE_HWP, intel_pstate/no_turbo, 1, 2600000",
    "INTEL_CPUFREQ, intel_pstate/no_turbo, 1, 2200000",
    "AMD_PSTATE_EPP, cpufreq/boost, 0, 3201000",
    "CPPC, cpufreq/boost, 0, 2600000",
    "ACPI, cpufreq/boost, 0, 2601000",
  })
  void whereTurboIsOffTheRangeEndsAtNominalButForATable(
      FakeDriver driver, String path, String text, String maxKhz) throws Exception {
    FakeSysfs sysfs = host(driver).put(path, text);
    assertThat(sysfs.read(POLICY + "cpuinfo_max_freq")).isEqualTo(maxKhz);
    assertThat(sysfs.read(MAX)).isEqualTo(maxKhz);
  }

  private static FakeSysfs host(FakeDriver driver) {
    return new FakeSysfs().addPolicy(driver, 0);
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
