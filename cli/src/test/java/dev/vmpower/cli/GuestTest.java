package dev.vmpower.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vmpower.guest.GuestPort;
import dev.vmpower.protocol.CapsListReply;
import dev.vmpower.protocol.Command;
import dev.vmpower.protocol.FreqListReply;
import dev.vmpower.protocol.Replies;
import dev.vmpower.protocol.ReplyKind;
import dev.vmpower.protocol.RequestPacket;
import dev.vmpower.protocol.Unit;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whole runs of vmpower-guest against a socket that stands in for its port. */
@Timeout(60)
class GuestTest {
  private static final int LONG_MS = 20_000;

  @TempDir Path directory;

  private interface Host {
    void answer(SocketChannel channel, RequestPacket request, ByteBuffer bytes) throws IOException;
  }

  private Ran guest(int patienceMs, String words) {
    List<String> arguments = new ArrayList<>(List.of("--dir", directory.toString()));
    arguments.addAll(Arrays.asList(words.split(" ")));
    return Ran.of(
        (out, err) -> Guest.run(arguments.toArray(new String[0]), out, err, Ran.PLAIN, patienceMs));
  }

  private Ran against(Host host, int patienceMs, String words)
      throws IOException, InterruptedException, ExecutionException {
    Path port = directory.resolve(GuestPort.NAME_PREFIX + "2");
    try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      listener.bind(UnixDomainSocketAddress.of(port));
      CompletableFuture<Ran> ran = CompletableFuture.supplyAsync(() -> guest(patienceMs, words));
      try (SocketChannel channel = listener.accept()) {
        ByteBuffer bytes =
            ByteBuffer.allocate(RequestPacket.SIZE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining() && channel.read(bytes) >= 0) {
          // Until the request is whole.
        }
        host.answer(channel, new RequestPacket().wrap(bytes.flip(), 0), bytes);
        return ran.get();
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "max 2,SCALE_MAX",
    "min 2,SCALE_MIN",
    "up 2,SCALE_UP",
    "down 2,SCALE_DOWN",
    "turbo 2 on,ENABLE_TURBO",
    "turbo 2 off,DISABLE_TURBO"
  })
  void anAckIsSilentSuccess(String words, Unit unit) throws Exception {
    Ran ran =
        against(
            (channel, request, bytes) -> {
              assertThat(request.command()).isEqualTo(Command.CPU_POWER);
              assertThat(request.unit()).isEqualTo(unit);
              assertThat(request.resourceId()).isEqualTo(2);
              Replies.answerInPlace(bytes, 0, ReplyKind.ACK);
              channel.write(bytes);
            },
            LONG_MS,
            words);

    assertThat(ran).isEqualTo(new Ran(0, "", ""));
  }

  @Test
  void aNackIsARefusal() throws Exception {
    Ran ran =
        against(
            (channel, request, bytes) -> {
              Replies.answerInPlace(bytes, 0, ReplyKind.NACK);
              channel.write(bytes);
            },
            LONG_MS,
            "max 2");

    assertThat(ran.status()).isEqualTo(1);
    assertThat(ran.err()).startsWith("vmpower-guest: the host refuses (NACK)");
  }

  @Test
  void queriesShowTheirAnswer() throws Exception {
    Ran freq =
        against(
            (channel, request, bytes) -> {
              ByteBuffer reply = ByteBuffer.allocate(88).order(ByteOrder.LITTLE_ENDIAN);
              FreqListReply.begin(reply, 0, request, 3);
              FreqListReply.setKhz(reply, 0, 2, 1_799_900);
              channel.write(reply);
            },
            LONG_MS,
            "freq 2");
    Files.delete(directory.resolve(GuestPort.NAME_PREFIX + "2"));
    Ran caps =
        against(
            (channel, request, bytes) -> {
              ByteBuffer reply = ByteBuffer.allocate(184).order(ByteOrder.LITTLE_ENDIAN);
              CapsListReply.begin(reply, 0, request, 3);
              CapsListReply.setCaps(reply, 0, 2, true, false);
              channel.write(reply);
            },
            LONG_MS,
            "caps 2");

    assertThat(freq).isEqualTo(new Ran(0, "vCPU 2: 1800 MHz\n", ""));
    assertThat(caps).isEqualTo(new Ran(0, "vCPU 2: turbo yes, priority no\n", ""));
  }

  @Test
  void connectDoesNotWaitForAReply() throws Exception {
    Ran ran =
        against(
            (channel, request, bytes) -> assertThat(request.command()).isEqualTo(Command.CONNECT),
            LONG_MS,
            "connect 2");

    assertThat(ran).isEqualTo(new Ran(0, "", ""));
  }

  @Test
  void noReplyAndNoHostAreOneLineEach() throws Exception {
    Ran silent = against((channel, request, bytes) -> {}, 100, "max 2");
    Files.delete(directory.resolve(GuestPort.NAME_PREFIX + "2"));
    Ran gone = against((channel, request, bytes) -> channel.close(), LONG_MS, "max 2");

    assertThat(silent.status()).isEqualTo(1);
    assertThat(silent.err()).matches("vmpower-guest: no answer on .+ within 100 ms: .+\n");
    assertThat(gone.status()).isEqualTo(1);
    assertThat(gone.err()).matches("vmpower-guest: no host is attached to .+\n");
  }

  @Test
  void noPortIsOneLine() {
    Ran ran = guest(LONG_MS, "max 7");

    assertThat(ran.status()).isEqualTo(1);
    assertThat(ran.err())
        .startsWith("vmpower-guest: there is no port " + directory)
        .endsWith(".poweragent.7: this VM has no such virtio-serial channel\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"max", "max x", "max -1", "max 9999", "turbo 1", "turbo 1 maybe", "fly 1"})
  void wrongUsageIsOneLineAndStatus2(String words) {
    Ran ran = guest(LONG_MS, words);

    assertThat(ran.status()).isEqualTo(2);
    assertThat(ran.err()).matches("vmpower-guest: .+ --help'?\n");
  }
}
