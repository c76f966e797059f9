package dev.vmpower.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A guest on one end of a socket, and the bytes of a host on the other. */
@Timeout(30)
class GuestPortTest {
  @TempDir Path directory;

  private ServerSocketChannel listener;
  private SocketChannel host;
  private SocketChannel socket;
  private GuestPort port;

  @BeforeEach
  void connect() throws IOException {
    UnixDomainSocketAddress address = UnixDomainSocketAddress.of(directory.resolve("port"));
    listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(address);
    socket = SocketChannel.open(address);
    host = listener.accept();
    socket.configureBlocking(false);
    port = new GuestPort(socket);
  }

  @AfterEach
  void close() throws IOException {
    port.close();
    host.close();
    listener.close();
  }

  @Test
  void aRequestIsWhatAHostReadsAndItsReplyMayComeInPieces() throws IOException {
    assertThat(port.send(Unit.SCALE_MAX, 3)).isTrue();
    RequestPacket request = new RequestPacket();
    ByteBuffer bytes = atHost();
    request.wrap(bytes, 0);

    assertThat(request.command()).isEqualTo(Command.CPU_POWER);
    assertThat(request.unit()).isEqualTo(Unit.SCALE_MAX);
    assertThat(request.resourceId()).isEqualTo(3);
    assertThat(port.receive()).isFalse();
    Replies.answerInPlace(bytes, 0, ReplyKind.ACK);
    host.write(bytes.slice(0, 100));
    assertThat(port.receive()).isFalse();
    assertThatThrownBy(port::kind).isInstanceOf(IllegalStateException.class);
    host.write(bytes.slice(100, RequestPacket.SIZE_BYTES - 100));

    assertThat(port.receive()).isTrue();
    assertThat(port.kind()).isEqualTo(ReplyKind.ACK);
  }

  @Test
  void aQueryIsAnsweredWithItsListOrRefusedInItsSize() throws IOException {
    port.query(Command.QUERY_FREQ, 2);
    RequestPacket request = new RequestPacket().wrap(atHost(), 0);
    ByteBuffer reply = ByteBuffer.allocate(FreqListReply.SIZE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    FreqListReply.begin(reply, 0, request, 4);
    FreqListReply.setKhz(reply, 0, 2, 1_800_000);
    host.write(reply);

    assertThat(port.receive()).isTrue();
    assertThat(port.kind()).isEqualTo(ReplyKind.FREQ_LIST);
    assertThat(port.khz(2)).isEqualTo(1_800_000);
    assertThat(port.khz(3)).isZero();
    assertThat(port.khz(FreqListReply.VCPUS_MAX)).isZero();

    port.query(Command.QUERY_FREQ, 2);
    atHost();
    Replies.refuseQuery(reply.clear(), 0, FreqListReply.SIZE_BYTES);
    host.write(reply);

    assertThat(port.receive()).isTrue();
    assertThat(port.kind()).isEqualTo(ReplyKind.NACK);
  }

  @Test
  void connectAwaitsNoReply() throws IOException {
    assertThat(port.connect()).isTrue();

    assertThat(new RequestPacket().wrap(atHost(), 0).command()).isEqualTo(Command.CONNECT);
    assertThat(port.receive()).isTrue();
    assertThat(port.send(Unit.SCALE_MIN, 0)).isTrue();
  }

  @Test
  void aHostThatDoesNotReadIsNotWaitedForAndGetsWholePackets() throws IOException {
    int sent = 0;
    while (port.connect()) {
      sent++;
    }
    assertThat(port.flush()).isFalse();
    assertThatThrownBy(port::connect).isInstanceOf(IllegalStateException.class);

    for (int i = 0; i < sent; i++) {
      assertThat(new RequestPacket().wrap(atHost(), 0).command()).isEqualTo(Command.CONNECT);
    }
    assertThat(port.flush()).isTrue();
    assertThat(new RequestPacket().wrap(atHost(), 0).command()).isEqualTo(Command.CONNECT);
  }

  @Test
  void oneRequestAtATime() throws IOException {
    port.send(Unit.SCALE_UP, 0);

    assertThatThrownBy(() -> port.send(Unit.SCALE_UP, 0)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> port.query(Command.CONNECT, 0))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aHostThatGoesAwayIsNoReply() throws IOException {
    port.send(Unit.SCALE_UP, 0);
    host.close();

    assertThatThrownBy(port::receive).isInstanceOf(IOException.class);
  }

  private ByteBuffer atHost() throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(RequestPacket.SIZE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    while (bytes.hasRemaining()) {
      assertThat(host.read(bytes)).isPositive();
    }
    return bytes.flip();
  }
}
