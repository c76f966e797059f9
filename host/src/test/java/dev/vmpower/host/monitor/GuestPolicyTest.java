package dev.vmpower.host.monitor;

import static dev.vmpower.protocol.ReplyKind.ACK;
import static dev.vmpower.protocol.ReplyKind.NACK;
import static dev.vmpower.protocol.Unit.DISABLE_TURBO;
import static dev.vmpower.protocol.Unit.SCALE_DOWN;
import static dev.vmpower.protocol.Unit.SCALE_MAX;
import static dev.vmpower.protocol.Unit.SCALE_MIN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.vmpower.host.FakeGuest;
import dev.vmpower.host.PolicyPacket;
import dev.vmpower.host.Rig;
import dev.vmpower.host.arbiter.Envelope;
import dev.vmpower.host.policy.LocalHours;
import dev.vmpower.host.sampler.Probe;
import dev.vmpower.host.sampler.Reading;
import dev.vmpower.host.view.PolicyView;
import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.net.GuestInterface;
import dev.vmpower.protocol.Command;
import dev.vmpower.protocol.Unit;
import java.nio.file.Path;
import java.time.ZoneId;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Policies that guests send: from the packet to the hardware, and back to requests. */
class GuestPolicyTest {
  private static final long HOUR_NS = 3600 * Rig.SECOND_NS;
  private static final int TURBO = 2_601_000;
  private static final int MIN = 1_200_000;

  @TempDir Path directory;

  private Rig start(String... vcpus) throws Exception {
    return Rig.withCpus(directory, 6).vm("vm0", vcpus).start();
  }

  private static int hourNow() {
    return LocalHours.hourAt(System.currentTimeMillis(), ZoneId.systemDefault());
  }

  private static int hourIn(int hours) {
    return LocalHours.hourAt(
        System.currentTimeMillis() + 3_600_000L * hours, ZoneId.systemDefault());
  }

  /** At least so many hours ahead is an hour that a list of one can have: 0 is padding there. */
  private static int hoursAhead(int least) {
    return hourIn(least) == 0 ? least + 1 : least;
  }

  /** Every hour but those given: however long a test takes, it does not run into midnight. */
  private static int[] allBut(int... hours) {
    return IntStream.range(1, 24)
        .filter(hour -> IntStream.of(hours).noneMatch(not -> not == hour))
        .toArray();
  }

  @ParameterizedTest
  @CsvSource({"0,2601000", "1,2000000", "2,1200000"})
  void workloadIsTheTopTheMiddleOrTheBottomOfTheLadder(int workload, int khz) throws Exception {
    try (Rig rig = start("0", "1")) {
      FakeGuest guest = rig.guest("vm0", 1); // any channel of the VM may bring it

      assertThat(guest.ask(PolicyPacket.workload(workload, 0, 1))).isEqualTo(ACK);

      assertThat(rig.khz(0)).isEqualTo(khz);
      assertThat(rig.khz(1)).isEqualTo(khz);
      assertThat(rig.governor(2)).as("nobody's").isEqualTo("schedutil");
    }
  }

  @Test
  void requestsMeanwhileAreRecordedAndTheLatestCountsAfterTheRemoval() throws Exception {
    try (Rig rig = start("0", "1")) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(guest.ask(PolicyPacket.workload(0, 0))).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(TURBO);

      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(NACK);
      assertThat(guest.ask(SCALE_DOWN, 0)).isEqualTo(NACK);
      assertThat(guest.ask(SCALE_DOWN, 0)).isEqualTo(NACK);
      assertThat(rig.khz(0)).isEqualTo(TURBO);
      assertThat(rig.status().refusals()).containsEntry("policy", 3L);
      assertThat(guest.ask(SCALE_MIN, 1)).as("of no policy").isEqualTo(ACK);

      guest.send(Command.PKT_POLICY_REMOVE, Unit.UNKNOWN, 0);
      assertThat(guest.ask(SCALE_MIN, 1)).as("REMOVE has no answer").isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(2_300_000);
    }
  }

  @Test
  void turboThatAGuestSwitchesOffUnderAPolicyIsRecordedToo() throws Exception {
    try (Rig rig = start("0")) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(PolicyPacket.workload(0, 0))).isEqualTo(ACK);

      assertThat(guest.ask(DISABLE_TURBO, 0)).isEqualTo(NACK);
      rig.pass(6 * Rig.SECOND_NS);
      assertThat(rig.khz(0)).isEqualTo(TURBO);
      guest.send(Command.PKT_POLICY_REMOVE, Unit.UNKNOWN, 0);
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(2_600_000);
      assertThat(guest.ask(PolicyPacket.workload(0, 0))).isEqualTo(ACK);
      assertThat(rig.khz(0)).as("MAX without turbo").isEqualTo(2_600_000);
    }
  }

  @Test
  void timeGoesByTheHostsHourAndNoticesItsEnd() throws Exception {
    try (Rig rig = start("0")) {
      FakeGuest guest = rig.guest("vm0", 0);
      int ahead = hoursAhead(2);
      PolicyPacket policy = PolicyPacket.time(0).quiet(allBut(hourIn(ahead))).busy(hourIn(ahead));

      assertThat(guest.ask(policy)).isEqualTo(ACK);
      int first = rig.khz(0);
      rig.pass(ahead * HOUR_NS);
      rig.sync();

      assertThat(first).isEqualTo(MIN);
      assertThat(rig.khz(0)).isEqualTo(TURBO);
    }
  }

  @Test
  void inAnHourOfNoListTheFirstLevelIsMaxAndTheLastOneStays() throws Exception {
    try (Rig rig = start("0")) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);

      int ahead = hoursAhead(3);
      assertThat(guest.ask(PolicyPacket.time(0).quiet(hourIn(ahead)))).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(TURBO);
      rig.pass(ahead * HOUR_NS);
      rig.sync();
      assertThat(rig.khz(0)).isEqualTo(MIN);
      rig.pass(3 * HOUR_NS);
      rig.sync();
      assertThat(rig.khz(0)).isEqualTo(MIN);
    }
  }

  @Test
  void aPolicyWithoutHoursHasNoOpinion() throws Exception {
    try (Rig rig = start("0")) {
      FakeGuest guest = rig.guest("vm0", 0);

      assertThat(guest.ask(PolicyPacket.time(0))).isEqualTo(ACK);
      assertThat(rig.khz(0)).as("claimed, and has not asked").isEqualTo(TURBO);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(MIN);
    }
  }

  @Test
  void oneVmHasOnePolicyAndANewOneReplacesItWhole() throws Exception {
    try (Rig rig = start("0", "1")) {
      FakeGuest guest = rig.guest("vm0", 0);
      FakeGuest other = rig.guest("vm0", 1);
      assertThat(guest.ask(PolicyPacket.workload(2, 0))).isEqualTo(ACK);

      assertThat(other.ask(PolicyPacket.workload(1, 1))).isEqualTo(ACK);

      assertThat(rig.khz(0)).as("no policy, no request: MAX").isEqualTo(TURBO);
      assertThat(rig.khz(1)).isEqualTo(2_000_000);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(other.ask(PolicyPacket.workload(1))).as("for no vCPU").isEqualTo(ACK);
      assertThat(rig.khz(1)).isEqualTo(TURBO);
    }
  }

  @Test
  void connectDropsThePolicyAndBeginsAtMax() throws Exception {
    try (Rig rig = start("0", "1")) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MIN, 1)).isEqualTo(ACK);
      assertThat(guest.ask(PolicyPacket.workload(2, 0, 1))).isEqualTo(ACK);

      guest.connect();
      assertThat(guest.ask(SCALE_MIN, 1)).isEqualTo(ACK);

      assertThat(rig.khz(0)).isEqualTo(TURBO);
      assertThat(rig.ask(new Verb.ListPolicies())).isEmpty();
    }
  }

  @Test
  void aPolicyEndsWithTheClaimOfItsChannel() throws Exception {
    try (Rig rig = start("0", "1")) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(PolicyPacket.workload(2, 0))).isEqualTo(ACK);

      FakeGuest another = rig.guest("vm0", 1);
      guest.close();
      await().until(() -> rig.governor(0).equals("schedutil"));
      assertThat(another.ask(SCALE_MAX, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(TURBO);
    }
  }

  @Test
  void trafficGoesByThePacketsOfTheVmsOwnInterfaces() throws Exception {
    GuestInterface own = new GuestInterface(0x10, GuestInterface.Kind.TAP, "vnet0");
    GuestInterface user = new GuestInterface(0x11, GuestInterface.Kind.VHOST_USER, "vhu0");
    GuestInterface others = new GuestInterface(0x20, GuestInterface.Kind.TAP, "vnet1");
    try (Rig rig =
        Rig.withCpus(directory, 6)
            .vm("vm0", List.of(own, user), "0")
            .vm("vm1", List.of(others), "1")
            .start()) {
      FakeGuest guest = rig.guest("vm0", 0);

      assertThat(guest.ask(PolicyPacket.traffic(100, 1000, 0).macs(0x10, 0x20))).isEqualTo(NACK);
      assertThat(guest.ask(PolicyPacket.traffic(100, 1000, 0).macs(0x11))).isEqualTo(NACK);
      assertThat(rig.status().refusals())
          .containsEntry("no_mac", 1L)
          .containsEntry("no_device", 1L);
      assertThat(guest.ask(PolicyPacket.traffic(100, 1000, 0).macs(0x10))).isEqualTo(ACK);
      Object key = packetsProbe(rig, own);
      assertThat(rig.khz(0)).as("nothing is known yet").isEqualTo(TURBO);

      for (int second = 0; second < 3; second++) {
        rig.post(new Event.Sampled(List.of(new Reading.Packets(key, 99))));
      }
      assertThat(rig.khz(0)).isEqualTo(MIN);
      rig.post(new Event.Sampled(List.of(new Reading.Packets(key, 100))));
      assertThat(rig.khz(0)).isEqualTo(2_000_000);
      rig.post(new Event.Sampled(List.of(new Reading.NoPackets(key, "vnet0 is gone"))));
      assertThat(rig.khz(0)).isEqualTo(TURBO);
      assertThat(rig.ask(new Verb.ListPolicies()).getFirst().why()).isEqualTo("vnet0 is gone");

      guest.send(Command.PKT_POLICY_REMOVE, Unit.UNKNOWN, 0);
      assertThat(rig.probes.poll(20, TimeUnit.SECONDS)).isEmpty();
    }
  }

  @Test
  void trafficHoursCountNoPacketsOfOthers() throws Exception {
    GuestInterface others = new GuestInterface(0x20, GuestInterface.Kind.TAP, "vnet1");
    try (Rig rig =
        Rig.withCpus(directory, 6).vm("vm0", "0").vm("vm1", List.of(others), "1").start()) {
      FakeGuest guest = rig.guest("vm0", 0);

      assertThat(guest.ask(PolicyPacket.time(0).trafficHours(allBut()).macs(0x20))).isEqualTo(ACK);

      List<Probe> probes = rig.probes.poll(20, TimeUnit.SECONDS);
      if (hourNow() != 0) { // midnight cannot be said beside other hours
        assertThat(probes).hasSize(1);
        assertThat(((Probe.Packets) probes.getFirst()).interfaces()).isEmpty();
      }
    }
  }

  private static Object packetsProbe(Rig rig, GuestInterface nic) throws InterruptedException {
    List<Probe> probes = rig.probes.poll(20, TimeUnit.SECONDS);
    assertThat(probes).hasSize(1);
    Probe.Packets packets = (Probe.Packets) probes.getFirst();
    assertThat(packets.interfaces()).containsExactly(nic);
    return packets.key();
  }

  static List<PolicyPacket> refused() {
    return List.of(
        PolicyPacket.workload(0, 0).putByte(444, 1), // a physical core
        PolicyPacket.workload(0, 0).putByte(444, 7),
        PolicyPacket.workload(3, 0),
        PolicyPacket.workload(0, 0, 2), // there is no vCPU 2
        PolicyPacket.workload(0, 0).putByte(152, 9),
        PolicyPacket.workload(0, 0).putByte(152, 255),
        PolicyPacket.workload(0, 0).putInt(452, 4),
        PolicyPacket.time(0).busy(24),
        PolicyPacket.time(0).quiet(3, -1),
        PolicyPacket.time(0).trafficHours(1, 1_000_000),
        PolicyPacket.time(0).trafficHours(1).putInt(128, 11),
        PolicyPacket.traffic(10, 20, 0),
        PolicyPacket.traffic(10, 20, 0).macs(0),
        PolicyPacket.traffic(10, 20, 0).macs(1, 2).putInt(128, -1),
        PolicyPacket.traffic(10, 20, 0).macs(1), // nobody's interface
        PolicyPacket.branchRatio(0)); // the rig's host has no counters
  }

  @ParameterizedTest
  @MethodSource("refused")
  void whatIsWrongIsRefusedWholeAndThePolicyInForceStays(PolicyPacket wrong) throws Exception {
    try (Rig rig = start("0", "1")) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(PolicyPacket.workload(2, 0))).isEqualTo(ACK);

      assertThat(guest.ask(wrong)).isEqualTo(NACK);

      assertThat(rig.khz(0)).isEqualTo(MIN);
      assertThat(rig.ask(new Verb.ListPolicies()))
          .extracting(PolicyView::type, PolicyView::level)
          .containsExactly(org.assertj.core.groups.Tuple.tuple("workload", "min"));
    }
  }

  @Test
  void unusedFieldsCanHoldAnything() throws Exception {
    try (Rig rig = start("0")) {
      FakeGuest guest = rig.guest("vm0", 0);
      PolicyPacket policy =
          PolicyPacket.workload(2, 0).busy(100, 101).quiet(-7).putInt(128, 99).putInt(132, -1);

      assertThat(guest.ask(policy)).isEqualTo(ACK);

      assertThat(rig.khz(0)).isEqualTo(MIN);
    }
  }

  @Test
  void onePolicyCannotReachWhatIsNotPinned() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 6).vm("vm0", "0", "0-5").start()) {
      FakeGuest guest = rig.guest("vm0", 0);

      assertThat(guest.ask(PolicyPacket.workload(2, 0, 1))).isEqualTo(NACK);

      assertThat(rig.status().refusals()).containsEntry("unpinned", 1L);
      assertThat(rig.governor(0)).isEqualTo("schedutil");
    }
  }

  @Test
  void envelopesClipPoliciesAndNeighboursOutvoteThem() throws Exception {
    Envelope envelope = new Envelope(1_400_000, 1_700_000, true, false);
    try (Rig rig = Rig.withCpus(directory, 6).vm("vm0", envelope, "0").vm("vm1", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);

      assertThat(guest.ask(PolicyPacket.workload(0, 0))).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(1_700_000);
      assertThat(guest.ask(PolicyPacket.workload(2, 0))).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(1_400_000);
      assertThat(rig.guest("vm1", 0).ask(PolicyPacket.workload(1, 0))).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(2_000_000);
    }
  }

  @Test
  void aHoldGoesBeforeAPolicyWhichIsInForceAfterIt() throws Exception {
    try (Rig rig = start("0")) {
      FakeGuest guest = rig.guest("vm0", 0);
      rig.ask(new Verb.SetCpus(CpuSet.of(0), "max", "ann"));

      assertThat(guest.ask(PolicyPacket.workload(2, 0))).isEqualTo(NACK);
      assertThat(rig.khz(0)).isEqualTo(TURBO);
      rig.ask(new Verb.ReleaseCpus(CpuSet.of(0)));

      assertThat(rig.khz(0)).isEqualTo(MIN);
      assertThat(rig.cpu(0).why()).isEqualTo("vm0 vCPU 0 by its workload policy asks for min");
    }
  }

  @Test
  void aPolicyThroughADisabledChannelCountsWhenThatIsEnabled() throws Exception {
    try (Rig rig = start("0")) {
      FakeGuest guest = rig.guest("vm0", 0);
      rig.ask(new Verb.EnableChannels("vm0", null, false));

      assertThat(guest.ask(PolicyPacket.workload(1, 0))).isEqualTo(NACK);
      assertThat(guest.ask(PolicyPacket.workload(2, 0))).isEqualTo(NACK);
      assertThat(rig.governor(0)).isEqualTo("schedutil");
      rig.ask(new Verb.EnableChannels("vm0", null, true));

      assertThat(rig.khz(0)).isEqualTo(MIN);
    }
  }

  @Test
  void aPolicyOfADisabledChannelMovesNothingAndSaysSo() throws Exception {
    try (Rig rig = start("0")) {
      FakeGuest guest = rig.guest("vm0", 0);
      int ahead = hoursAhead(2);
      PolicyPacket policy = PolicyPacket.time(0).quiet(allBut(hourIn(ahead))).busy(hourIn(ahead));
      assertThat(guest.ask(policy)).isEqualTo(ACK);
      int khz = rig.khz(0);
      rig.ask(new Verb.EnableChannels("vm0", null, false));

      rig.pass(ahead * HOUR_NS);
      rig.sync();
      assertThat(rig.khz(0)).isEqualTo(khz);
      PolicyView view = rig.ask(new Verb.ShowPolicy("guest:vm0"));
      assertThat(view.inForce()).isFalse();
      assertThat(view.why()).isEqualTo("its channel is disabled");

      rig.ask(new Verb.EnableChannels("vm0", null, true));
      assertThat(rig.khz(0)).isEqualTo(TURBO);
    }
  }

  @Test
  void whileObservingAPolicyIsNotInForce() throws Exception {
    try (Rig rig = start("0")) {
      FakeGuest guest = rig.guest("vm0", 0);
      rig.ask(new Verb.Pause(true));

      assertThat(guest.ask(PolicyPacket.workload(2, 0))).isEqualTo(NACK);
      assertThat(rig.status().refusals()).containsEntry("observe", 1L);
      rig.ask(new Verb.Pause(false));

      assertThat(rig.khz(0)).isEqualTo(MIN);
    }
  }

  @Test
  void theHourOfTheTestIsTheMonitors() throws Exception {
    try (Rig rig = start("0")) {
      FakeGuest guest = rig.guest("vm0", 0);
      int before = hourNow();
      PolicyPacket policy = PolicyPacket.time(0).quiet(allBut()).busy(hourIn(5));

      assertThat(guest.ask(policy)).isEqualTo(ACK);

      if (before != 0 && hourNow() == before) { // midnight cannot be said beside other hours
        assertThat(rig.khz(0)).isEqualTo(before == hourIn(5) ? TURBO : MIN);
      }
    }
  }
}
