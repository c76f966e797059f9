package dev.vmpower.host.monitor;

import static dev.vmpower.protocol.ReplyKind.ACK;
import static dev.vmpower.protocol.ReplyKind.NACK;
import static dev.vmpower.protocol.Unit.SCALE_MAX;
import static dev.vmpower.protocol.Unit.SCALE_MIN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vmpower.host.FakeGuest;
import dev.vmpower.host.PolicyPacket;
import dev.vmpower.host.Rig;
import dev.vmpower.host.config.PolicyFile;
import dev.vmpower.host.sampler.Probe;
import dev.vmpower.host.sampler.Reading;
import dev.vmpower.host.view.PolicyView;
import dev.vmpower.machine.cpu.CpuSet;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Policies of operators, for vCPUs and for pCPUs. */
class OperatorPolicyTest {
  private static final int TURBO = 2_601_000;
  private static final int MEDIUM = 2_000_000;
  private static final int MIN = 1_200_000;
  private static final String WEB = "[[policy]]\nname = \"web\"\nvm = \"vm0\"\n";

  @TempDir Path directory;

  private Rig start() throws Exception {
    return Rig.withCpus(directory, 6).vm("vm0", "0", "1").vm("vm1", "1").start();
  }

  private static List<PolicyView> apply(Rig rig, String toml) throws Exception {
    return rig.ask(new Verb.ApplyPolicies(PolicyFile.parse("policy", toml)));
  }

  private static String workload(String level) {
    return "type = \"workload\"\nworkload = \"" + level + "\"\n";
  }

  private static String cpus(String name, String cpus, String level) {
    return "[[policy]]\nname = \"" + name + "\"\ncpus = \"" + cpus + "\"\n" + workload(level);
  }

  @Test
  void itClaimsForAVmThatIsUpAndGoesBeforeRequestsAndGuests() throws Exception {
    try (Rig rig = start()) {
      apply(rig, WEB + workload("medium"));
      assertThat(rig.governor(0)).as("a static VM without a socket").isEqualTo("schedutil");

      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(rig.khz(0)).isEqualTo(MEDIUM);
      assertThat(rig.khz(1)).isEqualTo(MEDIUM);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(NACK);
      assertThat(guest.ask(PolicyPacket.workload(0, 0))).isEqualTo(NACK);
      assertThat(rig.khz(0)).isEqualTo(MEDIUM);

      rig.ask(new Verb.RemovePolicy("web"));
      assertThat(rig.khz(0)).as("the guest's policy").isEqualTo(TURBO);
      assertThat(rig.governor(1)).as("nobody asks there any more").isEqualTo("schedutil");
      rig.ask(new Verb.RemovePolicy("guest:vm0"));
      assertThat(rig.khz(0)).as("its last request").isEqualTo(MIN);
    }
  }

  @Test
  void itIsOneVoteAmongOthers() throws Exception {
    try (Rig rig = start()) {
      rig.guest("vm0", 0);
      apply(rig, WEB + "vcpus = \"1\"\n" + workload("low"));
      assertThat(rig.khz(1)).isEqualTo(MIN);

      assertThat(rig.guest("vm1", 0).ask(SCALE_MAX, 0)).isEqualTo(ACK);

      assertThat(rig.khz(1)).isEqualTo(TURBO);
      assertThat(rig.governor(0)).isEqualTo("schedutil");
    }
  }

  @Test
  void oneByPcpuIsAHoldBelowAManualOne() throws Exception {
    try (Rig rig = start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(ACK);

      apply(rig, cpus("night", "0,4", "low"));
      assertThat(rig.khz(0)).isEqualTo(MIN);
      assertThat(rig.khz(4)).isEqualTo(MIN);
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(NACK);
      assertThat(rig.cpu(0).why()).isEqualTo("held at min by policy night");

      rig.ask(new Verb.SetCpus(CpuSet.of(0), "max", "ann"));
      assertThat(rig.khz(0)).isEqualTo(TURBO);
      rig.ask(new Verb.ReleaseCpus(CpuSet.of(0)));
      assertThat(rig.khz(0)).isEqualTo(MIN);
      rig.ask(new Verb.RemovePolicy("night"));
      assertThat(rig.khz(0)).isEqualTo(TURBO);
      assertThat(rig.governor(4)).isEqualTo("schedutil");
    }
  }

  @Test
  void itGoesOnWhileTheChannelsOfItsVmAreDisabled() throws Exception {
    try (Rig rig = start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(ACK);
      rig.ask(new Verb.EnableChannels("vm0", null, false));

      apply(rig, WEB + workload("low"));
      assertThat(rig.khz(0)).isEqualTo(MIN);
      apply(rig, WEB + workload("medium"));
      assertThat(rig.khz(0)).isEqualTo(MEDIUM);
      assertThat(rig.ask(new Verb.ShowPolicy("web")).inForce()).isTrue();

      rig.ask(new Verb.RemovePolicy("web"));
      assertThat(rig.khz(0)).as("where it was when it was disabled").isEqualTo(TURBO);
    }
  }

  @Test
  void theSameNameReplaces() throws Exception {
    try (Rig rig = start()) {
      apply(rig, cpus("night", "3-4", "low"));

      apply(rig, cpus("night", "4-5", "medium"));

      assertThat(rig.governor(3)).isEqualTo("schedutil");
      assertThat(rig.khz(4)).isEqualTo(MEDIUM);
      assertThat(rig.ask(new Verb.ListPolicies())).extracting(PolicyView::cpus).containsOnly("4-5");
    }
  }

  @Test
  void whatAPcpuThatWentAndCameBackIsHeldAtStays() throws Exception {
    try (Rig rig = start()) {
      apply(rig, cpus("night", "4", "medium"));
      rig.sysfs.setOnline(4, false);
      rig.pass(Monitor.SWEEP_NS);
      rig.sysfs.setOnline(4, true);
      rig.pass(Monitor.SWEEP_NS);
      rig.pass(Monitor.SWEEP_NS);

      assertThat(rig.khz(4)).isEqualTo(MEDIUM);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "vm = \"vm9\"|policy p: there is no VM 'vm9'; see vmpowerctl vm list",
        "'vm = \"vm0\"\nvcpus = \"0,7\"'|policy p: vm0 has no vCPU 7",
        "cpus = \"6-9\"|policy p: there is no pCPU 6",
        "cpus = \"5\"|policy p: pCPU 5 is offline",
        "cpus = \"2\"|policy p: pCPU 2 is reserved, or shares its clock with one that is",
        "vm = \"vm1\"|policy p: policy web rules vm1 already",
        "cpus = \"3\"|policy p: policy night rules pCPUs 3-4 already"
      })
  void whatCannotBeIsRefusedInOneLineAndChangesNothing(String subject, String line)
      throws Exception {
    Rig made = Rig.withCpus(directory, 6).vm("vm0", "0", "1").vm("vm1", "1");
    made.cpu(
        cpu ->
            new dev.vmpower.host.config.Config.Cpu(
                cpu.root(), CpuSet.of(2), false, 8, true, false, false));
    try (Rig rig = made.start()) {
      rig.sysfs.setOnline(5, false);
      rig.pass(Monitor.SWEEP_NS);
      apply(rig, WEB.replace("vm0", "vm1") + workload("low") + cpus("night", "3-4", "low"));
      List<PolicyView> before = rig.ask(new Verb.ListPolicies());
      String good = cpus("good", "0", "low");
      String bad = "[[policy]]\nname = \"p\"\n" + subject + "\n" + workload("low");

      assertThatThrownBy(() -> apply(rig, good + bad))
          .isInstanceOf(Verb.RefusedException.class)
          .hasMessage(line);

      assertThat(rig.ask(new Verb.ListPolicies())).isEqualTo(before);
      assertThat(rig.governor(0)).isEqualTo("schedutil");
    }
  }

  @Test
  void policiesAreInForceAgainAfterARestart() throws Exception {
    String since;
    try (Rig rig = start()) {
      apply(rig, WEB + workload("medium") + cpus("night", "4", "low"));
      apply(rig, cpus("gone", "5", "low"));
      rig.ask(new Verb.RemovePolicy("gone"));
      since = rig.ask(new Verb.ShowPolicy("web")).since();
    }

    try (Rig rig = start()) {
      assertThat(rig.khz(4)).isEqualTo(MIN);
      assertThat(rig.governor(5)).isEqualTo("schedutil");
      rig.guest("vm0", 0);
      assertThat(rig.khz(0)).isEqualTo(MEDIUM);
      assertThat(rig.ask(new Verb.ShowPolicy("web")).since()).isEqualTo(since);
      assertThat(rig.ask(new Verb.ListPolicies())).hasSize(2);
    }
  }

  @Test
  void branchesAreRefusedWhereTheyCannotBeCounted() throws Exception {
    try (Rig rig = start()) {
      rig.post(new Event.Branches("this machine has no counter of branches"));

      assertThatThrownBy(() -> apply(rig, WEB + "type = \"branch_ratio\"\n"))
          .hasMessage("policy web: this machine has no counter of branches");
    }
  }

  @Test
  void branchesOfEachPcpuAreCountedAndFollowed() throws Exception {
    try (Rig rig = start()) {
      rig.guest("vm0", 0);
      rig.post(new Event.Branches(null));
      apply(rig, WEB + "type = \"branch_ratio\"\n");
      assertThat(rig.khz(0)).isEqualTo(TURBO);
      assertThat(rig.probes.poll(20, TimeUnit.SECONDS))
          .containsExactlyInAnyOrder(new Probe.Branches(0), new Probe.Branches(1));

      for (int i = 0; i < 10; i++) {
        rig.post(
            new Event.Sampled(
                List.of(
                    new Reading.Branches(0, 1_000_000, 10),
                    new Reading.Branches(1, 1_000_000, 10_000))));
      }
      assertThat(rig.khz(0)).isEqualTo(MIN);
      assertThat(rig.khz(1)).isEqualTo(TURBO);

      rig.ask(new Verb.RemovePolicy("web"));
      assertThat(rig.probes.poll(20, TimeUnit.SECONDS)).isEmpty();
    }
  }
}
