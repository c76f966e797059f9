package dev.vmpower.host.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vmpower.host.policy.HourTable.Use;
import dev.vmpower.host.policy.Level;
import dev.vmpower.host.policy.OperatorPolicy;
import dev.vmpower.host.policy.Policy;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Policies as operators write them. */
class PolicyFileTest {
  private static final String EVERY_KIND =
      """
      [[policy]]
      name = "office-hours"
      vm = "web \\"1\\""
      vcpus = "0-1,3"
      type = "time"
      busy_hours = "8-17"
      quiet_hours = [22, 23, 0, 1]
      traffic_hours = "18-21"
      macs = ["52:54:00:12:34:56", "52:54:00:AB:cd:ef"]
      average_packets = 1000
      max_packets = 50000

      [[policy]]
      name = "router"
      vm = "router"
      type = "traffic"
      macs = ["52:54:00:00:00:01"]
      average_packets = 0
      max_packets = 2147483647

      [[policy]]
      name = "batch"
      cpus = "8-15"
      type = "workload"
      workload = "low"

      [[policy]]
      name = "poll"
      cpus = "4"
      type = "branch_ratio"
      threshold_percent = 0.25
      """;

  private static List<OperatorPolicy> parse(String text) throws ConfigException {
    return PolicyFile.parse("night.toml", text);
  }

  @Test
  void everyKindIsRead() throws ConfigException {
    List<OperatorPolicy> policies = parse(EVERY_KIND);

    assertThat(policies).hasSize(4);
    OperatorPolicy first = policies.get(0);
    assertThat(first.vm()).isEqualTo("web \"1\"");
    assertThat(first.vcpus().toString()).isEqualTo("0-1,3");
    Policy.Time time = (Policy.Time) first.policy();
    assertThat(time.hours().hours(Use.BUSY)).hasSize(10).contains(8, 17);
    assertThat(time.hours().hours(Use.QUIET)).containsExactly(0, 1, 22, 23);
    assertThat(time.hours().hours(Use.TRAFFIC)).containsExactly(18, 19, 20, 21);
    assertThat(time.traffic())
        .isEqualTo(new Policy.Traffic(List.of(0x563412005452L, 0xefcdab005452L), 1000, 50_000));
    assertThat(policies.get(2).policy()).isEqualTo(new Policy.Workload(Level.MIN));
    assertThat(policies.get(3).policy()).isEqualTo(new Policy.BranchRatio(0.25));
    assertThat(policies.get(3).cpus().toString()).isEqualTo("4");
  }

  @Test
  void whatIsWrittenReadsTheSame() throws ConfigException {
    StringBuilder toml = new StringBuilder();
    List<OperatorPolicy> policies = parse(EVERY_KIND);
    policies.forEach(policy -> toml.append(policy.toToml()));

    assertThat(parse(toml.toString())).isEqualTo(policies);
  }

  private static final String HEAD = "[[policy]]\nname = \"p\"\nvm = \"v\"\n";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'x'|FILE:1: ",
        "''|FILE: write [[policy]], with two brackets",
        "'[policy]'|FILE: write [[policy]], with two brackets",
        "'name = 1'|FILE:1: unknown key 'name'; known are policy",
        "'[[policy]]'|FILE: POL a policy needs a name of letters, digits, ",
        "'[[policy]]\nname=\"../x\"'|FILE:2: POL a policy needs a name of letters",
        "'[[policy]]\nname=\"p\"'|FILE: POL a policy is for a vm, or for cpus",
        "'TYPE'|FILE: POL type is time, traffic, workload or branch_ratio",
        "'TYPEtype = \"time\"'|FILE:4: POL name hours: busy_hours, quiet_hours or",
        "'TYPEtype = \"time\"\nbusy_hours = \"8-24\"'|FILE:5: POL busy_hours has numbers",
        "'TYPEtype = \"time\"\nbusy_hours = [1.5]'|FILE:5: POL entry 0 of busy_hours is",
        "'TYPEtype = \"time\"\nbusy_hours = \"8\"\nquiet_hours = \"8\"'|FILE:5: POL an hour",
        "'TYPEtype = \"time\"\nbusy_hours = \"8\"\nmacs = []'|FILE:6: POL packets count in",
        "'TYPEtype = \"time\"\ntraffic_hours = \"8\"'|FILE: POL macs names no interface",
        "'TYPEtype = \"traffic\"\nmacs = [\"1:2\"]'|FILE:5: POL '1:2' is no MAC address",
        "'TYPEtype = \"traffic\"\nmacs = [\"00:00:00:00:00:00\"]'|FILE:5: POL '00:00",
        "'TYPEtype = \"traffic\"\nmacs = [\"52:54:00:00:00:01\"]'|FILE: POL average_packets",
        "'TYPEtype = \"workload\"'|FILE: POL workload is high, medium or low",
        "'TYPEtype = \"workload\"\nbusy_hours = \"8\"'|FILE:5: POL unknown key 'busy_hours'",
        "'TYPEtype = \"branch_ratio\"\nthreshold_percent = 101'|FILE:5: POL threshold_",
        "'TYPEvcpus = \"\"\ntype = \"branch_ratio\"'|FILE:4: POL vcpus names none",
        "'TYPEcpus = \"1\"\ntype = \"branch_ratio\"'|FILE:3: POL a policy is for a vm, or",
      })
  void whatIsWrongIsSaidInOneLineWithItsPlace(String text, String line) {
    assertThatThrownBy(() -> parse(text.replace("TYPE", HEAD)))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith(line.replace("FILE", "night.toml").replace("POL", "[policy]"))
        .message()
        .doesNotContain("\n");
  }

  @Test
  void twoPoliciesOfOneFileMustNotRuleTheSame() {
    String rest = "type = \"branch_ratio\"\n";
    String first = "[[policy]]\nname = \"a\"\nvm = \"v\"\nvcpus = \"0-1\"\n" + rest;

    assertThatThrownBy(() -> parse(first + first)).hasMessageContaining("are named 'a'");
    assertThatThrownBy(
            () -> parse(first + "[[policy]]\nname = \"b\"\nvm = \"v\"\nvcpus = \"1\"\n" + rest))
        .hasMessage("night.toml:7: [policy] b and a rule the same");
    assertThatThrownBy(() -> parse(first + "[[policy]]\nname = \"b\"\nvm = \"v\"\n" + rest))
        .hasMessageContaining("b and a rule the same");
  }
}
