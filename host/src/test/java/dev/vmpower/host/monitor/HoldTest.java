package dev.vmpower.host.monitor;

import static dev.vmpower.protocol.ReplyKind.ACK;
import static dev.vmpower.protocol.ReplyKind.NACK;
import static dev.vmpower.protocol.Unit.SCALE_MAX;
import static dev.vmpower.protocol.Unit.SCALE_MIN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.vmpower.host.FakeGuest;
import dev.vmpower.host.Rig;
import dev.vmpower.host.view.CpuView;
import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.fake.FakeSysfs;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Holds that end by themselves, that outlive the daemon, and that cover very many pCPUs. */
class HoldTest {
  private static final String WHO = "root (pid 1)";
  private static final long MANY_MS_MAX = 5_000;

  @TempDir Path directory;

  @Test
  void aHoldIsReleasedByItselfAfterItsTime() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(ACK);

      rig.ask(new Verb.SetCpus(CpuSet.of(0), "min", WHO, 1800));
      CpuView.HoldView hold = Objects.requireNonNull(rig.cpu(0).hold());
      assertThat(Instant.parse(hold.until()))
          .isEqualTo(Instant.parse(hold.since()).plusSeconds(1800));
      rig.pass(1799 * Rig.SECOND_NS);
      assertThat(rig.khz(0)).isEqualTo(1_200_000);
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(NACK);

      rig.pass(2 * Rig.SECOND_NS);

      assertThat(rig.khz(0)).isEqualTo(2_601_000);
      assertThat(rig.cpu(0).hold()).isNull();
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
    }
  }

  @Test
  void theMonitorWakesUpForADeadlineWithoutBeingAsked() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).start()) {
      rig.ask(new Verb.SetCpus(CpuSet.of(1), "min", WHO, 1));

      // Before the sweep would have seen it.
      await().atMost(3, TimeUnit.SECONDS).until(() -> rig.governor(1).equals("schedutil"));
    }
  }

  @Test
  void aNewHoldReplacesTheDeadlineOfTheOldOne() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).start()) {
      rig.ask(new Verb.SetCpus(CpuSet.of(0), "min", WHO, 10));
      rig.ask(new Verb.SetCpus(CpuSet.of(0), "min", WHO));

      rig.pass(20 * Rig.SECOND_NS);

      assertThat(rig.khz(0)).isEqualTo(1_200_000);
      assertThat(rig.cpu(0).hold()).isNotNull();
    }
  }

  @Test
  void holdsAreInForceAgainAfterARestartAndThoseWhoseTimeIsOverAreNot() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 4).start()) {
      rig.ask(new Verb.SetCpus(CpuSet.of(0, 1), "1700000", WHO));
      rig.ask(new Verb.SetCpus(CpuSet.of(2), "min", "ann (pid 2)", 3600));
      rig.ask(new Verb.SetCpus(CpuSet.of(3), "min", "ann (pid 2)", 60));
      CpuView before = rig.cpu(2);
      rig.stop();
      assertThat(rig.governor(0)).isEqualTo("schedutil");
      rig.passWhileStopped(120 * Rig.SECOND_NS);

      rig.start();

      assertThat(rig.khz(0)).isEqualTo(1_700_000);
      assertThat(rig.khz(1)).isEqualTo(1_700_000);
      assertThat(rig.cpu(2).hold()).isEqualTo(before.hold());
      assertThat(rig.khz(2)).isEqualTo(1_200_000);
      assertThat(rig.governor(3)).isEqualTo("schedutil");
      rig.pass(3600 * Rig.SECOND_NS);
      assertThat(rig.governor(2)).as("its deadline is the old one").isEqualTo("schedutil");
      assertThat(directory.resolve("lib/orders")).content().contains("hold 0-1 1700000");
    }
  }

  @Test
  void aReleaseIsKeptToo() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).start()) {
      rig.ask(new Verb.SetCpus(CpuSet.of(0), "min", WHO));
      rig.ask(new Verb.ReleaseCpus(CpuSet.of(0)));
      rig.stop();

      rig.start();

      assertThat(rig.cpu(0).hold()).isNull();
      assertThat(rig.governor(0)).isEqualTo("schedutil");
    }
  }

  @Test
  void aHoldOfAPcpuThatIsGoneWaitsUntilItIsBackAndCanBeReleased() throws Exception {
    Path lib = Files.createDirectories(directory.resolve("lib"));
    Files.writeString(
        lib.resolve("orders"),
        """
        vmpower-orders 1
        hold 1,7 min since=1000 until=- ann
        hold 9 max since=1 until=- bob
        end 2
        """);
    try (Rig rig = Rig.withCpus(directory, 2).start()) {
      assertThat(rig.khz(1)).isEqualTo(1_200_000);

      rig.ask(new Verb.ReleaseCpus(CpuSet.of(9)));
      assertThat(lib.resolve("orders")).content().contains("hold 1,7 min").doesNotContain("bob");
      rig.sysfs.put("present", "0-7").put("online", "0-7").addPolicy(Rig.TABLE, 7);
      rig.pass(6 * Rig.SECOND_NS);

      assertThat(rig.khz(7)).isEqualTo(1_200_000);
      assertThat(rig.cpu(1).hold()).isNotNull();
    }
  }

  @Test
  void whatCannotBeRecordedIsDoneAndSaidSo() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).start()) {
      Path obstacle = Files.createDirectory(directory.resolve("lib/orders.new"));

      assertThatThrownBy(() -> rig.ask(new Verb.SetCpus(CpuSet.of(0), "min", WHO)))
          .isInstanceOf(Verb.RefusedException.class)
          .hasMessageStartingWith("done, but")
          .hasMessageContaining("lib/orders");
      assertThat(rig.khz(0)).isEqualTo(1_200_000);

      Files.delete(obstacle);
      rig.ask(new Verb.SetCpus(CpuSet.of(1), "min", WHO));
      assertThat(directory.resolve("lib/orders")).content().contains("hold 0 min", "hold 1 min");
    }
  }

  @Test
  void whatIsRefusedIsNotRecorded() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).start()) {
      assertThatThrownBy(() -> rig.ask(new Verb.SetCpus(CpuSet.of(0, 9), "min", WHO)))
          .hasMessage("there is no pCPU 9");
      assertThat(directory.resolve("lib/orders")).doesNotExist();
    }
  }

  @Test
  void fourThousandPcpusAreHeldAndReleasedAtOnce() throws Exception {
    FakeSysfs sysfs = new FakeSysfs().put("online", "0-4095").addCpus(0, 4096, Rig.TABLE);
    try (Rig rig = new Rig(directory, sysfs).start()) {
      CpuSet all = CpuSet.parse("0-4095");
      long began = System.nanoTime();
      List<CpuView> held = rig.ask(new Verb.SetCpus(all, "min", WHO));
      long tookMs = (System.nanoTime() - began) / 1_000_000;
      assertThat(held).hasSize(4096);
      assertThat(held).allMatch(cpu -> cpu.hold() != null && cpu.problem() == null);
      assertThat(rig.khz(4095)).isEqualTo(1_200_000);
      assertThat(Files.readAllLines(directory.resolve("lib/orders"))).hasSize(3);

      began = System.nanoTime();
      rig.ask(new Verb.SwitchTurbo(all, false, WHO));
      rig.ask(new Verb.SetCpus(all, "up", WHO));
      rig.ask(new Verb.ReleaseCpus(all));
      rig.ask(new Verb.SwitchTurbo(all, true, WHO));
      long restMs = (System.nanoTime() - began) / 1_000_000;

      System.out.println("4096 pCPUs: held in " + tookMs + " ms, the rest in " + restMs + " ms");
      assertThat(rig.status().managedDomains()).isZero();
      assertThat(tookMs).isLessThan(MANY_MS_MAX);
    }
  }
}
