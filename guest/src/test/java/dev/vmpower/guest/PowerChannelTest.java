package dev.vmpower.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.vmpower.protocol.CapsListReply;
import dev.vmpower.protocol.Command;
import dev.vmpower.protocol.FreqListReply;
import dev.vmpower.protocol.Replies;
import dev.vmpower.protocol.ReplyKind;
import dev.vmpower.protocol.RequestPacket;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A guest against hosts that answer, refuse, are late, stop reading, and go and come back. */
@Timeout(60)
class PowerChannelTest {
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final Duration SHORT = Duration.ofMillis(100);

  @TempDir Path directory;

  private Path port;
  private SocketHost host;

  @BeforeEach
  void start() throws IOException {
    port = directory.resolve("port");
    host = new SocketHost(port, SocketHost.always(ReplyKind.ACK));
  }

  @AfterEach
  void stop() throws IOException {
    host.close();
  }

  @ParameterizedTest
  @CsvSource({
    "MAX,       0, scale-max-lcore0",
    "MAX,       1, scale-max-lcore1",
    "MIN,       1, scale-min-lcore1",
    "UP,        1, scale-up-lcore1",
    "DOWN,      1, scale-down-lcore1",
    "TURBO_ON,  1, enable-turbo-lcore1",
    "TURBO_OFF, 1, disable-turbo-lcore1",
  })
  void aWishIsByteForByteWhatDpdkSends(Wish wish, int vcpu, String vector) throws IOException {
    byte[] recorded =
        Files.readAllBytes(
            Path.of(System.getProperty("vmpower.checkout"))
                .resolve("protocol/src/test/resources/vectors/" + vector + ".bin"));

    try (PowerChannel channel = PowerChannel.open(port, LONG)) {
      assertThat(channel.ask(vcpu, wish)).isEqualTo(Answer.ACK);
      assertThat(channel.tell(vcpu, wish)).isTrue();
      await().until(() -> host.requests().size() == 2);
    }

    assertThat(host.requests()).containsExactly(recorded, recorded);
  }

  @Test
  void aRefusalIsAnAnswer() throws IOException {
    host.rule(SocketHost.always(ReplyKind.NACK));
    try (PowerChannel channel = PowerChannel.open(port, LONG)) {
      assertThat(channel.ask(0, Wish.MAX)).isEqualTo(Answer.NACK);
      assertThat(channel.apply(Policy.branchRatio().vcpus(0).build())).isEqualTo(Answer.NACK);
    }
  }

  @Test
  void anAnswerMayComeInPieces() throws IOException {
    host.rule(
        (request, bytes, guest) -> {
          Replies.answerInPlace(bytes, 0, ReplyKind.ACK);
          for (int i = 0; i < RequestPacket.SIZE_BYTES; i += 29) {
            guest.write(bytes.slice(i, Math.min(29, RequestPacket.SIZE_BYTES - i)));
          }
        });
    try (PowerChannel channel = PowerChannel.open(port, LONG)) {
      assertThat(channel.ask(0, Wish.UP)).isEqualTo(Answer.ACK);
      assertThat(channel.ask(0, Wish.DOWN)).isEqualTo(Answer.ACK);
    }
  }

  @Test
  void afterATimeOutThePortIsOpenedAgainAndTheNextAnswerIsItsOwn() throws IOException {
    host.rule((request, bytes, guest) -> {});
    try (PowerChannel channel = PowerChannel.open(port, SHORT)) {
      assertThat(channel.ask(0, Wish.MAX)).isEqualTo(Answer.TIMED_OUT);
      host.rule(SocketHost.always(ReplyKind.ACK));

      assertThat(channel.ask(0, Wish.MIN)).isEqualTo(Answer.ACK);
      assertThat(host.guests()).isEqualTo(2);
      assertThat(channel.ask(0, Wish.MAX)).isEqualTo(Answer.ACK);
      assertThat(host.guests()).isEqualTo(2);
    }
  }

  @Test
  void anAnswerThatRepeatsAnotherRequestIsSkipped() throws IOException {
    host.rule(
        (request, bytes, guest) -> {
          ByteBuffer late =
              ByteBuffer.allocate(RequestPacket.SIZE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
          new RequestPacket()
              .wrap(late, 0)
              .command(Command.CPU_POWER)
              .unit(Wish.DOWN.unit())
              .resourceId(7);
          SocketHost.answer(ReplyKind.ACK, late, guest);
          SocketHost.answer(ReplyKind.NACK, bytes, guest);
        });
    try (PowerChannel channel = PowerChannel.open(port, LONG)) {
      assertThat(channel.ask(7, Wish.MAX)).isEqualTo(Answer.NACK);
      assertThat(channel.ask(6, Wish.DOWN)).isEqualTo(Answer.NACK);
    }
  }

  @Test
  void aQueryIsToldRefusedOrNotAnswered() throws IOException {
    host.rule(PowerChannelTest::tellFrequencies);
    try (PowerChannel channel = PowerChannel.open(port, SHORT)) {
      for (Reply<Frequencies> reply : List.of(channel.frequency(2), channel.frequencies())) {
        Frequencies told = reply.told().orElseThrow();
        assertThat(told.vcpuCount()).isEqualTo(4);
        assertThat(told.khz(2)).isEqualTo(1_800_000);
        assertThat(List.of(told.khz(0), told.khz(8), told.khz(-1))).containsOnly(0);
      }
      host.rule((request, bytes, guest) -> refuse(guest, FreqListReply.SIZE_BYTES));
      assertThat(channel.frequency(2)).isEqualTo(new Reply.Refused<Frequencies>());
      host.rule((request, bytes, guest) -> {});
      assertThat(channel.frequency(2)).isEqualTo(new Reply.TimedOut<Frequencies>());
    }
    assertThat(commands())
        .startsWith(Command.QUERY_FREQ, Command.QUERY_FREQ_LIST, Command.QUERY_FREQ);
  }

  private static void tellFrequencies(RequestPacket request, ByteBuffer bytes, SocketChannel guest)
      throws IOException {
    ByteBuffer reply = ByteBuffer.allocate(FreqListReply.SIZE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    FreqListReply.begin(reply, 0, request, 4);
    FreqListReply.setKhz(reply, 0, 2, 1_800_000);
    guest.write(reply);
  }

  private static void refuse(SocketChannel guest, int sizeBytes) throws IOException {
    ByteBuffer reply = ByteBuffer.allocate(sizeBytes).order(ByteOrder.LITTLE_ENDIAN);
    Replies.refuseQuery(reply, 0, sizeBytes);
    guest.write(reply);
  }

  @Test
  void capabilitiesAreToldOrRefused() throws IOException {
    host.rule(
        (request, bytes, guest) -> {
          ByteBuffer reply =
              ByteBuffer.allocate(CapsListReply.SIZE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
          CapsListReply.begin(reply, 0, request, 2);
          CapsListReply.setCaps(reply, 0, 0, true, false);
          CapsListReply.setCaps(reply, 0, 1, false, true);
          guest.write(reply);
        });
    try (PowerChannel channel = PowerChannel.open(port, LONG)) {
      for (Reply<Capabilities> reply : List.of(channel.capability(1), channel.capabilities())) {
        Capabilities told = reply.told().orElseThrow();
        assertThat(told.vcpuCount()).isEqualTo(2);
        assertThat(List.of(told.turbo(0), told.priority(1))).containsOnly(true);
        assertThat(List.of(told.turbo(1), told.priority(0), told.turbo(8))).containsOnly(false);
      }
      host.rule((request, bytes, guest) -> refuse(guest, CapsListReply.SIZE_BYTES));
      assertThat(channel.capabilities().told()).isEmpty();
    }
    assertThat(commands())
        .containsExactly(Command.QUERY_CAPS, Command.QUERY_CAPS_LIST, Command.QUERY_CAPS_LIST);
  }

  /** What was told is refused, what was asked is not: an answer that is mixed up shows. */
  @Test
  void answersToWhatWasToldAreNoAnswersToWhatIsAsked() throws IOException {
    host.rule(
        (request, bytes, guest) ->
            SocketHost.answer(
                request.resourceId() == 0 ? ReplyKind.NACK : ReplyKind.ACK, bytes, guest));
    try (PowerChannel channel = PowerChannel.open(port, LONG)) {
      for (int round = 0; round < 200; round++) {
        for (int i = 0; i < round % 5; i++) {
          assertThat(channel.tell(0, Wish.MAX)).isTrue();
        }
        assertThat(channel.ask(1, Wish.MAX)).isEqualTo(Answer.ACK);
      }
    }
    assertThat(host.guests()).isEqualTo(1);
  }

  @Test
  void anAnswerToATellThatNeverComesIsNotWaitedForTwice() throws IOException {
    host.rule((request, bytes, guest) -> {});
    try (PowerChannel channel = PowerChannel.open(port, SHORT)) {
      assertThat(channel.tell(0, Wish.MAX)).isTrue();
      await().until(() -> host.requests().size() == 1);
      host.rule(SocketHost.always(ReplyKind.ACK));

      assertThat(channel.ask(0, Wish.MIN)).isEqualTo(Answer.ACK);
      assertThat(channel.ask(0, Wish.MIN)).isEqualTo(Answer.ACK);
      assertThat(host.guests()).isEqualTo(2);
    }
  }

  @Test
  void tellingForHoursLeavesNothingUnread() throws IOException {
    int sent = 0;
    try (PowerChannel channel = PowerChannel.open(port, LONG)) {
      while (sent < 5_000) {
        if (channel.tell(0, Wish.MAX)) {
          sent++;
        } else {
          Thread.onSpinWait();
        }
      }
      assertThat(channel.ask(0, Wish.MIN)).isEqualTo(Answer.ACK);
    }
    assertThat(host.requests()).hasSize(sent + 1);
  }

  @Test
  void aHostThatReadsNothingStopsNobody() throws Exception {
    host.close();
    try (ServerSocketChannel deaf = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      deaf.bind(UnixDomainSocketAddress.of(port));
      try (PowerChannel channel = PowerChannel.open(port, SHORT);
          SocketChannel atHost = deaf.accept()) {
        int sent = 0;
        while (channel.tell(0, Wish.MAX)) {
          sent++;
        }
        assertThat(sent).isPositive();
        assertThat(channel.tell(0, Wish.MIN)).isFalse();
        for (int i = 0; i < sent; i++) {
          assertThat(wholeRequest(atHost).unit()).isEqualTo(Wish.MAX.unit());
        }
        assertThat(channel.tell(0, Wish.MIN)).isTrue();
        assertThat(wholeRequest(atHost).unit()).isEqualTo(Wish.MIN.unit());
      }
    }
  }

  private static RequestPacket wholeRequest(SocketChannel atHost) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(RequestPacket.SIZE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    while (bytes.hasRemaining()) {
      assertThat(atHost.read(bytes)).isPositive();
    }
    return new RequestPacket().wrap(bytes, 0);
  }

  @Test
  void whatGetsNoAnswerIsSent() throws IOException {
    try (PowerChannel channel = PowerChannel.open(port, SHORT)) {
      channel.connect();
      channel.removePolicy();
      await().until(() -> host.requests().size() == 2);
    }
    assertThat(commands()).containsExactly(Command.CONNECT, Command.PKT_POLICY_REMOVE);
  }

  @Test
  void aHostThatGoesAndComesBackNeedsNothing() throws IOException {
    try (PowerChannel channel = PowerChannel.open(port, LONG)) {
      for (int round = 0; round < 3; round++) {
        channel.check();
        assertThat(channel.ask(0, Wish.MAX)).isEqualTo(Answer.ACK);
        host.close();
        await()
            .untilAsserted(
                () -> assertThatThrownBy(channel::check).isInstanceOf(PortException.class));
        for (int i = 0; i < 2; i++) {
          assertThatThrownBy(() -> channel.ask(0, Wish.MAX)).isInstanceOf(PortException.class);
          assertThatThrownBy(() -> channel.tell(0, Wish.MAX)).isInstanceOf(PortException.class);
        }
        host = new SocketHost(port, SocketHost.always(ReplyKind.ACK));
        assertThat(channel.tell(0, Wish.MAX)).isTrue();
      }
      host.close();
      host = new SocketHost(port, SocketHost.always(ReplyKind.ACK));
      assertThat(channel.ask(0, Wish.MAX)).isEqualTo(Answer.ACK);
    }
  }

  @Test
  void aHostThatGoesBeforeItAnswersIsNoHost() throws IOException {
    host.rule((request, bytes, guest) -> guest.close());
    try (PowerChannel channel = PowerChannel.open(port, LONG)) {
      assertThatThrownBy(() -> channel.ask(0, Wish.MAX))
          .isInstanceOf(PortException.NoHost.class)
          .hasMessageStartingWith("no host is attached to " + port);
    }
  }

  @Test
  void noPortIsOneLine() {
    assertThatThrownBy(() -> PowerChannel.open(directory.resolve("none")))
        .isInstanceOf(PortException.NoPort.class)
        .hasMessage(
            "there is no port " + directory + "/none: this VM has no such virtio-serial channel");
  }

  @Test
  void aSocketThatNobodyListensOnIsAPortWithoutAHost() throws IOException {
    host.close();
    ServerSocketChannel gone = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    gone.bind(UnixDomainSocketAddress.of(port));
    gone.close();

    try (PowerChannel channel = PowerChannel.open(port)) {
      assertThatThrownBy(() -> channel.ask(0, Wish.MAX)).isInstanceOf(PortException.NoHost.class);
    }
  }

  @Test
  void whatIsNoReplyBreaksThatRequestOnly() throws IOException {
    host.rule((request, bytes, guest) -> guest.write(ByteBuffer.allocate(464)));
    try (PowerChannel channel = PowerChannel.open(port, LONG)) {
      assertThatThrownBy(() -> channel.ask(0, Wish.MAX))
          .isInstanceOf(PortException.Broken.class)
          .hasMessage(port + ": what the host sends is no reply");
      host.rule(SocketHost.always(ReplyKind.ACK));
      assertThat(channel.ask(0, Wish.MAX)).isEqualTo(Answer.ACK);
    }
  }

  @Test
  void threadsTakeTurns() throws Exception {
    host.rule(
        (request, bytes, guest) ->
            SocketHost.answer(
                request.resourceId() % 2 == 0 ? ReplyKind.ACK : ReplyKind.NACK, bytes, guest));
    try (PowerChannel channel = PowerChannel.open(port, LONG);
        ExecutorService threads = Executors.newFixedThreadPool(4)) {
      List<Future<Boolean>> all = new ArrayList<>();
      for (int vcpu = 0; vcpu < 4; vcpu++) {
        int own = vcpu;
        Answer right = own % 2 == 0 ? Answer.ACK : Answer.NACK;
        Callable<Boolean> asking =
            () -> {
              boolean each = true;
              for (int i = 0; i < 200; i++) {
                each &= channel.ask(own, Wish.UP) == right;
              }
              return each;
            };
        all.add(threads.submit(asking));
      }
      for (Future<Boolean> each : all) {
        assertThat(each.get()).isTrue();
      }
    }
  }

  @Test
  void aMistakeOfTheCallerSendsNothing() throws IOException {
    PowerChannel channel = PowerChannel.open(port, LONG);
    assertThatThrownBy(() -> channel.ask(-1, Wish.MAX))
        .isInstanceOf(IllegalArgumentException.class);
    channel.close();
    channel.close();
    assertThatThrownBy(() -> channel.ask(0, Wish.MAX)).isInstanceOf(IllegalStateException.class);
    for (Duration wrong : List.of(Duration.ZERO, Duration.ofSeconds(-1), Duration.ofHours(2))) {
      assertThatThrownBy(() -> PowerChannel.open(port, wrong))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThat(host.requests()).isEmpty();
  }

  private List<Command> commands() {
    List<Command> commands = new ArrayList<>();
    for (byte[] bytes : host.requests()) {
      ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
      commands.add(new RequestPacket().wrap(buffer, 0).command());
    }
    return commands;
  }
}
