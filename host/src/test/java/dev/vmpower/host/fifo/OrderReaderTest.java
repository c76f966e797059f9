package dev.vmpower.host.fifo;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.vmpower.host.policy.HourTable;
import dev.vmpower.host.policy.Level;
import dev.vmpower.host.policy.Policy;
import dev.vmpower.machine.net.MacAddress;
import dev.vmpower.protocol.Unit;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What DPDK's JSON means. */
class OrderReaderTest {
  private static FifoOrder read(String text) {
    byte[] bytes = (text + "left over").getBytes(UTF_8);
    return OrderReader.read(bytes, text.getBytes(UTF_8).length);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SCALE_UP",
        "SCALE_DOWN",
        "SCALE_MAX",
        "SCALE_MIN",
        "ENABLE_TURBO",
        "DISABLE_TURBO"
      })
  void everyUnitIsAnInstruction(String unit) {
    assertThat(read("{\"instruction\": {\"command\": \"power\", \"unit\": \"" + unit + "\"}}"))
        .isEqualTo(new FifoOrder.Instruction(Unit.valueOf(unit)));
    assertThat(read("{\"instruction\": {\"unit\": \"" + unit + "\", \"name\": \"vm\"}}"))
        .isEqualTo(new FifoOrder.Instruction(Unit.valueOf(unit)));
  }

  /** As DPDK's documentation has it, with the pairs that only older versions knew. */
  @Test
  void aPolicyOfTimeHasHoursAsTheyStand() throws Exception {
    FifoOrder order =
        read(
            """
            {"policy": {
              "name": "ubuntu", "resource_id": 1, "core_list": [1, 2],
              "command": "create",
              "policy_type": "TIME",
              "busy_hours": [17, 0, 18, 0, 23],
              "quiet_hours": [2, 17]
            }}""");

    HourTable hours = HourTable.of(new int[] {17, 0, 18, 23}, new int[] {2}, new int[0]);
    assertThat(order).isEqualTo(new FifoOrder.Create(new Policy.Time(hours, null)));
    assertThat(hours.use(0)).isEqualTo(HourTable.Use.BUSY);
  }

  @Test
  void aPolicyOfTrafficHasAddressesAndThresholds() {
    assertThat(
            read(
                "{\"policy\": {\"policy_type\": \"TRAFFIC\", \"mac_list\":"
                    + " [\"de:ad:be:ef:01:01\", \"DE:AD:BE:EF:01:01\", \"de:ad:be:ef:01:02\"],"
                    + " \"avg_packet_thresh\": 100000, \"max_packet_thresh\": 4294967295}}"))
        .isEqualTo(
            new FifoOrder.Create(
                new Policy.Traffic(
                    List.of(
                        MacAddress.parse("de:ad:be:ef:01:01"),
                        MacAddress.parse("de:ad:be:ef:01:02")),
                    100_000,
                    4_294_967_295L)));
  }

  @ParameterizedTest
  @CsvSource({"HIGH,MAX", "MEDIUM,MEDIUM", "LOW,MIN"})
  void aPolicyOfWorkloadHasALevel(String workload, Level level) {
    assertThat(
            read("{\"policy\":{\"policy_type\":\"WORKLOAD\",\"workload\":\"" + workload + "\"}}"))
        .isEqualTo(new FifoOrder.Create(new Policy.Workload(level)));
  }

  @Test
  void whatIsNotThereIsAsDpdkHasIt() throws Exception {
    HourTable none = HourTable.of(new int[0], new int[0], new int[0]);
    assertThat(read("{\"policy\": {}}"))
        .isEqualTo(new FifoOrder.Create(new Policy.Time(none, null)));
    assertThat(read("{\"policy\": {\"policy_type\": \"WORKLOAD\"}}"))
        .isEqualTo(new FifoOrder.Create(new Policy.Workload(Level.MIN)));
    assertThat(read("{\"policy\": {\"policy_type\": \"BRANCH_RATIO\"}}"))
        .isEqualTo(new FifoOrder.Create(new Policy.BranchRatio(0.1)));
    assertThat(read("{\"policy\": {\"command\": \"destroy\", \"policy_type\": \"TRAFFIC\"}}"))
        .isEqualTo(new FifoOrder.Destroy());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{} | give one object",
        "{\"policy\": 1} | give one object",
        "{\"policy\": {}, \"instruction\": {}} | give one object",
        "{\"else\": {}} | give one object",
        "{\"policy\": {\"a\" 1}} | no JSON at line 1, column 17",
        "{\"policy\": {\"command\": \"create\", \"command\": \"create\"}} | no JSON",
        "{\"policy\": {}]} | no JSON",
        "{\"policy\": {\"quite_hours\": []}} | there is no key 'quite_hours'",
        "{\"policy\": {\"\\u001b[31m\": []}} | there is no key like that one",
        "{\"policy\": {\"command\": \"go\"}} | there is no \"command\" 'go': give one of [create,",
        "{\"policy\": {\"policy_type\": \"time\"}} | there is no \"policy_type\" 'time'",
        "{\"policy\": {\"policy_type\": 1}} | there is no \"policy_type\" like that one",
        "{\"policy\": {\"workload\": null}} | there is no \"workload\" like that one",
        "{\"policy\": {\"busy_hours\": [24]}} | \"busy_hours\" is a list of up to 24 hours",
        "{\"policy\": {\"busy_hours\": [-1]}} | \"busy_hours\" is a list",
        "{\"policy\": {\"busy_hours\": [1.5]}} | \"busy_hours\" is a list",
        "{\"policy\": {\"quiet_hours\": \"3\"}} | \"quiet_hours\" is a list",
        "{\"policy\": {\"quiet_hours\": [99999999999]}} | \"quiet_hours\" is a list",
        "{\"policy\": {\"policy_type\": \"TRAFFIC\"}} | \"TRAFFIC\" needs a \"mac_list\"",
        "{\"policy\": {\"policy_type\": \"TRAFFIC\", \"mac_list\": []}} | needs a \"mac_list\"",
        "{\"policy\": {\"mac_list\": [\"00:00:00:00:00:00\"]}} | \"mac_list\" is a list of",
        "{\"policy\": {\"mac_list\": [12]}} | \"mac_list\" is a list of up to 64",
        "{\"policy\": {\"avg_packet_thresh\": -1}} | is a whole number from 0 to 4294967295",
        "{\"policy\": {\"max_packet_thresh\": 4294967296}} | \"max_packet_thresh\" is a whole",
        "{\"policy\": {\"max_packet_thresh\": 1e3}} | \"max_packet_thresh\" is a whole",
        "{\"instruction\": {}} | \"power\" needs a \"unit\"",
        "{\"instruction\": {\"unit\": \"SCALE_WILD\"}} | there is no \"unit\" 'SCALE_WILD'",
        "{\"instruction\": {\"unit\": \"UNKNOWN\"}} | there is no \"unit\" 'UNKNOWN'",
      })
  void whatIsMalformedIsSaidInOneLine(String text, String why) {
    assertThat(read(text)).isInstanceOf(FifoOrder.Malformed.class);
    assertThat(((FifoOrder.Malformed) read(text)).why())
        .contains(why)
        .matches("[\\x20-\\x7e]{1,200}");
  }

  @Test
  void bytesThatAreNoTextAreMalformed() {
    byte[] bytes = "{\"policy\": {\"name\": \"?\"}}".getBytes(UTF_8);
    bytes[21] = (byte) 0xff;
    assertThat(OrderReader.read(bytes, bytes.length)).isInstanceOf(FifoOrder.Malformed.class);
    String deep = "{\"policy\":{\"name\":" + "[".repeat(30_000) + "]".repeat(30_000) + "}}";
    assertThat(read(deep)).isInstanceOf(FifoOrder.Malformed.class);
  }
}
