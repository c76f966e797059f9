package dev.vmpower.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.vmpower.guest.PortDirectory;
import dev.vmpower.protocol.Replies;
import dev.vmpower.protocol.ReplyKind;
import dev.vmpower.protocol.RequestPacket;
import dev.vmpower.protocol.Unit;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The agent in a VM whose load the test makes up, against sockets that stand in for its ports. */
@Timeout(60)
class AgentTest {
  @TempDir Path directory;

  private final Stop stop = new Stop(false);
  private final long[] busy = new long[3];
  private final long[] total = new long[3];
  private final int[] load = new int[3];
  private CompletableFuture<Ran> agent = CompletableFuture.completedFuture(new Ran(0, "", ""));
  private Thread time = new Thread();
  private volatile boolean running = true;

  @BeforeEach
  void passTime() throws IOException {
    Files.createDirectories(directory.resolve("proc"));
    statistics();
    time =
        Thread.ofPlatform()
            .start(
                () ->
                    await()
                        .pollInterval(Duration.ofMillis(10))
                        .forever()
                        .until(
                            () -> {
                              statistics();
                              return !running;
                            }));
  }

  private synchronized void load(int... percent) {
    System.arraycopy(percent, 0, load, 0, percent.length);
  }

  private synchronized void statistics() throws IOException {
    StringBuilder text = new StringBuilder("cpu  0 0 0 0 0 0 0 0 0 0\n");
    for (int vcpu = 0; vcpu < load.length; vcpu++) {
      busy[vcpu] += load[vcpu];
      total[vcpu] += 100;
      text.append(
          "cpu%d 0 0 0 %d 0 0 0 %d 0 0\n".formatted(vcpu, total[vcpu] - busy[vcpu], busy[vcpu]));
    }
    Path file = directory.resolve("proc/stat");
    Path next = directory.resolve("proc/next");
    Files.writeString(next, text);
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  @AfterEach
  void end() throws InterruptedException {
    stop.now();
    agent.join();
    running = false;
    time.join();
  }

  private void start(String... options) {
    List<String> arguments = new ArrayList<>(List.of("--dir", directory.toString(), "agent"));
    arguments.addAll(List.of(options));
    arguments.addAll(List.of("--interval", "100ms"));
    agent =
        CompletableFuture.supplyAsync(
            () ->
                Ran.of(
                    (out, err) ->
                        Guest.run(
                            arguments.toArray(new String[0]),
                            out,
                            err,
                            Ran.PLAIN,
                            Duration.ofMillis(500),
                            new ThisVm(directory),
                            stop)));
  }

  private PortHost host(int port, PortHost.Rule rule) throws IOException {
    return new PortHost(new PortDirectory(directory).port(port), rule);
  }

  private static ByteBuffer ack(RequestPacket request, ByteBuffer bytes) {
    Replies.answerInPlace(bytes, 0, ReplyKind.ACK);
    return bytes;
  }

  private static ByteBuffer nack(RequestPacket request, ByteBuffer bytes) {
    Replies.answerInPlace(bytes, 0, ReplyKind.NACK);
    return bytes;
  }

  /** What a vCPU has asked for on a port, in that order. */
  private static List<Unit> asked(PortHost host, int vcpu) {
    List<Unit> units = new ArrayList<>();
    for (int i = 0; i < host.requests().size(); i++) {
      if (host.request(i).resourceId() == vcpu) {
        units.add(host.request(i).unit());
      }
    }
    return units;
  }

  private Ran stopped() throws InterruptedException, ExecutionException {
    stop.now();
    return agent.get();
  }

  @Test
  void eachVcpuGoesDownWhenIdleAndUpUnderLoad() throws Exception {
    try (PortHost one = host(1, AgentTest::ack);
        PortHost zero = host(0, AgentTest::ack)) {
      load(100, 0, 50);
      start();
      await().until(() -> asked(one, 1).contains(Unit.SCALE_MIN));
      load(0, 100, 50);
      await().until(() -> asked(zero, 0).contains(Unit.SCALE_MIN));
      await().until(() -> asked(one, 1).size() == 3);

      assertThat(stopped()).isEqualTo(new Ran(0, "", ""));
      assertThat(asked(one, 1)).containsExactly(Unit.SCALE_MAX, Unit.SCALE_MIN, Unit.SCALE_MAX);
      assertThat(asked(zero, 0)).containsExactly(Unit.SCALE_MAX, Unit.SCALE_MIN);
      // It has no port of its own: the first one speaks for it.
      assertThat(asked(zero, 2)).containsExactly(Unit.SCALE_MAX);
      await().until(() -> !zero.isOpen() && !one.isOpen());
    }
  }

  @Test
  void onlyTheVcpusThatWereNamedAreSpokenFor() throws Exception {
    try (PortHost host = host(0, AgentTest::ack)) {
      load(0, 0, 0);
      start("--vcpus", "1-2,7", "--channel", "0");
      await().until(() -> host.requests().size() == 4);

      assertThat(stopped().status()).isZero();
      assertThat(asked(host, 0)).isEmpty();
      assertThat(asked(host, 2)).containsExactly(Unit.SCALE_MAX, Unit.SCALE_MIN);
    }
  }

  @Test
  void aHostThatGoesIsSaidOnceAndWhenItIsBackTheAgentBeginsAnew() throws Exception {
    load(50, 50, 50);
    try (PortHost host = host(0, AgentTest::ack)) {
      start("--vcpus", "0");
      await().until(() -> asked(host, 0).size() == 1);
      load(0, 0, 0);
      await().until(() -> asked(host, 0).size() == 2);
    }
    // It is idle at the bottom, and has nothing to ask for.
    await().during(Duration.ofMillis(500)).until(() -> !agent.isDone());
    try (PortHost back = host(0, AgentTest::ack)) {
      await().until(() -> !asked(back, 0).isEmpty());
      assertThat(asked(back, 0)).startsWith(Unit.SCALE_MAX);

      assertThat(stopped().err().lines())
          .hasSize(2)
          .element(0)
          .asString()
          .matches("vmpower-guest: vCPU 0: .+");
      assertThat(agent.get().err().lines().toList().get(1))
          .isEqualTo("vmpower-guest: vCPU 0: the host grants what is asked again");
    }
  }

  @Test
  void aRefusalIsSaidOnceAndNotAskedAgainAtOnce() throws Exception {
    try (PortHost host = host(0, AgentTest::nack)) {
      load(50, 50, 50);
      start("--vcpus", "0");
      await().until(() -> host.requests().size() == 1);
      await().during(Duration.ofMillis(500)).until(() -> host.requests().size() == 1);

      assertThat(stopped().err())
          .isEqualTo(
              "vmpower-guest: vCPU 0: the host refuses (NACK); its log and vmpowerctl say why\n");
    }
  }

  @Test
  void withoutAPortOrAVcpuItDoesNotStart() throws Exception {
    start();
    assertThat(agent.get().status()).isEqualTo(1);
    assertThat(agent.get().err()).startsWith("vmpower-guest: there is no port in " + directory);
    try (PortHost host = host(0, AgentTest::ack)) {
      start("--vcpus", "9");
      assertThat(agent.get())
          .isEqualTo(new Ran(1, "", "vmpower-guest: none of these vCPUs is online\n"));
      assertThat(host.requests()).isEmpty();
    }
  }
}
