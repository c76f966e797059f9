package dev.vmpower.machine.cpufreq;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.fake.FakeSysfs;
import dev.vmpower.machine.sysfs.DirectorySysfs;
import dev.vmpower.machine.sysfs.Tree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Frequency domains of plain trees: what is found, what is left out, and why. */
class FrequencyDomainsTest {
  private static final CpuSet PRESENT = CpuSet.of(0, 1, 2, 3);
  private static final String[] ACPI = {
    "scaling_driver acpi-cpufreq",
    "scaling_governor ondemand",
    "scaling_setspeed <unsupported>",
    "scaling_available_frequencies 2601000 2600000 1700000 1200000 ",
    "scaling_min_freq 1200000",
    "scaling_max_freq 2601000",
    "scaling_cur_freq 1200000",
    "cpuinfo_min_freq 1200000",
    "cpuinfo_max_freq 2601000",
  };

  @TempDir Path root;
  private final List<String> problems = new ArrayList<>();
  private Tree tree;

  @BeforeEach
  void build() {
    tree = new Tree(root);
  }

  @Test
  void eachPolicyIsOneInTheOrderOfTheirNumbers() {
    for (int number : new int[] {10, 2, 0}) {
      policy(number, "" + number);
    }
    assertThat(numbers(read())).containsExactly(0, 2, 10);
    assertThat(problems).isEmpty();
  }

  @Test
  void aSharedPolicyHasAllItsCpusOnlineOrNot() {
    policy(0, "0 1 2 3").put("cpufreq/policy0/affected_cpus", "0 2\n");
    link(0, 1, 2, 3);

    List<FrequencyDomain> domains = read();

    assertThat(domains).hasSize(1);
    assertThat(domains.get(0).cpus()).isEqualTo(PRESENT);
    assertThat(problems).isEmpty();
  }

  @Test
  void withoutRelatedCpusTheAffectedOnesCountElseTheNumber() throws IOException {
    policy(0, "0").put("cpufreq/policy0/affected_cpus", "0 1\n");
    Files.delete(root.resolve("cpufreq/policy0/related_cpus"));
    tree.putAll("cpufreq/policy2", ACPI);

    assertThat(read())
        .extracting(FrequencyDomain::cpus)
        .containsExactly(CpuSet.of(0, 1), CpuSet.of(2));
  }

  @Test
  void aTreeWithOnlyTheDirectoriesOfItsCpusWillDo() throws Exception {
    for (int cpu = 0; cpu < 3; cpu++) {
      tree.putAll("cpu" + cpu + "/cpufreq", ACPI);
    }
    tree.put("cpu1/cpufreq/related_cpus", "1 2\n").put("cpu2/cpufreq/related_cpus", "1 2\n");

    List<FrequencyDomain> domains = read();

    assertThat(numbers(domains)).containsExactly(0, 1);
    assertThat(domains.get(1).cpus()).isEqualTo(CpuSet.of(1, 2));
    assertThat(problems).isEmpty();
    domains.get(1).takeOver(domains.get(1).readOriginal());
    domains.get(1).steer(1_700_000);
    assertThat(tree.get("cpu1/cpufreq/scaling_setspeed")).isEqualTo("1700000\n");
    assertThat(tree.get("cpu2/cpufreq/scaling_governor")).isEqualTo("ondemand\n");
  }

  @Test
  void aTreeMayHaveBothForms() {
    policy(0, "0 1");
    link(0, 1);
    tree.putAll("cpu2/cpufreq", ACPI);

    assertThat(read())
        .extracting(FrequencyDomain::cpus)
        .containsExactly(CpuSet.of(0, 1), CpuSet.of(2));
    assertThat(problems).isEmpty();
  }

  @Test
  void aHostWithoutCpufreqHasNone() throws IOException {
    assertThat(read()).isEmpty();
    Files.createDirectory(root.resolve("cpufreq"));
    assertThat(read()).isEmpty();
    assertThat(problems).isEmpty();
  }

  @Test
  void whatIsNoPolicyIsNotLookedAt() {
    for (String name : new String[] {"policy", "policyx", "policy01", "policy12345", "ondemand"}) {
      tree.putAll("cpufreq/" + name, ACPI);
    }
    assertThat(read()).isEmpty();
    assertThat(problems).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '"',
      value = {
        "scaling_available_frequencies, junk,"
            + " policy0/ is left alone: 'junk' is no frequency in kHz",
        "related_cpus, 0-x, \"policy0/ is left alone: '0-x' is no list of CPUs such as 0-3,8\"",
        "related_cpus, 0 2, \"policy2/ is left alone: cpufreq/policy2/related_cpus: are another's,"
            + " or none\"",
      })
  void aBrokenOneIsLeftAloneWithALineAndTheOthersAreFound(String name, String text, String line) {
    policy(0, "0").put("cpufreq/policy0/" + name, text + "\n");
    policy(1, "1");
    policy(2, "2");

    List<FrequencyDomain> domains = read();

    assertThat(numbers(domains)).contains(1).hasSize(2);
    assertThat(problems).containsExactly("cpufreq/" + line);
  }

  @Test
  void aRangeThatIsNoNumberIsNamed() throws IOException {
    policy(0, "0").put("cpufreq/policy0/cpuinfo_max_freq", "fast\n");
    Files.delete(root.resolve("cpufreq/policy0/scaling_available_frequencies"));

    assertThat(read()).isEmpty();
    assertThat(problems)
        .containsExactly(
            "cpufreq/policy0/ is left alone:"
                + " cpufreq/policy0/cpuinfo_max_freq: 'fast' is no frequency in kHz");
  }

  @Test
  void anOfflineOneIsLeftOutUntilItReturns() {
    FakeSysfs sysfs = new FakeSysfs().addCpus(0, 2, "2601000 2600000 1200000");
    sysfs.setOnline(1, false);
    assertThat(numbers(FrequencyDomains.read(sysfs, CpuSet.of(0, 1), problems::add)))
        .containsExactly(0);
    assertThat(problems)
        .isNotEmpty()
        .allMatch(problem -> problem.endsWith("related_cpus: Device or resource busy"));

    sysfs.setOnline(1, true);
    assertThat(FrequencyDomains.read(sysfs, CpuSet.of(0, 1), problems::add)).hasSize(2);
  }

  @Test
  void inAPlainTreeWhatWasWrittenCountsAsKeptAndAllGoesBack() throws Exception {
    policy(0, "0");
    FrequencyDomain domain = read().get(0);
    Original original = domain.readOriginal();
    domain.takeOver(original);
    assertThat(tree.get("cpufreq/policy0/scaling_governor")).isEqualTo("userspace\n");
    assertThat(tree.get("cpufreq/policy0/scaling_setspeed")).isEqualTo("<unsupported>\n");

    assertThat(domain.steer(1_700_000)).isEqualTo(1_700_000);
    assertThat(tree.get("cpufreq/policy0/scaling_setspeed")).isEqualTo("1700000\n");
    assertThat(domain.currentKhz()).isEqualTo(1_200_000);

    domain.giveBack(original, false);
    for (String line : ACPI) {
      int blank = line.indexOf(' ');
      assertThat(tree.get("cpufreq/policy0/" + line.substring(0, blank)))
          .isEqualTo(line.substring(blank + 1) + "\n");
    }
  }

  @Test
  void withoutTheFileItCannotBeSteeredAndWithoutADriversNameItCan() throws IOException {
    policy(0, "0");
    Files.delete(root.resolve("cpufreq/policy0/scaling_setspeed"));
    policy(1, "1");
    Files.delete(root.resolve("cpufreq/policy1/scaling_driver"));

    List<FrequencyDomain> domains = read();

    assertThat(domains.get(0).canBeSteered()).isFalse();
    assertThat(domains.get(1).canBeSteered()).isTrue();
    assertThat(domains.get(1).driver()).isEmpty();
  }

  @Test
  void turboIsOffWhereTheHostSaysSo() throws IOException {
    DirectorySysfs sysfs = new DirectorySysfs(root);
    assertThat(FrequencyDomains.turboIsOff(sysfs)).isFalse();
    tree.put("cpufreq/boost", "1\n").put("intel_pstate/no_turbo", "0\n");
    assertThat(FrequencyDomains.turboIsOff(sysfs)).isFalse();
    tree.put("intel_pstate/no_turbo", "1\n");
    assertThat(FrequencyDomains.turboIsOff(sysfs)).isTrue();
    Files.delete(root.resolve("intel_pstate/no_turbo"));
    tree.put("cpufreq/boost", "0\n");
    assertThat(FrequencyDomains.turboIsOff(sysfs)).isTrue();
  }

  private Tree policy(int number, String related) {
    return tree.putAll("cpufreq/policy" + number, ACPI)
        .put("cpufreq/policy" + number + "/related_cpus", related + " \n");
  }

  private void link(int policy, int... cpus) {
    for (int cpu : cpus) {
      try {
        Path directory = Files.createDirectories(root.resolve("cpu" + cpu));
        Files.createSymbolicLink(
            directory.resolve("cpufreq"), root.resolve("cpufreq/policy" + policy));
      } catch (IOException refused) {
        throw new AssertionError(refused);
      }
    }
  }

  private List<FrequencyDomain> read() {
    return FrequencyDomains.read(new DirectorySysfs(root), PRESENT, problems::add);
  }

  private static List<Integer> numbers(List<FrequencyDomain> domains) {
    return domains.stream().map(FrequencyDomain::number).toList();
  }
}
