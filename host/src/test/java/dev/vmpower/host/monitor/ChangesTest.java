package dev.vmpower.host.monitor;

import static dev.vmpower.protocol.ReplyKind.ACK;
import static dev.vmpower.protocol.ReplyKind.NACK;
import static dev.vmpower.protocol.Unit.SCALE_DOWN;
import static dev.vmpower.protocol.Unit.SCALE_MAX;
import static dev.vmpower.protocol.Unit.SCALE_MIN;
import static dev.vmpower.protocol.Unit.SCALE_UP;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.management.ThreadMXBean;
import dev.vmpower.host.FakeGuest;
import dev.vmpower.host.Rig;
import dev.vmpower.host.config.Config;
import dev.vmpower.host.config.PolicyFile;
import dev.vmpower.host.feed.Feed.Numbered;
import dev.vmpower.host.feed.Reader;
import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.protocol.Command;
import dev.vmpower.protocol.RequestPacket;
import dev.vmpower.protocol.Unit;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is published of what guests and operators do. */
@Timeout(60)
class ChangesTest {
  private static final String WHO = "root (pid 1)";

  @TempDir Path directory;

  private static Reader follow(Rig rig) throws Exception {
    Reader reader = Objects.requireNonNull(rig.monitor().feed().open());
    rig.status(); // the monitor knows of the reader now
    return reader;
  }

  /** All that was published up to now, without the time, which is today's. */
  private static List<String> changes(Rig rig, Reader reader) throws Exception {
    long wakeups = rig.status().wakeups();
    await().until(() -> rig.status().wakeups() > wakeups); // so its end is past
    List<String> changes = new ArrayList<>();
    for (Numbered next = reader.poll(); next != null; next = reader.poll()) {
      changes.add(next.change().toString().replaceFirst("\\[at=\\S+, ", "["));
    }
    return changes;
  }

  @Test
  void aGuestsLifeIsTold() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "0").start()) {
      Reader reader = follow(rig);
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(changes(rig, reader))
          .containsExactly("Channel[vm=vm0, channel=0, state=connected]");

      guest.connect();
      await().until(() -> rig.cpu(0).managed());
      assertThat(changes(rig, reader))
          .containsExactly(
              "Vote[vm=vm0, vcpu=0, vote=max, turbo=true, claimed=true, source=request]",
              "Target[domain=0, cpus=0, targetKhz=2601000, why=vm0 vCPU 0 asks for max]");

      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(changes(rig, reader))
          .containsExactly(
              "Vote[vm=vm0, vcpu=0, vote=min, turbo=true, claimed=true, source=request]",
              "Target[domain=0, cpus=0, targetKhz=1200000, why=vm0 vCPU 0 asks for min]");

      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(changes(rig, reader)).isEmpty();

      guest.close();
      await().until(() -> !rig.cpu(0).managed());
      assertThat(changes(rig, reader))
          .containsExactly(
              "Channel[vm=vm0, channel=0, state=hung-up]",
              "Vote[vm=vm0, vcpu=0, vote=max, turbo=true, claimed=false, source=none]",
              "Target[domain=0, cpus=0, targetKhz=null, why=nobody asks]");
    }
  }

  @Test
  void aConflictIsToldAndWhoIsBehindItAndItsEnd() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      Reader reader = follow(rig);
      rig.sysfs.policy(0).setGovernor("performance");
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(NACK);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(NACK);
      rig.post(new Event.Suspected("TuneD is the likely cause"));
      List<String> changes = changes(rig, reader);
      rig.ask(new Verb.ReclaimCpus(CpuSet.of(0)));
      changes.addAll(changes(rig, reader));

      String conflict = "Conflict[domain=0, cpus=0, state=%s, what=governor is performance%s]";
      assertThat(changes)
          .filteredOn(change -> change.startsWith("Conflict"))
          .containsExactly(
              conflict.formatted("standing", ""),
              conflict.formatted("standing", ": TuneD is the likely cause"),
              conflict.formatted("over", ": TuneD is the likely cause"));
    }
  }

  @Test
  void aConflictThatIsUndoneAtOnceIsToldEachTime() throws Exception {
    Rig reasserting =
        Rig.withCpus(directory, 1)
            .cpu(cpu -> new Config.Cpu(cpu.root(), CpuSet.of(), false, 8, true, false, true))
            .vm("vm0", "0");
    try (Rig rig = reasserting.start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      Reader reader = follow(rig);
      for (int i = 0; i < 2; i++) {
        rig.sysfs.policy(0).setGovernor("performance");
        assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
        assertThat(changes(rig, reader))
            .containsExactly(
                "Conflict[domain=0, cpus=0, state=undone, what=governor is performance]");
      }
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(changes(rig, reader)).isEmpty();
    }
  }

  @Test
  void whatMovedSeveralTimesInOneWakeUpIsOneChange() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 1).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(ACK);
      Reader reader = follow(rig);
      guest.write(packets(SCALE_MIN, SCALE_UP, SCALE_UP, SCALE_DOWN, SCALE_UP));
      guest.read(5 * RequestPacket.SIZE_BYTES);

      assertThat(changes(rig, reader))
          .containsExactly(
              "Vote[vm=vm0, vcpu=0, vote=1700000, turbo=true, claimed=true, source=request]",
              "Target[domain=0, cpus=0, targetKhz=1700000, why=vm0 vCPU 0 asks for 1700000]");

      guest.write(packets(SCALE_MIN, SCALE_UP, SCALE_UP));
      guest.read(3 * RequestPacket.SIZE_BYTES);
      assertThat(changes(rig, reader)).as("as it was").isEmpty();
    }
  }

  private static ByteBuffer packets(Unit... units) {
    ByteBuffer all = ByteBuffer.allocate(units.length * RequestPacket.SIZE_BYTES);
    for (Unit unit : units) {
      ByteBuffer packet = FakeGuest.packet();
      new RequestPacket().wrap(packet, 0).command(Command.CPU_POWER).resourceId(0);
      packet.putInt(8, unit.code());
      all.put(packet);
    }
    return all.flip();
  }

  @Test
  void refusalsOfOneWakeUpAreFolded() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 1).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      rig.ask(new Verb.SetCpus(CpuSet.of(0), "min", WHO));
      Reader reader = follow(rig);

      guest.write(packets(SCALE_MAX, SCALE_MAX, SCALE_MAX));
      guest.read(3 * RequestPacket.SIZE_BYTES);
      assertThat(guest.ask(SCALE_MAX, 7)).isEqualTo(NACK);

      assertThat(changes(rig, reader))
          .containsExactly(
              "Vote[vm=vm0, vcpu=0, vote=max, turbo=true, claimed=true, source=request]",
              "Refusal[vm=vm0, channel=0, vcpu=0, reason=hold, count=3]",
              "Refusal[vm=vm0, channel=0, vcpu=null, reason=others_vcpu, count=1]");
    }
  }

  @Test
  void whatOperatorsDoIsTold() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 3).vm("vm0", "0").start()) {
      rig.guest("vm0", 0);
      Reader reader = follow(rig);

      rig.ask(new Verb.SetCpus(CpuSet.of(1, 2), "min", WHO));
      assertThat(changes(rig, reader))
          .containsExactly(
              "Hold[cpus=1-2, level=min, who=root (pid 1)]",
              "Target[domain=1, cpus=1, targetKhz=1200000, why=held at min by root (pid 1)]",
              "Target[domain=2, cpus=2, targetKhz=1200000, why=held at min by root (pid 1)]");
      rig.ask(new Verb.ReleaseCpus(CpuSet.of(1, 2)));
      assertThat(changes(rig, reader))
          .startsWith("Hold[cpus=1-2, level=null, who=root (pid 1)]")
          .hasSize(3);

      rig.ask(new Verb.EnableChannels("vm0", null, false));
      assertThat(changes(rig, reader))
          .containsExactly("Channel[vm=vm0, channel=0, state=disabled]");
      rig.ask(new Verb.EnableChannels("vm0", null, true));
      assertThat(changes(rig, reader)).containsExactly("Channel[vm=vm0, channel=0, state=enabled]");
      rig.ask(new Verb.Pause(true));
      assertThat(changes(rig, reader)).containsExactly("Status[mode=paused]");
      rig.ask(new Verb.Pause(false));
      assertThat(changes(rig, reader)).containsExactly("Status[mode=control]");
    }
  }

  @Test
  void policiesAreTold() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      Reader reader = follow(rig);
      String toml = "[[policy]]\nname = \"busy\"\nvm = \"vm0\"\ntype = \"workload\"\nworkload = ";

      rig.ask(new Verb.ApplyPolicies(PolicyFile.parse("policy", toml + "\"high\"\n")));
      assertThat(changes(rig, reader))
          .containsExactly(
              "Policy[name=busy, what=applied, level=max]",
              "Vote[vm=vm0, vcpu=0, vote=max, turbo=true, claimed=true, source=operator-policy]",
              "Target[domain=0, cpus=0, targetKhz=2601000, "
                  + "why=vm0 vCPU 0 by its workload policy asks for max]");
      rig.ask(new Verb.ApplyPolicies(PolicyFile.parse("policy", toml + "\"low\"\n")));
      assertThat(changes(rig, reader))
          .startsWith("Policy[name=busy, what=applied, level=min]")
          .hasSize(3);
      rig.ask(new Verb.RemovePolicy("busy"));
      assertThat(changes(rig, reader))
          .containsExactly(
              "Policy[name=busy, what=removed, level=null]",
              "Vote[vm=vm0, vcpu=0, vote=min, turbo=true, claimed=true, source=request]");
    }
  }

  @Test
  void aReaderIsToldOfChangesAndNotOfWhatIs() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 1).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      Reader early = follow(rig);
      assertThat(changes(rig, early)).isEmpty();
      early.close();
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(ACK);

      Reader late = follow(rig);
      assertThat(changes(rig, late)).isEmpty();
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(changes(rig, late)).hasSize(2);
    }
  }

  @Test
  void whileNobodyFollowsARequestAllocatesNothing() throws Exception {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    try (Rig rig = Rig.withCpus(directory, 1).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      long monitor =
          Thread.getAllStackTraces().keySet().stream()
              .filter(thread -> thread.getName().equals("monitor"))
              .findFirst()
              .orElseThrow()
              .threadId();
      int requests = 5_000;
      ask(guest, requests);
      follow(rig).close();
      ask(guest, requests);

      long before = threads.getThreadAllocatedBytes(monitor);
      ask(guest, requests);
      long perRequest = (threads.getThreadAllocatedBytes(monitor) - before) / requests;

      assertThat(perRequest).as("bytes for each request").isLessThan(8);
    }
  }

  private static void ask(FakeGuest guest, int requests) throws Exception {
    for (int i = 0; i < requests; i++) {
      guest.ask(SCALE_MIN, 9); // another's: the fake kernel, which allocates, has no part in it
    }
  }
}
