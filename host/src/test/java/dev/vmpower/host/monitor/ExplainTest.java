package dev.vmpower.host.monitor;

import static dev.vmpower.protocol.ReplyKind.ACK;
import static dev.vmpower.protocol.ReplyKind.NACK;
import static dev.vmpower.protocol.Unit.SCALE_MAX;
import static dev.vmpower.protocol.Unit.SCALE_MIN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vmpower.host.FakeGuest;
import dev.vmpower.host.Rig;
import dev.vmpower.host.arbiter.Envelope;
import dev.vmpower.host.config.PolicyFile;
import dev.vmpower.host.view.CpuView.VoteView;
import dev.vmpower.host.view.ExplanationView;
import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.fake.FakeSysfs;
import dev.vmpower.machine.libvirt.DomainInfo;
import dev.vmpower.protocol.Command;
import dev.vmpower.protocol.Unit;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Why a pCPU runs as it does, as a running monitor tells it. */
class ExplainTest {
  private static final String WHO = "root (pid 1)";

  @TempDir Path directory;

  private static ExplanationView explain(Rig rig, int cpu) throws Exception {
    return rig.ask(new Verb.Explain(cpu));
  }

  private static VoteView vote(ExplanationView explanation, String vm) {
    return explanation.cpu().votes().stream().filter(v -> v.vm().equals(vm)).findFirst().get();
  }

  @Test
  void theHighestVoteIsNamedWithWhenItCameAndThoseBelowIt() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("a", "0").vm("b", "0").start()) {
      Instant before = Instant.now();
      assertThat(rig.guest("a", 0).ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(rig.guest("b", 0).ask(SCALE_MAX, 0)).isEqualTo(ACK);

      ExplanationView explanation = explain(rig, 0);

      assertThat(explanation.sentence())
          .matches("2\\.601 GHz since .*, because b vCPU 0 asks for max; a asks for less\\.");
      assertThat(vote(explanation, "b").wins()).isTrue();
      assertThat(vote(explanation, "a").wins()).isFalse();
      assertThat(Instant.parse(vote(explanation, "a").askedAt())).isBetween(before, Instant.now());
      assertThat(explanation.noTurbo()).isNull();
      assertThat(explanation.settledWith()).isEqualTo("0");
    }
  }

  @Test
  void aClaimWithoutARequestAndAnEnvelopeAreTold() throws Exception {
    Envelope low = new Envelope(0, 2_000_000, false, false);
    Envelope enforced = new Envelope(0, 1_700_000, false, true);
    try (Rig rig = Rig.withCpus(directory, 2).vm("a", low, "0").vm("b", enforced, "1").start()) {
      FakeGuest guest = rig.guest("a", 0);
      guest.send(Command.CONNECT, Unit.SCALE_UP, 0);
      assertThat(guest.ask(SCALE_MAX, 7)).as("another's, after the claim").isEqualTo(NACK);
      assertThat(explain(rig, 0).sentence())
          .contains("2 GHz")
          .contains("a vCPU 0 has spoken up and not asked yet, which counts as max (its envelope");
      assertThat(vote(explain(rig, 0), "a").askedAt()).isNull();

      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(ACK);
      VoteView vote = vote(explain(rig, 0), "a");
      assertThat(vote.source()).isEqualTo("request");
      assertThat(vote.khz()).isEqualTo(2_000_000);
      assertThat(vote.unclippedKhz()).isEqualTo(2_601_000);

      rig.guest("b", 0);
      assertThat(explain(rig, 1).sentence())
          .contains("1.7 GHz")
          .contains("b vCPU 0 never asked, and the envelope of its VM is enforced");
    }
  }

  @Test
  void aNeighbourThatNeverAskedAndOneThatFloatsAreNamed() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 12).vm("a", "1").start()) {
      FakeGuest guest = rig.guest("a", 0);
      rig.post(domain("beta", 1, "1"));
      rig.post(domain("gamma", 2, "0-11"));
      rig.post(domain("delta", 3, "3"));
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);

      ExplanationView explanation = explain(rig, 1);

      assertThat(explanation.sentence())
          .contains("beta vCPU 0 runs here, never asked, and is not slowed down for others")
          .endsWith("; a asks for less.");
      assertThat(explanation.cpu().unprotected()).containsExactly("gamma");
      assertThat(rig.ask(new Verb.ListCpus()))
          .hasSize(12)
          .allSatisfy(cpu -> assertThat(cpu.unprotected()).containsExactly("gamma"));
      assertThat(vote(explanation, "beta").source()).isEqualTo("none");
    }
  }

  private static Event domain(String name, int number, String cpus) {
    return new Event.DomainChanged(
        new DomainInfo(
            "%08d-0000-0000-0000-000000000000".formatted(number),
            name,
            number,
            DomainInfo.State.RUNNING,
            List.of(new DomainInfo.VcpuInfo(0, CpuSet.parse(cpus))),
            List.of(),
            List.of()));
  }

  @Test
  void holdsPoliciesAndDisabledChannelsAreTold() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("a", "0").start()) {
      FakeGuest guest = rig.guest("a", 0);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      rig.ask(new Verb.EnableChannels("a", null, false));
      assertThat(explain(rig, 0).sentence()).contains("a vCPU 0 stays where it was");
      rig.ask(new Verb.EnableChannels("a", null, true));

      String policy = "[[policy]]\nname = \"n\"\ntype = \"workload\"\nworkload = \"high\"\n";
      rig.ask(new Verb.ApplyPolicies(PolicyFile.parse("p", policy + "vm = \"a\"\n")));
      assertThat(explain(rig, 0).sentence())
          .contains("a vCPU 0 is to have max by an operator's workload policy");
      rig.ask(new Verb.ApplyPolicies(PolicyFile.parse("p", policy + "cpus = \"0\"\n")));
      assertThat(explain(rig, 0).sentence()).contains("the policy n holds it at max;");

      rig.ask(new Verb.SetCpus(CpuSet.of(0), "1700000", WHO, 60));
      assertThat(explain(rig, 0).sentence())
          .contains("1.7 GHz since")
          .contains("because " + WHO + " holds it there until ");
    }
  }

  @Test
  void limitsClocksAndConflictsAreTold() throws Exception {
    FakeSysfs sysfs = new FakeSysfs().put("online", "0-2").addPolicy(Rig.TABLE, 0, 1);
    sysfs.addPolicy("2600000 2300000 1200000", 2);
    try (Rig rig = new Rig(directory, sysfs).vm("a", "1").start()) {
      sysfs.write("cpufreq/policy0/scaling_max_freq", "2000000");
      FakeGuest guest = rig.guest("a", 0);
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(ACK);

      ExplanationView explanation = explain(rig, 0);
      assertThat(explanation.limitMaxKhz()).isEqualTo(2_000_000);
      assertThat(explanation.limitMinKhz()).isNull();
      assertThat(explanation.settledWith()).isEqualTo("0-1");
      assertThat(explanation.sentence())
          .contains("2 GHz")
          .contains("a vCPU 0, which shares its clock or core, asks for max");
      assertThat(explain(rig, 2).noTurbo()).contains("the hardware has none");

      sysfs.write("cpufreq/policy0/scaling_governor", "performance");
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(NACK);
      assertThat(explain(rig, 0).sentence())
          .contains(" It is not so: conflict: governor is performance: another program");
    }
  }

  @Test
  void whatIsOnlyObservedIsSaid() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("a", "0").start()) {
      FakeGuest guest = rig.guest("a", 0);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      rig.ask(new Verb.Pause(true));

      assertThat(explain(rig, 0).sentence())
          .contains("a vCPU 0 asks for min. Nothing is written: the daemon is paused.");
      assertThatThrownBy(() -> explain(rig, 2)).hasMessage("there is no pCPU 2");
    }
  }
}
