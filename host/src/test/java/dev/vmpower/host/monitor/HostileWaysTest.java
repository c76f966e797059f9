package dev.vmpower.host.monitor;

import static dev.vmpower.protocol.ReplyKind.ACK;
import static dev.vmpower.protocol.ReplyKind.NACK;
import static dev.vmpower.protocol.Unit.SCALE_MAX;
import static dev.vmpower.protocol.Unit.SCALE_MIN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.sun.management.ThreadMXBean;
import dev.vmpower.host.FakeGuest;
import dev.vmpower.host.Rig;
import dev.vmpower.protocol.Command;
import dev.vmpower.protocol.PolicyKind;
import dev.vmpower.protocol.ReplyKind;
import dev.vmpower.protocol.RequestPacket;
import dev.vmpower.protocol.Unit;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/**
 * What a guest can do with time, fields and floods, one thing at a time: beside it a good guest is
 * answered after each, its pCPU obeys, and nothing grows.
 */
@Timeout(60)
class HostileWaysTest {
  private static final int SIZE = RequestPacket.SIZE_BYTES;
  private static final int MAX_KHZ = 2_601_000;
  private static final int MIN_KHZ = 1_200_000;

  @TempDir Path directory;

  private final ListAppender<ILoggingEvent> log = new ListAppender<>();
  private final Logger root = (Logger) LoggerFactory.getLogger("vmpower");
  private Rig rig;
  private FakeGuest good;
  private FakeGuest bad;
  private boolean up;

  @BeforeEach
  void start() throws Exception {
    rig = Rig.withCpus(directory, 3).vm("good", "0").vm("bad", "1").start();
    good = rig.guest("good", 0);
    bad = rig.guest("bad", 0);
    log.start();
    root.addAppender(log);
  }

  @AfterEach
  void stop() throws IOException {
    root.detachAppender(log);
    rig.close();
  }

  private void goodIsServed(Object... after) throws Exception {
    up = !up;
    assertThat(good.ask(up ? SCALE_MAX : SCALE_MIN, 0)).as("after %s", after).isEqualTo(ACK);
    assertThat(rig.khz(0)).isEqualTo(up ? MAX_KHZ : MIN_KHZ);
    assertThat(good.available()).as("one reply to each request").isZero();
    assertThat(rig.governor(2)).isEqualTo("schedutil");
  }

  private static ByteBuffer power(Unit unit, long vcpu) {
    ByteBuffer packet = FakeGuest.packet();
    new RequestPacket().wrap(packet, 0).command(Command.CPU_POWER).unit(unit).resourceId(vcpu);
    return packet;
  }

  @Test
  void aByteAtATimeIsTheSameRequest() throws Exception {
    ByteBuffer packet = power(SCALE_MIN, 0);
    for (int i = 0; i < SIZE; i++) {
      bad.write(packet.duplicate().position(i).limit(i + 1));
      if (i % 100 == 0) {
        goodIsServed("byte", i);
        assertThat(bad.available()).isZero();
      }
    }
    assertThat(bad.read(SIZE).getInt(12)).isEqualTo(ACK.code());
    assertThat(rig.khz(1)).isEqualTo(MIN_KHZ);
  }

  @Test
  void aConnectionThatEndsAtAnyByteLeavesNothingBehind() throws Exception {
    ByteBuffer packet = power(SCALE_MIN, 0);
    int step = Integer.getInteger("vmpower.closing.step", 29); // 1 is every byte, and 10 s
    for (int i = 1; i < SIZE; i += step) {
      bad.write(packet.duplicate().position(0).limit(i));
      bad.hangUp();
      bad.awaitConnection();
    }
    goodIsServed("closing at each byte");
    assertThat(rig.governor(1)).as("no half packet was taken for one").isEqualTo("schedutil");
    assertThat(bad.ask(SCALE_MIN, 0)).as("it begins on a boundary").isEqualTo(ACK);
  }

  @Test
  void whoNeverReadsCostsOnlyItself() throws Exception {
    for (int i = 0; i < 2_000; i++) {
      bad.tryWrite(power(SCALE_MIN, 0));
      if (i % 200 == 0) {
        goodIsServed("unread", i);
      }
    }
    assertThat(rig.ask(new Verb.ListChannels()))
        .filteredOn(channel -> channel.vm().equals("bad"))
        .allSatisfy(channel -> assertThat(channel.droppedReplies()).isPositive());
  }

  @Test
  void halfAReplyReadAndThenClosedIsNobodyElses() throws Exception {
    bad.write(power(SCALE_MIN, 0));
    bad.read(SIZE / 2);
    bad.hangUp();
    bad.awaitConnection();
    goodIsServed("half a reply");
    bad.connect();
    assertThat(bad.ask(SCALE_MAX, 7)).as("the next process' own reply").isEqualTo(NACK);
    assertThat(bad.available()).isZero();
  }

  /** What the last process did not read and the kernel had not taken yet is gone by CONNECT. */
  @Test
  void theNextProcessOnThePortGetsNoReplyThatWaited() throws Exception {
    ByteBuffer stale = power(SCALE_MIN, 77);
    for (int i = 0; i < 64; i++) {
      bad.write(stale.duplicate().clear());
    }
    goodIsServed("a backlog");
    bad.connect();
    await().until(() -> rig.status().requests() == 64 + 1 + 1);
    int inTheKernel = bad.available();
    assertThat(inTheKernel % SIZE).as("whole replies").isZero();
    bad.write(power(SCALE_MAX, 0));
    int left = 0;
    ByteBuffer reply = bad.read(SIZE);
    while (reply.getLong(0) == 77) { // begun before
      left++;
      reply = bad.read(SIZE);
    }
    assertThat(left).as("one reply at most had been begun").isLessThanOrEqualTo(1);
    assertThat(reply.getLong(0)).isZero();
    assertThat(bad.available()).isZero();
  }

  @Test
  void everyFieldAtItsEdgesIsRefusedOrHarmless() throws Exception {
    int[] edges = {0, 1, -1, Integer.MAX_VALUE, Integer.MIN_VALUE, 0x7fc00000, 0x7f800001, 255};
    for (Command command : Command.values()) {
      for (int at = 0; at < SIZE; at += Integer.BYTES) {
        for (int edge : edges) {
          ByteBuffer packet = power(SCALE_MIN, 0);
          packet.putInt(12, command == Command.UNKNOWN ? 99 : command.code()).putInt(at, edge);
          bad.tryWrite(packet);
        }
        bad.available();
      }
      goodIsServed(command);
    }
  }

  @Test
  void aPolicyOfTooManyVcpusIsRefusedWhole() throws Exception {
    for (int count : new int[] {9, 127, 128, 255}) {
      ByteBuffer packet = FakeGuest.packet();
      RequestPacket policy = new RequestPacket().wrap(packet, 0).command(Command.PKT_POLICY);
      policy.vcpuCount(count).policyKind(PolicyKind.WORKLOAD);
      bad.write(packet);
      assertThat(bad.read(SIZE).getInt(12)).as("%d vCPUs", count).isEqualTo(NACK.code());
      goodIsServed(count);
    }
    assertThat(rig.governor(1)).isEqualTo("schedutil");
  }

  @Test
  void aFloodOfEachRefusalIsALineInTenSecondsWithoutTheGuestsBytes() throws Exception {
    byte[] evil = "\u001b[2J\nEVIL\r\u0007%s{}".getBytes(StandardCharsets.ISO_8859_1);
    for (int i = 0; i < 3_000; i++) {
      ByteBuffer packet = power(SCALE_MIN, 9);
      packet.put(16, evil);
      switch (i % 5) {
        case 0 -> packet.putInt(12, 99);
        case 1 -> packet.putInt(8, 99);
        case 2 -> packet.putInt(12, Command.PKT_POLICY.code()).put(444, (byte) 1);
        case 3 -> packet.putInt(12, Command.PKT_POLICY.code()).put(152, (byte) 99);
        default -> {}
      }
      bad.write(packet);
      bad.available();
    }
    goodIsServed("a flood of refusals");
    await().until(() -> refusals() == 3_000); // who floods is read more slowly
    List<ILoggingEvent> lines = lines();
    assertThat(lines).hasSize(5);
    assertThat(lines)
        .allSatisfy(
            line ->
                assertThat(line.getFormattedMessage())
                    .matches("bad channel 0: refused[ -~]*")
                    .doesNotContain("EVIL"));
  }

  private long refusals() throws Exception {
    return rig.status().refusals().values().stream().mapToLong(n -> n).sum();
  }

  private List<ILoggingEvent> lines() {
    return List.copyOf(log.list).stream()
        .filter(line -> line.getFormattedMessage().startsWith("bad channel 0"))
        .toList();
  }

  @Test
  void thousandsOfReconnectsLeaveNothingBehindAndLittleInTheLog() throws Exception {
    int reconnects = Integer.getInteger("vmpower.reconnects", 40);
    reconnect(20);
    long before = descriptors();
    reconnect(reconnects);
    await().until(() -> rig.status().channels() == 2);
    goodIsServed("reconnects");
    assertThat(descriptors()).isLessThanOrEqualTo(before + 2);
    assertThat(lines()).as("9 in 10 s, or 500 times").hasSizeLessThan(12 + reconnects / 50);
  }

  private void reconnect(int times) throws Exception {
    for (int i = 0; i < times; i++) {
      bad.hangUp();
      bad.awaitConnection();
    }
  }

  private static long descriptors() throws IOException {
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      return open.count();
    }
  }

  /** The rule of the house, for what is refused: the fake kernel, which allocates, has no part. */
  @Test
  void aRefusedRequestAllocatesNothing() throws Exception {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long monitor =
        Thread.getAllStackTraces().keySet().stream()
            .filter(thread -> thread.getName().equals("monitor"))
            .findFirst()
            .orElseThrow()
            .threadId();
    ByteBuffer[] refused = {power(SCALE_MIN, 9), power(SCALE_MIN, -1), power(SCALE_MIN, 0)};
    refused[2].putInt(12, Command.PKT_POLICY.code()).put(152, (byte) 99);
    int rounds = 1_500;
    askAll(refused, rounds);
    askAll(refused, rounds);
    long before = threads.getThreadAllocatedBytes(monitor);
    askAll(refused, rounds);
    long each =
        (threads.getThreadAllocatedBytes(monitor) - before) / ((long) rounds * refused.length);
    assertThat(each).as("bytes for each request").isZero();
  }

  private void askAll(ByteBuffer[] packets, int rounds) throws IOException {
    for (int i = 0; i < rounds; i++) {
      for (ByteBuffer packet : packets) {
        bad.write(packet.duplicate().clear());
        assertThat(bad.read(SIZE).getInt(12)).isEqualTo(ReplyKind.NACK.code());
      }
    }
  }
}
