package dev.vmpower.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.vmpower.protocol.Command;
import dev.vmpower.protocol.Replies;
import dev.vmpower.protocol.ReplyKind;
import dev.vmpower.protocol.RequestPacket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The guest on a character device, with another process's or a slow host's replies in it. */
@Timeout(60)
class DeviceTest {
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final Duration SHORT = Duration.ofMillis(150);

  private Terminal host;

  @BeforeEach
  void open() throws Throwable {
    host = new Terminal();
  }

  @AfterEach
  void close() {
    host.close();
  }

  private static CompletableFuture<Answer> asked(PowerChannel channel, int vcpu, Wish wish) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return channel.ask(vcpu, wish);
          } catch (IOException failed) {
            throw new IllegalStateException(failed);
          }
        });
  }

  private ByteBuffer take() {
    return host.take(RequestPacket.SIZE_BYTES);
  }

  private void answer(ReplyKind kind, ByteBuffer request) {
    Replies.answerInPlace(request, 0, kind);
    host.give(request.rewind());
  }

  private static ByteBuffer request(int vcpu, Wish wish) {
    ByteBuffer bytes = ByteBuffer.allocate(RequestPacket.SIZE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    new RequestPacket()
        .wrap(bytes, 0)
        .command(Command.CPU_POWER)
        .unit(wish.unit())
        .resourceId(vcpu);
    return bytes;
  }

  @Test
  void aRequestGoesOutAndItsAnswerComesBack() throws Exception {
    try (PowerChannel channel = PowerChannel.open(host.port(), LONG)) {
      CompletableFuture<Answer> answer = asked(channel, 3, Wish.MAX);
      ByteBuffer request = take();
      assertThat(request).isEqualTo(request(3, Wish.MAX));
      answer(ReplyKind.NACK, request);

      assertThat(answer.get()).isEqualTo(Answer.NACK);
      assertThat(channel.tell(0, Wish.MIN)).isTrue();
      assertThat(take()).isEqualTo(request(0, Wish.MIN));
    }
  }

  /** The very same request of a process that is gone: only its place in the stream tells. */
  @Test
  void whatAnEarlierOpenerLeftUnreadIsNoAnswer() throws Exception {
    answer(ReplyKind.ACK, request(0, Wish.MAX));
    answer(ReplyKind.ACK, request(0, Wish.MAX));
    try (PowerChannel channel = PowerChannel.open(host.port(), LONG)) {
      CompletableFuture<Answer> answer = asked(channel, 0, Wish.MAX);
      answer(ReplyKind.NACK, take());

      assertThat(answer.get()).isEqualTo(Answer.NACK);
    }
  }

  @Test
  void aLateAnswerIsNoAnswerToTheNextRequest() throws Exception {
    try (PowerChannel channel = PowerChannel.open(host.port(), SHORT)) {
      assertThat(channel.ask(0, Wish.MAX)).isEqualTo(Answer.TIMED_OUT);
      answer(ReplyKind.ACK, take());

      CompletableFuture<Answer> next = asked(channel, 0, Wish.MAX);
      answer(ReplyKind.NACK, take());

      assertThat(next.get()).isEqualTo(Answer.NACK);
    }
  }

  /** It comes when the next request is on its way already, for another vCPU. */
  @Test
  void aVeryLateAnswerIsNoAnswerToAnotherRequest() throws Exception {
    try (PowerChannel channel = PowerChannel.open(host.port(), SHORT)) {
      assertThat(channel.ask(0, Wish.MAX)).isEqualTo(Answer.TIMED_OUT);
      ByteBuffer first = take();

      CompletableFuture<Answer> next = asked(channel, 1, Wish.MAX);
      ByteBuffer second = take();
      answer(ReplyKind.ACK, first);
      answer(ReplyKind.NACK, second);

      assertThat(next.get()).isEqualTo(Answer.NACK);
    }
  }

  @Test
  void theRestOfAnAnswerThatWasCutOffIsSkipped() throws Exception {
    try (PowerChannel channel = PowerChannel.open(host.port(), Duration.ofMillis(600))) {
      CompletableFuture<Answer> first = asked(channel, 0, Wish.MAX);
      ByteBuffer late = take();
      Replies.answerInPlace(late, 0, ReplyKind.ACK);
      host.give(late.slice(0, 100));
      assertThat(first.get()).isEqualTo(Answer.TIMED_OUT);

      CompletableFuture<Answer> next = asked(channel, 0, Wish.MAX);
      await()
          .pollInterval(Duration.ofMillis(5))
          .during(Duration.ofMillis(150))
          .until(host::isQuiet);
      host.give(late.slice(100, RequestPacket.SIZE_BYTES - 100));
      answer(ReplyKind.NACK, take());

      assertThat(next.get()).isEqualTo(Answer.NACK);
    }
  }

  @Test
  void aHostThatHangsUpIsNoHost() throws Exception {
    Path port = host.port();
    try (PowerChannel channel = PowerChannel.open(port, LONG)) {
      CompletableFuture<Answer> answer = asked(channel, 0, Wish.MAX);
      take();
      host.close();

      assertThatThrownBy(answer::get)
          .rootCause()
          .isInstanceOf(PortException.NoHost.class)
          .hasMessageStartingWith("no host is attached to " + port);
      assertThatThrownBy(() -> channel.tell(0, Wish.MAX)).isInstanceOf(PortException.class);
    } finally {
      openAgainForClose();
    }
  }

  private void openAgainForClose() throws IOException {
    try {
      host = new Terminal();
    } catch (Throwable failed) {
      throw new IOException(failed);
    }
  }

  @Test
  void aHostThatReadsNothingStopsNobody() throws Exception {
    try (PowerChannel channel = PowerChannel.open(host.port(), SHORT)) {
      // A terminal moves what it took out of the way only after a moment.
      AtomicInteger sent = new AtomicInteger();
      await()
          .pollInterval(Duration.ofMillis(5))
          .during(Duration.ofMillis(200))
          .until(() -> !(channel.tell(0, Wish.MAX) && sent.incrementAndGet() > 0));
      assertThat(sent.get()).isPositive();
      assertThatThrownBy(() -> channel.ask(0, Wish.MIN)).isInstanceOf(PortException.Stalled.class);
      assertThatThrownBy(channel::connect)
          .isInstanceOf(PortException.Stalled.class)
          .hasMessage(
              "the host does not read from " + host.port() + ": it is stopped, or overloaded");
      // A terminal takes a part of the last one; a virtio port takes all or nothing.
      for (int i = 0; i < sent.get() - 1; i++) {
        assertThat(take()).isEqualTo(request(0, Wish.MAX));
      }
    }
  }

  @Test
  void eachRefusalOfTheKernelHasItsOneLine() throws IOException {
    Path port = Path.of("/dev/virtio-ports/p");

    assertThat(DeviceLine.refused(port, Libc.EBUSY))
        .isInstanceOf(PortException.InUse.class)
        .hasMessage(port + " is busy: another program, such as one that uses DPDK, has it open");
    assertThat(DeviceLine.refused(port, Libc.EACCES))
        .isInstanceOf(PortException.NoPermission.class)
        .hasMessage("no permission for /dev/virtio-ports/p: be root, or its owner");
    assertThat(DeviceLine.refused(port, Libc.ENODEV)).isInstanceOf(PortException.NoPort.class);
    assertThat(DeviceLine.refused(port, 22))
        .isInstanceOf(PortException.Broken.class)
        .hasMessage("/dev/virtio-ports/p: the kernel says error 22");
    assertThatThrownBy(() -> DeviceLine.open(Path.of("/dev/no-such-device")))
        .isInstanceOf(PortException.NoPort.class);
  }
}
