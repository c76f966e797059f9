package dev.vmpower.machine.cpufreq;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.fake.FakeDriver;
import dev.vmpower.machine.fake.FakeSysfs;
import dev.vmpower.machine.sysfs.DirectorySysfs;
import dev.vmpower.machine.sysfs.Errno;
import dev.vmpower.machine.sysfs.Sysfs;
import dev.vmpower.machine.sysfs.SysfsException;
import dev.vmpower.machine.sysfs.Tree;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Every driver's frequency domain: how it is steered, and that it goes back as it was found. */
class SteeringTest {
  private static final String POLICY = "cpufreq/policy0/";
  private static final String GOVERNOR = POLICY + "scaling_governor";
  private static final String MIN = POLICY + "scaling_min_freq";
  private static final String MAX = POLICY + "scaling_max_freq";
  private static final String EPP = POLICY + "energy_performance_preference";
  private static final int WRITES_MAX = 60;

  @TempDir Path root;

  @ParameterizedTest
  @CsvSource({
    "ACPI, SETSPEED",
    "ACPI_AMD, SETSPEED",
    "INTEL_PSTATE_HWP, LIMITS",
    "INTEL_PSTATE, PERFORMANCE_LIMITS",
    "INTEL_CPUFREQ_HWP, PERFORMANCE_CEILING",
    "INTEL_CPUFREQ, SETSPEED",
    "AMD_PSTATE_EPP, POWERSAVE_LIMITS",
    "AMD_PSTATE, SETSPEED",
    "AMD_PSTATE_GUIDED, SETSPEED",
    "CPPC, SETSPEED",
    "PCC, SETSPEED",
  })
  void theWayIsChosenByTheDriverAndItsFiles(FakeDriver driver, Steering steering) throws Exception {
    FrequencyDomain domain = read(host(driver));
    Ladder ladder = domain.ladder();

    assertThat(domain.steering()).isEqualTo(steering);
    assertThat(ladder.khz(ladder.nonTurboIndex())).isEqualTo(driver.nominalKhz());
    assertThat(ladder.khz(ladder.bottomIndex())).isEqualTo(driver.minKhz());
    assertThat(ladder.hasTurbo()).isEqualTo(driver.maxKhz() > driver.nominalKhz());
    assertThat(domain.isVerified()).isEqualTo(driver == FakeDriver.ACPI);
  }

  @ParameterizedTest
  @CsvSource({
    "intel_pstate, scaling_setspeed, NONE",
    "intel_cpufreq, scaling_min_freq, NONE",
    "intel_cpufreq, scaling_setspeed energy_performance_preference, SETSPEED",
    "amd-pstate-epp, scaling_max_freq, NONE",
    "brand-new, scaling_setspeed, SETSPEED",
    "brand-new, scaling_min_freq scaling_max_freq, NONE",
    "'', scaling_setspeed, SETSPEED",
  })
  void whereFilesLackItIsSteeredByThoseThereAre(String driver, String files, Steering steering) {
    assertThat(Steering.of(driver, List.of(files.split(" "))::contains)).isEqualTo(steering);
  }

  /** What reaches the hardware: no more for a busy pCPU, and mostly no less for an idle one. */
  @ParameterizedTest
  @EnumSource(FakeDriver.class)
  void everyLevelIsInForceWhenTheCallReturns(FakeDriver driver) throws Exception {
    FakeSysfs sysfs = host(driver);
    FrequencyDomain domain = read(sysfs);
    domain.takeOver(domain.readOriginal());
    domain.switchTurbo(false);

    Ladder ladder = domain.ladder();
    for (int step : new int[] {1, ladder.size() - 1, 7}) {
      for (int i = 0, index = 0; i < ladder.size(); i++, index = (index + step) % ladder.size()) {
        int khz = ladder.khz(index);
        assertThat(domain.steer(khz)).isEqualTo(khz);
        assertThat(sysfs.policy(0).currentKhz()).isEqualTo(khz);
        assertThat(sysfs.policy(0).floorKhz()).isEqualTo(khz);
        assertThat(domain.isUntouched()).isTrue();
      }
    }
  }

  /** Take-over, lowest, highest, given back; each write in its order. */
  @ParameterizedTest
  @CsvSource({
    "ACPI, 1200000 2601000, 'governor=userspace setspeed=1200000 setspeed=2601000"
        + " governor=schedutil'",
    "ACPI_AMD, 1500000 2000000, 'governor=userspace setspeed=1500000 setspeed=2000000"
        + " governor=schedutil'",
    "INTEL_PSTATE_HWP, 800000 3900000, 'min=800000 max=800000 governor=powersave"
        + " max=3900000 min=3900000 governor=powersave"
        + " max=2147483647 min=800000 governor=powersave'",
    "INTEL_PSTATE, 1200000 3600000, 'governor=performance min=1200000 max=1200000"
        + " governor=performance max=3600000 min=3600000 governor=performance"
        + " max=2147483647 min=1200000 governor=powersave'",
    "INTEL_CPUFREQ_HWP, 800000 3900000, 'governor=performance max=800000 governor=performance"
        + " max=3900000 governor=performance"
        + " governor=schedutil max=2147483647 governor=schedutil'",
    "INTEL_CPUFREQ, 1200000 3600000, 'governor=userspace setspeed=1200000 setspeed=3600000"
        + " governor=schedutil'",
    "AMD_PSTATE_EPP, 400000 4463000, 'min=400000 max=400000 governor=powersave"
        + " max=4463000 min=4463000 governor=powersave"
        + " governor=powersave max=2147483647 min=400000 governor=powersave'",
    "AMD_PSTATE, 400000 4463000, 'governor=userspace setspeed=400000 setspeed=4463000"
        + " governor=schedutil'",
    "AMD_PSTATE_GUIDED, 400000 4463000, 'governor=userspace setspeed=400000 setspeed=4463000"
        + " governor=schedutil'",
    "CPPC, 1000000 3000000, 'governor=userspace setspeed=1000000 setspeed=3000000"
        + " governor=schedutil'",
    "PCC, 1000000 2900000, 'governor=userspace setspeed=1000000 setspeed=2900000"
        + " governor=schedutil'",
  })
  void theWritesAndTheirOrder(FakeDriver driver, String levels, String writes) throws Exception {
    FakeSysfs sysfs = host(driver);
    FrequencyDomain domain = read(sysfs);
    Original original = domain.readOriginal();
    domain.takeOver(original);
    for (String khz : levels.split(" ")) {
      domain.steer(Integer.parseInt(khz));
    }
    assertThat(domain.giveBack(original, false)).isEmpty();

    assertThat(sysfs.takeWrites().stream().map(SteeringTest::brief))
        .containsExactly(writes.split(" "));
  }

  private static String brief(String write) {
    return write
        .replace(POLICY, "")
        .replace("scaling_", "")
        .replaceAll("(min|max)_freq", "$1")
        .replace("energy_performance_preference", "epp");
  }

  /** Each driver as it was booted, and as an administrator had left it. */
  static Stream<Arguments> hosts() {
    return Stream.of(FakeDriver.values())
        .flatMap(
            driver ->
                Stream.of(
                    Arguments.of(driver, ""),
                    Arguments.of(driver, "max=1700000"),
                    Arguments.of(driver, "min=1700000 max=1700000"),
                    Arguments.of(driver, "governor=performance"),
                    Arguments.of(driver, "governor=performance min=1700000"),
                    Arguments.of(driver, "governor=powersave epp=power"),
                    Arguments.of(driver, "governor=userspace max=1700000 setspeed=1700000"),
                    Arguments.of(driver, "boost=0")));
  }

  /** Killed before each write in turn, also while giving back; another run then gives back. */
  @ParameterizedTest
  @MethodSource("hosts")
  void killedBeforeAnyWriteItIsGivenBackAsItWasFound(FakeDriver driver, String setting)
      throws Exception {
    int kills = 0;
    for (boolean killed = true; killed; kills++) {
      FakeSysfs sysfs = host(driver);
      set(sysfs, setting);
      Map<String, String> found = files(sysfs);
      Original original = read(sysfs).readOriginal();
      killed = !lives(read(new Killed(sysfs, kills)), original);
      sysfs.policy(0).work();

      assertThat(read(sysfs).giveBack(original, false)).isEmpty();
      sysfs.policy(0).work();
      assertThat(files(sysfs)).as("killed before write %d", kills).isEqualTo(found);
    }
    assertThat(kills).isBetween(4, WRITES_MAX);
  }

  /** A host that an administrator has set up, as far as its driver takes that. */
  private static void set(FakeSysfs sysfs, String setting) {
    for (String word : setting.isEmpty() ? new String[0] : setting.split(" ")) {
      String value = word.substring(word.indexOf('=') + 1);
      String name =
          switch (word.substring(0, word.indexOf('='))) {
            case "epp" -> "energy_performance_preference";
            case "min" -> "scaling_min_freq";
            case "max" -> "scaling_max_freq";
            case "boost" -> "boost";
            case "governor" -> "scaling_governor";
            default -> "scaling_setspeed";
          };
      try {
        sysfs.write(POLICY + name, value);
      } catch (SysfsException notWithThisDriver) {
        assertThat(notWithThisDriver).hasMessageContaining(name);
      }
    }
    sysfs.policy(0).work();
  }

  private static boolean lives(FrequencyDomain domain, Original original) throws SysfsException {
    Ladder ladder = domain.ladder();
    try {
      domain.takeOver(original);
      domain.steer(ladder.khz(ladder.bottomIndex()));
      domain.switchTurbo(false);
      domain.steer(ladder.khz(0));
      domain.steer(ladder.khz(ladder.nonTurboIndex()));
      domain.switchTurbo(!original.boost().equals("0"));
      domain.steer(ladder.khz(1));
      domain.giveBack(original, false);
      return true;
    } catch (Killed.Now now) {
      return false;
    }
  }

  /** Nothing follows by itself there, and no write is refused. */
  @ParameterizedTest
  @EnumSource(FakeDriver.class)
  void aPlainDirectoryThatLooksLikeItWillDo(FakeDriver driver) throws Exception {
    Tree tree = new Tree(root);
    Map<String, String> found = host(driver).files();
    found.forEach((path, text) -> tree.put(path, text + "\n"));
    FrequencyDomain domain = read(new DirectorySysfs(root));
    Original original = domain.readOriginal();
    domain.takeOver(original);

    for (int khz : domain.ladder().toArray()) {
      assertThat(domain.steer(khz)).isEqualTo(khz);
      assertThat(domain.isUntouched()).isTrue();
      String text = khz + "\n";
      Steering steering = domain.steering();
      boolean setspeed = steering == Steering.SETSPEED;
      assertThat(setspeed ? tree.get(POLICY + "scaling_setspeed") : tree.get(MAX)).isEqualTo(text);
      String min = steering.minIsSteered() ? text : found.get(MIN) + "\n";
      assertThat(tree.get(MIN)).isEqualTo(min);
      if (steering.governor() != null) {
        assertThat(tree.get(GOVERNOR)).isEqualTo(steering.governor() + "\n");
      }
    }
    assertThat(domain.giveBack(original, false)).isEmpty();

    found.forEach((path, text) -> assertThat(tree.get(path)).as(path).isEqualTo(text + "\n"));
  }

  @ParameterizedTest
  @EnumSource(FakeDriver.class)
  void othersLimitsAreToldFromTheKernelsOwn(FakeDriver driver) throws Exception {
    FakeSysfs sysfs = host(driver);
    FrequencyDomain domain = read(sysfs);
    Original original = domain.readOriginal();
    domain.takeOver(original);
    int topKhz = domain.ladder().khz(0);
    assertThat(domain.steer(topKhz)).isEqualTo(topKhz);

    sysfs.put("intel_pstate/no_turbo", "1").put("cpufreq/boost", "0");
    assertThat(domain.changes()).as("turbo is off for the host").isEmpty();
    assertThat(domain.isUntouched()).isTrue();
    sysfs.put("intel_pstate/no_turbo", "0").put("cpufreq/boost", "1");
    assertThat(domain.changes()).isEmpty();

    sysfs.write(MAX, "1700000");
    sysfs.policy(0).work();
    assertThat(domain.isUntouched()).isFalse();
    assertThat(domain.changes()).isEqualTo("limits were changed");
    boolean steered = domain.steering().maxIsSteered();
    assertThat(domain.giveBack(original, false))
        .isEqualTo(steered ? List.of("scaling_max_freq 1700000") : List.of());
    assertThat(sysfs.read(MAX)).isEqualTo("1700000");
    assertThat(sysfs.read(MIN)).isEqualTo("" + original.minKhz());
    assertThat(sysfs.read(GOVERNOR)).isEqualTo(original.governor());
  }

  /** What governor performance made of the EPP goes when the governor is ours again. */
  @Test
  void theEppOfAmdComesBackWhereAnotherProgramLostIt() throws Exception {
    FakeSysfs sysfs = host(FakeDriver.AMD_PSTATE_EPP);
    FrequencyDomain domain = read(sysfs);
    Original original = domain.readOriginal();
    domain.takeOver(original);
    domain.steer(1_000_000);
    sysfs.policy(0).setGovernor("performance");
    assertThat(domain.changes()).isEqualTo("governor is performance");
    domain.reclaim(original);
    domain.steer(1_000_000);
    assertThat(sysfs.read(EPP)).isEqualTo("performance");

    assertThat(domain.giveBack(original, false)).isEmpty();
    assertThat(sysfs.read(EPP)).isEqualTo("balance_performance");
  }

  @Test
  void anEppThatAnotherProgramSetIsLeftUnlessAllIsToGoBack() throws Exception {
    FakeSysfs sysfs = host(FakeDriver.AMD_PSTATE_EPP);
    FrequencyDomain domain = read(sysfs);
    Original original = domain.readOriginal();
    domain.takeOver(original);
    sysfs.write(EPP, "power");

    assertThat(domain.giveBack(original, false))
        .containsExactly("energy_performance_preference power");
    assertThat(sysfs.read(EPP)).isEqualTo("power");
    domain.giveBack(original, true);
    assertThat(sysfs.read(EPP)).isEqualTo("balance_performance");
  }

  /** On AMD a read is refused where the firmware set a value that has no word. */
  @Test
  void anEppThatCannotBeReadIsNoObstacle() throws Exception {
    FakeSysfs sysfs = host(FakeDriver.AMD_PSTATE_EPP);
    sysfs.fail(EPP, Errno.EINVAL);
    FrequencyDomain domain = read(sysfs);
    Original original = domain.readOriginal();
    assertThat(original.epp()).isEmpty();
    domain.takeOver(original);
    domain.steer(1_000_000);
    domain.giveBack(original, false);
    sysfs.fail(EPP, null);

    assertThat(files(sysfs)).isEqualTo(files(host(FakeDriver.AMD_PSTATE_EPP)));
  }

  /** Limits say what was asked for, whatever the hardware made of it. */
  @ParameterizedTest
  @EnumSource(FakeDriver.class)
  void aFailureIsSeenByTheReadBackWhereTheKernelTells(FakeDriver driver) throws Exception {
    FakeSysfs sysfs = host(driver);
    FrequencyDomain domain = read(sysfs);
    domain.takeOver(domain.readOriginal());
    domain.steer(driver.nominalKhz());
    sysfs.policy(0).setFailsSilently(true);
    int keptKhz = domain.steer(driver.minKhz());
    assertThat(keptKhz)
        .isEqualTo(domain.steering().maxIsSteered() ? driver.minKhz() : driver.nominalKhz());
  }

  /** Newer kernels read back a set-speed as asked, also where a limit clips it. */
  @Test
  void aLimitThatTheKernelNarrowedIsSeenWhereTheSetspeedDoesNotTell() throws Exception {
    FakeSysfs sysfs = host(FakeDriver.INTEL_CPUFREQ);
    sysfs.policy(0).setEchoesSetspeed(true);
    FrequencyDomain domain = read(sysfs);
    domain.takeOver(domain.readOriginal());
    assertThat(domain.steer(3_600_000)).isEqualTo(3_600_000);
    sysfs.put("intel_pstate/no_turbo", "1");

    assertThat(domain.changes()).isEmpty();
    assertThat(domain.isClipped(3_600_000)).isTrue();
    assertThat(domain.steer(3_600_000)).isEqualTo(2_200_000);
    assertThat(domain.isClipped(2_200_000)).isFalse();
  }

  /** While turbo is off for the host, its limit binds nobody, and is not what goes back. */
  @Test
  void aLimitThatTheHostMadeIsNoAdministrators() throws Exception {
    FakeSysfs sysfs = host(FakeDriver.INTEL_PSTATE_HWP).put("intel_pstate/no_turbo", "1");
    FrequencyDomain domain = read(sysfs);
    Original original = domain.readOriginal();
    assertThat(original.maxKhz()).isEqualTo(2_600_000);
    assertThat(original.capped()).isFalse();
    assertThat(original.highestKhz()).isEqualTo(Integer.MAX_VALUE);
    domain.takeOver(original);
    domain.steer(2_000_000);
    domain.giveBack(original, false);

    assertThat(sysfs.read(MAX)).isEqualTo("2600000");
    sysfs.put("intel_pstate/no_turbo", "0");
    assertThat(sysfs.read(MAX)).as("not pinned by us").isEqualTo("3900000");
  }

  @Test
  void reclaimingTakesTheLimitsThatOthersSetAndNoOther() throws Exception {
    FakeSysfs sysfs = host(FakeDriver.INTEL_PSTATE_HWP);
    FrequencyDomain domain = read(sysfs);
    Original original = domain.readOriginal();
    domain.takeOver(original);
    domain.steer(2_000_000);
    sysfs.write(MAX, "3000000");
    sysfs.policy(0).work();

    Original fresh = domain.reclaim(original);

    assertThat(fresh.minKhz()).as("the lower one is ours").isEqualTo(800_000);
    assertThat(fresh.maxKhz()).isEqualTo(3_000_000);
    assertThat(fresh.capped()).isTrue();
    domain.steer(2_000_000);
    assertThat(domain.changes()).isEmpty();
    domain.giveBack(fresh, false);
    assertThat(sysfs.read(MAX)).isEqualTo("3000000");
    assertThat(sysfs.read(MIN)).isEqualTo("800000");
  }

  @Test
  void turboBySwitchIsWrittenOnlyWhereItChangesAndNotWhileTheHostsIsOff() throws Exception {
    FakeSysfs sysfs = host(FakeDriver.ACPI_AMD);
    FrequencyDomain domain = read(sysfs);
    Original original = domain.readOriginal();
    assertThat(original.boost()).isEqualTo("1");
    domain.takeOver(original);
    domain.steer(2_000_000);
    sysfs.takeWrites();
    assertThat(sysfs.policy(0).currentKhz()).isEqualTo(3_720_703);

    assertThat(domain.switchTurbo(true)).isFalse();
    assertThat(domain.switchTurbo(false)).isTrue();
    assertThat(domain.switchTurbo(false)).isFalse();
    assertThat(sysfs.takeWrites()).containsExactly(POLICY + "boost=0");
    assertThat(sysfs.policy(0).currentKhz()).isEqualTo(2_000_000);

    sysfs.put("cpufreq/boost", "0");
    assertThat(domain.isUntouched()).isTrue();
    assertThat(domain.switchTurbo(true)).isFalse();
    assertThat(domain.giveBack(original, false)).containsExactly("boost 0, by the host's");
    sysfs.put("cpufreq/boost", "1");
    domain.giveBack(original, false);
    assertThat(files(sysfs)).isEqualTo(files(host(FakeDriver.ACPI_AMD)));
  }

  @Test
  void whereTurboHasNoSwitchOfItsOwnTheTopOfTheTableIsTurbo() throws Exception {
    FakeSysfs with = host(FakeDriver.ACPI_AMD);
    Tree tree = new Tree(root);
    with.files()
        .forEach(
            (path, text) -> {
              if (!path.equals(POLICY + "boost")) {
                tree.put(path, text + "\n");
              }
            });

    Ladder ladder = read(new DirectorySysfs(root)).ladder();
    assertThat(ladder).hasToString("[2000000, 1700000, 1500000] turbo above 1700000");
    assertThat(read(with).ladder()).hasToString("[2000000, 1700000, 1500000] turbo by a switch");
  }

  static FakeSysfs host(FakeDriver driver) {
    return new FakeSysfs().addPolicy(driver, 0);
  }

  /** Every file but the frequency, which is what it is. */
  private static Map<String, String> files(FakeSysfs sysfs) throws SysfsException {
    Map<String, String> texts = new TreeMap<>(sysfs.files());
    texts.remove(POLICY + "scaling_cur_freq");
    return texts;
  }

  static FrequencyDomain read(Sysfs sysfs) {
    return FrequencyDomains.read(
            sysfs,
            CpuSet.of(0),
            problem -> {
              throw new AssertionError(problem);
            })
        .get(0);
  }
}
