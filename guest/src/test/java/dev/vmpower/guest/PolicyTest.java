package dev.vmpower.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vmpower.protocol.Command;
import dev.vmpower.protocol.CoreType;
import dev.vmpower.protocol.PolicyKind;
import dev.vmpower.protocol.RequestPacket;
import dev.vmpower.protocol.Workload;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.SortedSet;
import java.util.TreeSet;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** What a builder was given is what a host reads, and what cannot be right is refused. */
class PolicyTest {
  private static RequestPacket packet(Policy policy) {
    ByteBuffer bytes = ByteBuffer.allocate(RequestPacket.SIZE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    RequestPacket packet = new RequestPacket().wrap(bytes, 0).command(Command.PKT_POLICY);
    policy.write(packet);
    return packet;
  }

  @Test
  void everyFieldArrives() {
    RequestPacket packet =
        packet(
            Policy.time()
                .vcpus(1, 0)
                .busyHours(9, 8)
                .quietHours(0, 23)
                .trafficHours(12)
                .macs("52:54:00:12:34:56", "a:B:c:D:e:F")
                .packets(96_000, 1_800_000, 0xffff_ffffL)
                .turbo(true)
                .build());

    assertThat(packet.policyKind()).isEqualTo(PolicyKind.TIME);
    assertThat(packet.coreType()).isEqualTo(CoreType.VIRTUAL);
    assertThat(packet.turbo()).isTrue();
    assertThat(List.of(packet.vcpuCount(), packet.vcpu(0), packet.vcpu(1)))
        .containsExactly(2, 0, 1);
    assertThat(List.of(packet.busyHour(0), packet.busyHour(1), packet.busyHour(2)))
        .containsExactly(8, 9, 0);
    assertThat(List.of(packet.quietHour(0), packet.quietHour(1))).containsExactly(0, 23);
    assertThat(packet.trafficHour(0)).isEqualTo(12);
    assertThat(List.of(packet.mac(0), packet.mac(1)))
        .containsExactly(0x5634_1200_5452L, 0x0f0e_0d0c_0b0aL);
    assertThat(packet.macCount()).isEqualTo(2);
    assertThat(List.of(packet.minPackets(), packet.averagePackets(), packet.maxPackets()))
        .containsExactly(96_000L, 1_800_000L, 0xffff_ffffL);
  }

  @Test
  void everyKindHasItsNumber() {
    assertThat(packet(Policy.branchRatio().vcpus(0).build()).policyKind())
        .isEqualTo(PolicyKind.BRANCH_RATIO);
    for (Workload workload : List.of(Workload.HIGH, Workload.MEDIUM, Workload.LOW)) {
      RequestPacket packet = packet(Policy.workload(workload).vcpus(0).build());
      assertThat(packet.policyKind()).isEqualTo(PolicyKind.WORKLOAD);
      assertThat(packet.workload()).isEqualTo(workload);
    }
    RequestPacket traffic =
        packet(Policy.traffic().vcpus(0).macs("1:0:0:0:0:0").packets(0, 1, 2).build());
    assertThat(traffic.policyKind()).isEqualTo(PolicyKind.TRAFFIC);
    assertThat(traffic.mac(0)).isEqualTo(1);
  }

  @Test
  void anyListsArriveAsTheHostReadsThem() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int round = 0; round < 2_000; round++) {
      SortedSet<Integer> hours = some(random, 24, 1 + random.nextInt(24));
      SortedSet<Integer> vcpus = some(random, 256, 1 + random.nextInt(8));
      hours.add(1 + random.nextInt(23));

      RequestPacket packet =
          packet(Policy.time().vcpus(array(vcpus)).quietHours(array(hours)).build());

      // A 0 after the first entry is padding.
      List<Integer> readHours = new ArrayList<>(List.of(packet.quietHour(0)));
      for (int i = 1; i < RequestPacket.HOURS; i++) {
        if (packet.quietHour(i) != 0) {
          readHours.add(packet.quietHour(i));
        }
      }
      List<Integer> readVcpus = new ArrayList<>();
      for (int i = 0; i < packet.vcpuCount(); i++) {
        readVcpus.add(packet.vcpu(i));
      }
      assertThat(readHours).as("seed %d, round %d", seed, round).containsExactlyElementsOf(hours);
      assertThat(readVcpus).as("seed %d, round %d", seed, round).containsExactlyElementsOf(vcpus);
    }
  }

  private static SortedSet<Integer> some(Random random, int bound, int count) {
    SortedSet<Integer> set = new TreeSet<>();
    while (set.size() < count) {
      set.add(random.nextInt(bound));
    }
    return set;
  }

  private static int[] array(SortedSet<Integer> set) {
    return set.stream().mapToInt(Integer::intValue).toArray();
  }

  @Test
  void whatCannotBeRightIsOneLine() {
    Policy.Builder time = Policy.time().vcpus(0);
    refuse("vCPU 256 is not in 0-255", () -> time.vcpus(256));
    refuse("vCPU -1 is not in 0-255", () -> time.vcpus(-1));
    refuse(
        "9 vCPUs are too many: a policy names at most 8",
        () -> time.vcpus(0, 1, 2, 3, 4, 5, 6, 7, 8));
    refuse("busy hour 24 is not in 0-23", () -> time.busyHours(24));
    refuse(
        "quiet hour 0 cannot stand alone: lists are padded with 0; name another with it",
        () -> time.quietHours(0));
    for (String wrong :
        List.of(
            "",
            "52:54:00:12:34",
            "52:54:00:12:34:5g",
            "0:0:0:0:0:0",
            "1:2:3:4:5:6:7",
            "::::::",
            "52-54-00-12-34-56",
            "123:1:1:1:1:1")) {
      refuse("'" + wrong + "' is no MAC address such as 52:54:00:12:34:56", () -> time.macs(wrong));
    }
    refuse(
        "11 MACs are too many: a policy names at most 10",
        () ->
            time.macs(
                "1:0:0:0:0:0",
                "2:0:0:0:0:0",
                "3:0:0:0:0:0",
                "4:0:0:0:0:0",
                "5:0:0:0:0:0",
                "6:0:0:0:0:0",
                "7:0:0:0:0:0",
                "8:0:0:0:0:0",
                "9:0:0:0:0:0",
                "a:0:0:0:0:0",
                "b:0:0:0:0:0"));
    refuse(
        "packets per second must rise from 0 to 4294967295, not 0, 2, 1",
        () -> time.packets(0, 2, 1));
    refuse(
        "packets per second must rise from 0 to 4294967295, not 0, 1, 4294967296",
        () -> time.packets(0, 1, 1L << 32));
    refuse("a time policy needs busy, quiet or traffic hours", time::build);
    refuse("a policy needs at least one vCPU", () -> Policy.branchRatio().build());
    refuse(
        "to go by traffic a policy needs at least one MAC",
        () -> Policy.traffic().vcpus(0).packets(0, 1, 2).build());
    refuse(
        "to go by traffic a policy needs packets per second",
        () -> Policy.time().vcpus(0).trafficHours(1).macs("1:0:0:0:0:0").build());
    refuse("a workload is high, medium or low", () -> Policy.workload(Workload.UNKNOWN));
  }

  @Test
  void aPolicyStaysAsItWasBuilt() {
    Policy.Builder builder = Policy.time().vcpus(0).busyHours(1);
    Policy first = builder.build();
    builder.vcpus(3).busyHours(2);

    assertThat(packet(first).vcpu(0)).isZero();
    assertThat(packet(first).busyHour(0)).isEqualTo(1);
  }

  private static void refuse(String line, ThrowingCallable call) {
    assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class).hasMessage(line);
  }
}
