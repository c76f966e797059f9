package dev.vmpower.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Reads packets that a real guest sent, and any bytes at all. */
class RequestPacketTest {
  @ParameterizedTest
  @CsvSource({
    "connect-lcore0,       CONNECT,           ,              ",
    "connect-lcore1,       CONNECT,           ,              ",
    "scale-max-lcore0,     CPU_POWER,         SCALE_MAX,     0",
    "scale-max-lcore1,     CPU_POWER,         SCALE_MAX,     1",
    "scale-min-lcore1,     CPU_POWER,         SCALE_MIN,     1",
    "scale-up-lcore1,      CPU_POWER,         SCALE_UP,      1",
    "scale-down-lcore1,    CPU_POWER,         SCALE_DOWN,    1",
    "enable-turbo-lcore1,  CPU_POWER,         ENABLE_TURBO,  1",
    "disable-turbo-lcore1, CPU_POWER,         DISABLE_TURBO, 1",
    "policy-time,          PKT_POLICY,        UNKNOWN,       1",
    "policy-remove,        PKT_POLICY_REMOVE, UNKNOWN,       1",
    "query-freq-list,      QUERY_FREQ_LIST,   UNKNOWN,       1",
    "query-freq,           QUERY_FREQ,        UNKNOWN,       1",
    "query-caps-list,      QUERY_CAPS_LIST,   UNKNOWN,       1",
    "query-caps,           QUERY_CAPS,        UNKNOWN,       1",
  })
  void aRecordedPacketSaysWhatTheGuestAsked(
      String vector, Command command, Unit unit, Long resourceId) {
    RequestPacket packet = Vectors.request(vector);

    assertThat(packet.command()).isEqualTo(command);
    if (unit != null) {
      assertThat(packet.unit()).isEqualTo(unit);
    }
    if (resourceId != null) {
      assertThat(packet.resourceId()).isEqualTo(resourceId);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "policy-traffic, TRAFFIC",
    "policy-time, TIME",
    "policy-workload, WORKLOAD",
    "policy-branch-ratio, BRANCH_RATIO",
  })
  void everyFieldOfARecordedPolicyIsFound(String vector, PolicyKind kind) {
    RequestPacket packet = Vectors.request(vector);

    assertThat(packet.policyKind()).isEqualTo(kind);
    assertThat(packet.vmName()).isEqualTo("vm-lab");
    assertThat(packet.macCount()).isEqualTo(2);
    assertThat(packet.minPackets()).isEqualTo(96_000);
    assertThat(packet.averagePackets()).isEqualTo(1_800_000);
    assertThat(packet.maxPackets()).isEqualTo(2_000_000);
    assertThat(packet.vcpuCount()).isEqualTo(2);
    assertThat(packet.coreType()).isEqualTo(CoreType.VIRTUAL);
    assertThat(packet.workload()).isEqualTo(Workload.MEDIUM);
    assertThat(packet.turbo()).isTrue();
    for (int i = 0; i < RequestPacket.MACS_MAX; i++) {
      assertThat(packet.mac(i)).isEqualTo(0xa0b0_c0d0_e000L + i);
    }
    for (int i = 0; i < RequestPacket.POLICY_VCPUS_MAX; i++) {
      assertThat(packet.vcpu(i)).isEqualTo(i);
    }
    for (int hour = 0; hour < RequestPacket.HOURS; hour++) {
      assertThat(packet.busyHour(hour)).isEqualTo(100 + hour);
      assertThat(packet.quietHour(hour)).isEqualTo(200 + hour);
      assertThat(packet.trafficHour(hour)).isEqualTo(300 + hour);
    }
  }

  /** Every request of the library but CONNECT can be written byte for byte. */
  @ParameterizedTest
  @CsvSource({
    "scale-max-lcore0,     SCALE_MAX,     0",
    "scale-max-lcore1,     SCALE_MAX,     1",
    "scale-min-lcore1,     SCALE_MIN,     1",
    "scale-up-lcore1,      SCALE_UP,      1",
    "scale-down-lcore1,    SCALE_DOWN,    1",
    "enable-turbo-lcore1,  ENABLE_TURBO,  1",
    "disable-turbo-lcore1, DISABLE_TURBO, 1",
  })
  void aWrittenRequestEqualsTheRecordedOne(String vector, Unit unit, long resourceId) {
    ByteBuffer buffer = junk(new Random(1));

    new RequestPacket()
        .wrap(buffer, 0)
        .clear()
        .command(Command.CPU_POWER)
        .unit(unit)
        .resourceId(resourceId);

    assertThat(buffer.array()).isEqualTo(Vectors.read(vector).array());
  }

  @ParameterizedTest
  @CsvSource({
    "policy-traffic, TRAFFIC",
    "policy-time, TIME",
    "policy-workload, WORKLOAD",
    "policy-branch-ratio, BRANCH_RATIO",
  })
  void aWrittenPolicyEqualsTheRecordedOne(String vector, PolicyKind kind) {
    ByteBuffer buffer = junk(new Random(3));

    RequestPacket packet =
        new RequestPacket()
            .wrap(buffer, 0)
            .clear()
            .command(Command.PKT_POLICY)
            .resourceId(1)
            .vmName("vm-lab")
            .macCount(2)
            .packets(96_000, 1_800_000, 2_000_000)
            .vcpuCount(2)
            .coreType(CoreType.VIRTUAL)
            .workload(Workload.MEDIUM)
            .policyKind(kind)
            .turbo(true);
    for (int i = 0; i < RequestPacket.MACS_MAX; i++) {
      packet.mac(i, 0xffff_a0b0_c0d0_e000L + i);
    }
    for (int i = 0; i < RequestPacket.POLICY_VCPUS_MAX; i++) {
      packet.vcpu(i, i);
    }
    for (int i = 0; i < RequestPacket.HOURS; i++) {
      packet.busyHour(i, 100 + i).quietHour(i, 200 + i).trafficHour(i, 300 + i);
    }

    assertThat(buffer.array()).isEqualTo(Vectors.read(vector).array());
  }

  @Test
  void aRemovalEqualsTheRecordedOne() {
    ByteBuffer buffer = junk(new Random(4));

    new RequestPacket()
        .wrap(buffer, 0)
        .clear()
        .command(Command.PKT_POLICY_REMOVE)
        .resourceId(1)
        .vmName("vm-lab");

    assertThat(buffer.array()).isEqualTo(Vectors.read("policy-remove").array());
  }

  /** Every setter over junk: its getter reads it, and no other byte of the packet changed. */
  @Test
  void aSetterWritesItsFieldAndNoOther() {
    Map<String, Function<RequestPacket, RequestPacket>> setters = new LinkedHashMap<>();
    setters.put("resource_id 0 8", packet -> packet.resourceId(-1));
    setters.put("unit 8 4", packet -> packet.unit(Unit.SCALE_MIN));
    setters.put("command 12 4", packet -> packet.command(Command.QUERY_CAPS));
    setters.put("vm_name 16 32", packet -> packet.vmName("a"));
    setters.put("vfid[9] 120 8", packet -> packet.mac(9, -1));
    setters.put("nb_mac 128 4", packet -> packet.macCount(-1));
    setters.put("traffic_policy 132 12", packet -> packet.packets(1, 0xffff_ffffL, 3));
    setters.put("vcpu_to_control[7] 151 1", packet -> packet.vcpu(7, 255));
    setters.put("num_vcpu 152 1", packet -> packet.vcpuCount(200));
    setters.put("busy_hours[23] 248 4", packet -> packet.busyHour(23, -1));
    setters.put("quiet_hours[23] 344 4", packet -> packet.quietHour(23, 99));
    setters.put("traffic_hours[23] 440 4", packet -> packet.trafficHour(23, 23));
    setters.put("core_type 444 1", packet -> packet.coreType(CoreType.PHYSICAL));
    setters.put("workload 448 4", packet -> packet.workload(Workload.LOW));
    setters.put("policy 452 4", packet -> packet.policyKind(PolicyKind.BRANCH_RATIO));
    setters.put("turbo 456 1", packet -> packet.turbo(true));
    setters.forEach(
        (field, setter) -> {
          String[] words = field.split(" ");
          int from = Integer.parseInt(words[1]);
          int to = from + Integer.parseInt(words[2]);
          ByteBuffer ones = filled(0x55);
          ByteBuffer others = filled(0xaa);

          assertThat(setter.apply(new RequestPacket().wrap(ones, 0))).isNotNull();
          assertThat(setter.apply(new RequestPacket().wrap(others, 0))).isNotNull();

          for (int i = 0; i < RequestPacket.SIZE_BYTES; i++) {
            assertThat(ones.get(i) == others.get(i))
                .as("%s: byte %d", field, i)
                .isEqualTo(i >= from && i < to);
          }
        });
  }

  @Test
  void anIndexOutsideItsListIsTheCallersBugAndWritesNothing() {
    ByteBuffer buffer = filled(0);
    RequestPacket packet = new RequestPacket().wrap(buffer, 0);

    assertThatThrownBy(() -> packet.mac(RequestPacket.MACS_MAX, -1))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> packet.vcpu(RequestPacket.POLICY_VCPUS_MAX, 1))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> packet.busyHour(RequestPacket.HOURS, 1))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> packet.vmName("x".repeat(32)))
        .isInstanceOf(IllegalArgumentException.class);

    assertThat(buffer).isEqualTo(filled(0));
  }

  /** The offsets here are those that the guest's compiler printed. */
  @Test
  void theOffsetsAreThoseOfTheRecordedLayout() throws IOException {
    Map<String, Integer> layout = recordedLayout();

    assertThat(RequestPacket.RESOURCE_ID).isEqualTo(layout.get("resource_id"));
    assertThat(RequestPacket.UNIT).isEqualTo(layout.get("unit"));
    assertThat(RequestPacket.COMMAND).isEqualTo(layout.get("command"));
    assertThat(RequestPacket.VM_NAME).isEqualTo(layout.get("vm_name"));
    assertThat(RequestPacket.VFID).isEqualTo(layout.get("vfid"));
    assertThat(RequestPacket.MAC_COUNT).isEqualTo(layout.get("nb_mac_to_monitor"));
    assertThat(RequestPacket.MIN_PACKETS).isEqualTo(layout.get("traffic_policy.min_packet_thresh"));
    assertThat(RequestPacket.AVERAGE_PACKETS)
        .isEqualTo(layout.get("traffic_policy.avg_max_packet_thresh"));
    assertThat(RequestPacket.MAX_PACKETS)
        .isEqualTo(layout.get("traffic_policy.max_max_packet_thresh"));
    assertThat(RequestPacket.VCPU_TO_CONTROL).isEqualTo(layout.get("vcpu_to_control"));
    assertThat(RequestPacket.VCPU_COUNT).isEqualTo(layout.get("num_vcpu"));
    assertThat(RequestPacket.BUSY_HOURS).isEqualTo(layout.get("timer_policy.busy_hours"));
    assertThat(RequestPacket.QUIET_HOURS).isEqualTo(layout.get("timer_policy.quiet_hours"));
    assertThat(RequestPacket.TRAFFIC_HOURS)
        .isEqualTo(layout.get("timer_policy.hours_to_use_traffic_profile"));
    assertThat(RequestPacket.CORE_TYPE).isEqualTo(layout.get("core_type"));
    assertThat(RequestPacket.WORKLOAD).isEqualTo(layout.get("workload"));
    assertThat(RequestPacket.POLICY_KIND).isEqualTo(layout.get("policy_to_use"));
    assertThat(RequestPacket.TURBO).isEqualTo(layout.get("t_boost_status.tbEnabled"));
  }

  @Test
  void anyBytesDecodeWithoutAnException() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    RequestPacket packet = new RequestPacket();
    for (int round = 0; round < 20_000; round++) {
      packet.wrap(junk(random), 0);

      assertThat(readAll(packet)).as("seed %d, round %d", seed, round).isNotEmpty();
    }
  }

  @Test
  void everyNumberThatIsNoCommandIsUnknown() {
    RequestPacket packet =
        new RequestPacket()
            .wrap(ByteBuffer.allocate(RequestPacket.SIZE_BYTES).order(ByteOrder.LITTLE_ENDIAN), 0);
    assertThat(packet.command()).isEqualTo(Command.UNKNOWN);
    for (int code : new int[] {0, 5, 6, 11, 15, 16, -1, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
      assertThat(Command.of(code)).isEqualTo(Command.UNKNOWN);
    }
  }

  @Test
  void aNameWithoutItsNulEndsAfter32Bytes() {
    ByteBuffer buffer = junk(new Random(2));
    for (int i = 0; i < RequestPacket.VM_NAME_BYTES; i++) {
      buffer.put(RequestPacket.VM_NAME + i, (byte) 'x');
    }

    assertThat(new RequestPacket().wrap(buffer, 0).vmName()).isEqualTo("x".repeat(32));
  }

  @Test
  void aBufferThatEndsTooSoonIsTheCallersBug() {
    ByteBuffer buffer = ByteBuffer.allocate(464).order(ByteOrder.LITTLE_ENDIAN);

    assertThatThrownBy(() -> new RequestPacket().wrap(buffer, 1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static String readAll(RequestPacket packet) {
    StringBuilder all = new StringBuilder();
    all.append(packet.command()).append(packet.unit()).append(packet.coreType());
    all.append(packet.workload()).append(packet.policyKind()).append(packet.turbo());
    all.append(packet.resourceId()).append(packet.vmName()).append(packet.macCount());
    all.append(packet.minPackets()).append(packet.averagePackets()).append(packet.maxPackets());
    all.append(packet.vcpuCount());
    for (int i = 0; i < RequestPacket.POLICY_VCPUS_MAX; i++) {
      all.append(packet.vcpu(i)).append(packet.mac(i));
    }
    for (int i = 0; i < RequestPacket.HOURS; i++) {
      all.append(packet.busyHour(i)).append(packet.quietHour(i)).append(packet.trafficHour(i));
    }
    return all.toString();
  }

  private static ByteBuffer junk(Random random) {
    byte[] bytes = new byte[RequestPacket.SIZE_BYTES];
    random.nextBytes(bytes);
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static ByteBuffer filled(int value) {
    byte[] bytes = new byte[RequestPacket.SIZE_BYTES];
    Arrays.fill(bytes, (byte) value);
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static Map<String, Integer> recordedLayout() throws IOException {
    Map<String, Integer> offsets = new HashMap<>();
    var in = RequestPacketTest.class.getResourceAsStream("/vectors/layout.txt");
    try (var lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.US_ASCII))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        String[] words = line.strip().split("\\s+");
        if (words[0].equals("struct") && !words[1].equals("rte_power_channel_packet")) {
          break;
        }
        if (words.length > 2 && words[1].equals("offset")) {
          offsets.put(words[0], Integer.parseInt(words[2]));
        }
      }
    }
    return offsets;
  }
}
