package dev.vmpower.host.monitor;

import static dev.vmpower.protocol.ReplyKind.ACK;
import static dev.vmpower.protocol.ReplyKind.NACK;
import static dev.vmpower.protocol.Unit.SCALE_MAX;
import static dev.vmpower.protocol.Unit.SCALE_MIN;
import static dev.vmpower.protocol.Unit.SCALE_UP;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.vmpower.host.FakeGuest;
import dev.vmpower.host.Rig;
import dev.vmpower.host.orders.Orders;
import dev.vmpower.host.view.ChannelView;
import dev.vmpower.machine.cpu.CpuSet;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Channels added, disabled and enabled by operators. */
class ChannelVerbTest {
  private static final String WHO = "root (pid 1)";
  private static final CpuSet ZERO = CpuSet.of(0);

  @TempDir Path directory;

  private static Verb.EnableChannels disable(String vm) {
    return new Verb.EnableChannels(vm, null, false);
  }

  private static Verb.EnableChannels enable(String vm) {
    return new Verb.EnableChannels(vm, null, true);
  }

  @Test
  void aSocketAtAnotherPlaceIsAChannel() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "0", "1").start()) {
      Path elsewhere = Files.createDirectory(directory.resolve("elsewhere")).resolve("port");
      assertThat(rig.ask(new Verb.AddChannel("vm0", 5, elsewhere)))
          .containsExactly(new ChannelView("vm0", 5, "waiting", "closed", true, 0, 0, 0));

      FakeGuest guest = rig.guestAt(elsewhere);
      assertThat(guest.ask(SCALE_MIN, 1)).isEqualTo(ACK);
      assertThat(rig.khz(1)).isEqualTo(1_200_000);
      FakeGuest usual = rig.guest("vm0", 0);
      assertThat(usual.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      guest.hangUp();
      guest.awaitConnection();
      assertThat(guest.ask(SCALE_MAX, 1)).isEqualTo(ACK);

      rig.stop();
      rig.start();
      assertThat(rig.ask(new Verb.ListChannels()))
          .extracting(ChannelView::channel)
          .doesNotContain(5);
    }
  }

  /** Both had asked for it, and were disabled together: it speaks again through either. */
  @Test
  void aVcpuOfTwoDisabledChannelsCountsAgainWhenEitherIsEnabled() throws Exception {
    for (int channel = 0; channel < 2; channel++) {
      Path own = Files.createDirectory(directory.resolve("channel" + channel));
      try (Rig rig = Rig.withCpus(own, 2).vm("vm0", "0", "1").vm("vm1", "0").start()) {
        FakeGuest neighbour = rig.guest("vm1", 0);
        assertThat(neighbour.ask(SCALE_MAX, 0)).isEqualTo(ACK);
        assertThat(rig.guest("vm0", 0).ask(SCALE_MIN, 0)).isEqualTo(ACK);
        assertThat(rig.guest("vm0", 1).ask(SCALE_MIN, 0)).isEqualTo(ACK);
        rig.ask(disable("vm0"));
        assertThat(neighbour.ask(SCALE_MIN, 0)).isEqualTo(ACK);
        assertThat(rig.khz(0)).as("frozen").isEqualTo(2_601_000);

        rig.ask(new Verb.EnableChannels("vm0", CpuSet.of(channel), true));

        assertThat(rig.khz(0)).isEqualTo(1_200_000);
      }
    }
  }

  @Test
  void aSocketInADirectoryThatOthersCanWriteToIsNotUsed() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "0").start()) {
      Path open = Files.createDirectory(directory.resolve("open"));
      Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
      rig.ask(new Verb.AddChannel("vm0", 5, open.resolve("port")));
      try (FakeGuest guest = FakeGuest.listen(open.resolve("port"))) {
        rig.monitor().awaitServing();
        assertThat(guest.isWaitedFor()).isFalse();
      }
    }
  }

  @Test
  void aChannelThatCannotBeIsOneLine() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "0").vm("vm1", "1").start()) {
      FakeGuest unused = rig.guest("vm0", 0);
      Path path = directory.resolve("port");
      refused(rig, new Verb.AddChannel("x", 1, path), "there is no VM 'x'");
      refused(rig, new Verb.AddChannel("vm0", 0, path), "vm0 has a channel 0 already");
      refused(rig, new Verb.AddChannel("vm0", 1024, path), "there is no channel 1024");
      refused(rig, new Verb.AddChannel("vm0", 1, Path.of("port")), "'port' is no absolute path");
      refused(
          rig, new Verb.AddChannel("vm0", 1, Path.of("/" + "x".repeat(107))), "a socket's path");
      rig.ask(new Verb.AddChannel("vm0", 1, path));
      refused(rig, new Verb.AddChannel("vm0", 1, path), "vm0 has a channel 1 already");
      refused(rig, new Verb.AddChannel("vm1", 1, path), path + " is a channel of vm0");
      Path others = directory.resolve("channels/vm0.7");
      refused(rig, new Verb.AddChannel("vm1", 1, others), others + " is a channel of vm0");
      refused(rig, new Verb.EnableChannels("vm0", CpuSet.of(9), false), "vm0 has no channel 9");
      refused(rig, disable("x"), "there is no VM 'x'");
    }
  }

  private static void refused(Rig rig, Verb<?> verb, String line) {
    assertThatThrownBy(() -> rig.ask(verb))
        .isInstanceOf(Verb.RefusedException.class)
        .hasMessageStartingWith(line)
        .hasMessageNotContaining("\n");
  }

  @Test
  void aDisabledChannelIsDisabledAfterARestartAndItsTargetIsStillFrozen() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      rig.ask(disable("vm0"));
      rig.stop();

      rig.start();
      guest.awaitConnection();
      await().until(() -> rig.status().channels() == 1);

      assertThat(rig.khz(0)).isEqualTo(1_200_000);
      assertThat(guest.ask(SCALE_MAX, 0)).isEqualTo(NACK);
      assertThat(rig.khz(0)).isEqualTo(1_200_000);
      assertThat(rig.cpu(0).why()).contains("its channel is disabled");
      rig.ask(enable("vm0"));
      assertThat(rig.khz(0)).isEqualTo(2_601_000);
    }
  }

  @Test
  void anOrderBeforeTheChannelIsBackAfterARestartDoesNotEndTheFreeze() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "0").vm("vm1", "1").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      rig.ask(disable("vm0"));
      rig.stop();
      Path socket = directory.resolve("channels/vm0.0");
      Path away = Files.move(socket, directory.resolve("away"));

      rig.start();
      rig.ask(new Verb.AllowQuery("vm1", true));
      Files.move(away, socket);
      guest.awaitConnection();
      await().until(() -> rig.status().channels() == 1);

      assertThat(rig.khz(0)).as("frozen").isEqualTo(1_200_000);
    }
  }

  /** Two channels had claimed it before a restart, and one is back later than the other. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aDisabledChannelThatIsBackLateChangesNoSpeed(boolean disabledAgain) throws Exception {
    try (Rig rig = Rig.withCpus(directory, 3).vm("vm0", "0-1").vm("vm1", "1").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      FakeGuest late = rig.guest("vm0", 1);
      assertThat(late.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(rig.guest("vm1", 0).ask(SCALE_MAX, 0)).isEqualTo(ACK);
      rig.ask(disable("vm0"));
      rig.stop();
      Path socket = directory.resolve("channels/vm0.1");
      Path away = Files.move(socket, directory.resolve("away"));
      rig.start();
      guest.awaitConnection();
      await().until(() -> rig.status().channels() == 2);
      rig.ask(new Verb.EnableChannels("vm0", CpuSet.of(0), true));
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      if (disabledAgain) {
        rig.ask(disable("vm0"));
      }
      assertThat(rig.khz(0)).isEqualTo(1_200_000);

      Files.move(away, socket);
      await().until(() -> rig.status().channels() == 3);
      rig.sync();

      assertThat(rig.khz(0)).isEqualTo(1_200_000);
    }
  }

  @Test
  void aHoldEndsTheFreezeAlsoWhereElseTheVcpuCounts() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 3).vm("vm0", "0-1").vm("vm1", "1").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      FakeGuest neighbour = rig.guest("vm1", 0);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(neighbour.ask(SCALE_MAX, 0)).isEqualTo(ACK);
      rig.ask(disable("vm0"));
      assertThat(neighbour.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(rig.khz(1)).as("frozen").isEqualTo(2_601_000);

      rig.ask(new Verb.SetCpus(ZERO, "1700000", WHO));
      assertThat(rig.khz(0)).isEqualTo(1_700_000);
      assertThat(rig.khz(1)).as("votes count again").isEqualTo(1_200_000);
    }
  }

  /** Whatever else happens: an envelope, turbo, a reset, a neighbour who wants less. */
  @Test
  void theTargetIsFrozenUntilTheChannelIsEnabled() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "0").vm("vm1", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      FakeGuest neighbour = rig.guest("vm1", 0);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(neighbour.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(neighbour.ask(SCALE_UP, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(1_400_000);

      rig.ask(disable("vm0"));
      assertThat(neighbour.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).as("frozen").isEqualTo(1_400_000);
      guest.connect();
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(NACK);
      rig.ask(new Verb.SetEnvelope("vm0", new Orders.Limits(null, 1_200_000, null, null), false));
      assertThat(rig.khz(0)).as("frozen").isEqualTo(1_400_000);
      assertThat(neighbour.ask(SCALE_MAX, 0)).as("not slowed down").isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(2_601_000);
      assertThat(neighbour.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).as("frozen").isEqualTo(1_400_000);

      rig.ask(enable("vm0"));
      assertThat(rig.khz(0)).isEqualTo(1_200_000);
    }
  }

  @Test
  void aHoldEndsTheFreezeAndTheVmsEndDoes() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "0").vm("vm1", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      FakeGuest neighbour = rig.guest("vm1", 0);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(neighbour.ask(SCALE_MAX, 0)).isEqualTo(ACK);
      rig.ask(disable("vm0"));
      assertThat(neighbour.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(2_601_000);

      rig.ask(new Verb.SetCpus(ZERO, "1700000", WHO));
      rig.ask(new Verb.ReleaseCpus(ZERO));
      assertThat(rig.khz(0)).as("votes count again").isEqualTo(1_200_000);

      assertThat(neighbour.ask(SCALE_MAX, 0)).isEqualTo(ACK);
      rig.ask(enable("vm0"));
      rig.ask(disable("vm0"));
      assertThat(neighbour.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      assertThat(rig.khz(0)).isEqualTo(2_601_000);
      guest.close();
      await().until(() -> rig.khz(0) == 1_200_000);
    }
  }

  @Test
  void disablingWhatAskedNothingFreezesNothingAndClaimsNothing() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "0").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      rig.ask(disable("vm0"));
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(NACK);
      assertThat(rig.governor(0)).isEqualTo("schedutil");

      rig.ask(enable("vm0"));
      assertThat(rig.khz(0)).as("the latest comes into force").isEqualTo(1_200_000);
    }
  }
}
