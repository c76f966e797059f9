package dev.vmpower.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.vmpower.guest.PortDirectory;
import dev.vmpower.protocol.CapsListReply;
import dev.vmpower.protocol.Command;
import dev.vmpower.protocol.FreqListReply;
import dev.vmpower.protocol.PolicyKind;
import dev.vmpower.protocol.Replies;
import dev.vmpower.protocol.ReplyKind;
import dev.vmpower.protocol.RequestPacket;
import dev.vmpower.protocol.Unit;
import dev.vmpower.protocol.Workload;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whole runs of vmpower-guest against sockets that stand in for its ports. */
@Timeout(60)
class GuestTest {
  private static final Duration LONG = Duration.ofSeconds(20);
  private static final Duration SHORT = Duration.ofMillis(100);
  private static final Ran DONE = new Ran(0, "", "");

  @TempDir Path directory;

  private final List<PortHost> hosts = new ArrayList<>();
  private final Stop stop = new Stop(false);

  /** A VM with four vCPUs and two network interfaces, one of them without a device. */
  @BeforeEach
  void makeVm() throws IOException {
    write("sys/devices/system/cpu/online", "0-3\n");
    write("sys/devices/pci/2/x", "");
    write("sys/devices/pci/1/x", "");
    network("alpha", "2", "52:54:00:00:00:02");
    network("beta", "1", "52:54:00:00:00:01");
    write("sys/class/net/lo/address", "00:00:00:00:00:00\n");
  }

  private void network(String name, String device, String mac) throws IOException {
    write("sys/class/net/" + name + "/address", mac + "\n");
    Files.createSymbolicLink(
        vm().resolve("sys/class/net/" + name + "/device"),
        vm().resolve("sys/devices/pci/" + device));
  }

  private void write(String file, String text) throws IOException {
    Path path = vm().resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text);
  }

  private Path vm() {
    return directory.resolve("vm");
  }

  @AfterEach
  void closeHosts() throws IOException {
    for (PortHost host : hosts) {
      host.close();
    }
  }

  private PortHost host(int port, PortHost.Rule rule) throws IOException {
    PortHost host = new PortHost(new PortDirectory(directory).port(port), rule);
    hosts.add(host);
    return host;
  }

  private Ran guest(Duration timeout, String words) {
    List<String> arguments = new ArrayList<>(List.of("--dir", directory.toString()));
    arguments.addAll(Arrays.asList(words.split(" ")));
    return Ran.of(
        (out, err) ->
            Guest.run(
                arguments.toArray(new String[0]),
                out,
                err,
                Ran.PLAIN,
                timeout,
                new ThisVm(vm()),
                stop));
  }

  private static PortHost.Rule always(ReplyKind kind) {
    return (request, bytes) -> {
      Replies.answerInPlace(bytes, 0, kind);
      return bytes;
    };
  }

  private static PortHost.Rule silent() {
    return (request, bytes) -> bytes.limit(0);
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
  void anAckIsSilentSuccess(String words, Unit unit) throws IOException {
    PortHost host = host(2, always(ReplyKind.ACK));

    assertThat(guest(LONG, words)).isEqualTo(DONE);
    assertThat(host.requests()).hasSize(1);
    assertThat(host.request(0).command()).isEqualTo(Command.CPU_POWER);
    assertThat(host.request(0).unit()).isEqualTo(unit);
    assertThat(host.request(0).resourceId()).isEqualTo(2);
  }

  @Test
  void aListGoesToThePortOfEachOrToOneForAll() throws IOException {
    PortHost zero = host(0, always(ReplyKind.ACK));
    PortHost one = host(1, always(ReplyKind.ACK));

    assertThat(guest(LONG, "max 0-1")).isEqualTo(DONE);
    assertThat(zero.vcpus()).containsExactly(0L);
    assertThat(one.vcpus()).containsExactly(1L);
    assertThat(guest(LONG, "min 0-2,5 --channel 1")).isEqualTo(DONE);
    assertThat(zero.vcpus()).containsExactly(0L);
    assertThat(one.vcpus()).containsExactly(1L, 0L, 1L, 2L, 5L);
  }

  @Test
  void aRefusalNamesWhomItConcernsAndOthersAreAskedFor() throws IOException {
    PortHost host =
        host(
            0,
            (request, bytes) ->
                always(request.resourceId() % 2 == 0 ? ReplyKind.ACK : ReplyKind.NACK)
                    .answer(request, bytes));

    assertThat(guest(LONG, "max 0-4 --channel 0"))
        .isEqualTo(
            new Ran(
                1,
                "",
                "vmpower-guest: the host refuses vCPU 1,3 (NACK); its log and vmpowerctl say why"
                    + "\n"));
    assertThat(host.vcpus()).containsExactly(0L, 1L, 2L, 3L, 4L);
  }

  @Test
  void queriesShowTheirAnswer() throws IOException {
    host(
        2,
        (request, bytes) -> {
          boolean freq =
              request.command() == Command.QUERY_FREQ
                  || request.command() == Command.QUERY_FREQ_LIST;
          ByteBuffer reply = ByteBuffer.allocate(freq ? 88 : 184).order(ByteOrder.LITTLE_ENDIAN);
          if (freq) {
            FreqListReply.begin(reply, 0, request, 3);
            FreqListReply.setKhz(reply, 0, 2, 1_799_900);
          } else {
            CapsListReply.begin(reply, 0, request, 3);
            CapsListReply.setCaps(reply, 0, 2, true, false);
          }
          return reply;
        });

    assertThat(guest(LONG, "freq 2")).isEqualTo(new Ran(0, "vCPU 2: 1800 MHz\n", ""));
    assertThat(guest(LONG, "freq all"))
        .isEqualTo(new Ran(0, "vCPU 0: unknown\nvCPU 1: unknown\nvCPU 2: 1800 MHz\n", ""));
    assertThat(guest(LONG, "caps 2")).isEqualTo(new Ran(0, "vCPU 2: turbo yes, priority no\n", ""));
    assertThat(guest(LONG, "caps all").out()).hasLineCount(3);
  }

  @Test
  void aRefusedQuerySaysWhatToDo() throws IOException {
    host(
        2,
        (request, bytes) -> {
          int size = Replies.sizeBytes(request.command());
          ByteBuffer reply = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
          Replies.refuseQuery(reply, 0, size);
          return reply;
        });

    for (String words : List.of("freq 2", "freq all", "caps 2", "caps all")) {
      assertThat(guest(LONG, words))
          .isEqualTo(
              new Ran(
                  1,
                  "",
                  "vmpower-guest: the host does not tell (NACK): it must allow this VM's"
                      + " queries\n"));
    }
  }

  @Test
  void connectAndPolicyRemovalWaitForNoReply() throws IOException {
    PortHost two = host(2, silent());
    PortHost three = host(3, silent());

    assertThat(guest(LONG, "connect 2-3")).isEqualTo(DONE);
    // No reply says that the host has read them, and another connection's thread may be first.
    await().until(() -> two.requests().size() == 1 && three.requests().size() == 1);
    assertThat(two.request(0).command()).isEqualTo(Command.CONNECT);
    assertThat(three.request(0).command()).isEqualTo(Command.CONNECT);

    assertThat(guest(LONG, "policy remove")).isEqualTo(DONE);
    await().until(() -> two.requests().size() == 2);
    assertThat(two.request(1).command()).isEqualTo(Command.PKT_POLICY_REMOVE);
    assertThat(three.requests()).hasSize(1);
  }

  @Test
  void holdKeepsThePortOpenUntilItIsStopped() throws Exception {
    PortHost host = host(2, always(ReplyKind.ACK));
    CompletableFuture<Ran> held = CompletableFuture.supplyAsync(() -> guest(LONG, "max 2 --hold"));
    await().until(() -> host.requests().size() == 1);
    await().during(Duration.ofMillis(100)).until(() -> host.isOpen() && !held.isDone());
    stop.now();

    assertThat(held.get()).isEqualTo(DONE);
    await().until(() -> !host.isOpen());
  }

  @Test
  void noReplyAndNoHostAreOneLineEach() throws IOException {
    PortHost host = host(2, silent());
    Ran silent = guest(SHORT, "max 2");
    Ran policy = guest(SHORT, "policy send --busy-hours 1 --channel 2");
    host.rule(
        (request, bytes) -> {
          throw new IOException("the host goes");
        });
    Ran gone = guest(LONG, "max 2");

    assertThat(silent)
        .isEqualTo(
            new Ran(
                1,
                "",
                "vmpower-guest: no answer for vCPU 2 within 100 ms: is it vmpowerd that is"
                    + " attached?\n"));
    assertThat(policy.err()).startsWith("vmpower-guest: no answer for the policy within 100 ms");
    assertThat(gone.status()).isEqualTo(1);
    assertThat(gone.err()).matches("vmpower-guest: no host is attached to .+\n");
  }

  @Test
  void noPortIsOneLine() {
    Ran ran = guest(LONG, "max 7");

    assertThat(ran.status()).isEqualTo(1);
    assertThat(ran.err())
        .startsWith("vmpower-guest: there is no port " + directory)
        .endsWith(".poweragent.7: this VM has no such virtio-serial channel\n");
    assertThat(guest(LONG, "policy remove").err())
        .isEqualTo(
            "vmpower-guest: there is no port in "
                + directory
                + ": this VM has no virtio-serial channel named virtio.serial.port.poweragent.N\n");
  }

  @Test
  void aPolicyIsWhatWasSaidAndNothingElse() throws IOException {
    PortHost host = host(1, always(ReplyKind.ACK));

    assertThat(guest(LONG, "policy send --busy-hours 22 --quiet-hours=0-2,4 --vcpu-list 1,3"))
        .isEqualTo(DONE);
    RequestPacket time = host.request(0);
    assertThat(time.command()).isEqualTo(Command.PKT_POLICY);
    assertThat(time.policyKind()).isEqualTo(PolicyKind.TIME);
    assertThat(time.vmName()).isEmpty();
    assertThat(List.of(time.busyHour(0), time.busyHour(1))).containsExactly(22, 0);
    assertThat(
            List.of(
                time.quietHour(0),
                time.quietHour(1),
                time.quietHour(2),
                time.quietHour(3),
                time.quietHour(4)))
        .containsExactly(0, 1, 2, 4, 0);
    assertThat(time.trafficHour(0)).isZero();
    assertThat(List.of(time.vcpuCount(), time.vcpu(0), time.vcpu(1))).containsExactly(2, 1, 3);
    assertThat(List.of(time.macCount(), time.mac(0))).containsExactly(0, 0L);
    assertThat(time.turbo()).isFalse();
  }

  @Test
  void everyOptionOfAPolicyArrives() throws IOException {
    PortHost host = host(1, always(ReplyKind.ACK));

    assertThat(
            guest(
                LONG,
                "policy send --policy traffic --mac 0a:00:00:00:00:01,0a:00:00:00:00:02"
                    + " --port-list 0-1,alpha --min-packet-thresh 1 --avg-packet-thresh 20"
                    + " --max-packet-thresh 300 --turbo on --traffic-hours 8,10"))
        .isEqualTo(DONE);
    RequestPacket traffic = host.request(0);
    assertThat(traffic.policyKind()).isEqualTo(PolicyKind.TRAFFIC);
    assertThat(traffic.macCount()).isEqualTo(4);
    // Ports are in the order of their devices, not of their names; alpha is one of them.
    assertThat(List.of(traffic.mac(0), traffic.mac(1), traffic.mac(2), traffic.mac(3)))
        .containsExactly(0x01000000000aL, 0x02000000000aL, 0x010000005452L, 0x020000005452L);
    assertThat(List.of(traffic.minPackets(), traffic.averagePackets(), traffic.maxPackets()))
        .containsExactly(1L, 20L, 300L);
    assertThat(List.of(traffic.trafficHour(0), traffic.trafficHour(1))).containsExactly(8, 10);
    assertThat(traffic.turbo()).isTrue();
    assertThat(traffic.vcpuCount()).isEqualTo(4);

    assertThat(guest(LONG, "policy send --policy WORKLOAD --workload medium").status()).isZero();
    assertThat(host.request(1).policyKind()).isEqualTo(PolicyKind.WORKLOAD);
    assertThat(host.request(1).workload()).isEqualTo(Workload.MEDIUM);
    assertThat(host.request(1).averagePackets()).isEqualTo(1_800_000);
    assertThat(guest(LONG, "policy send --policy BRANCH_RATIO").status()).isZero();
    assertThat(host.request(2).policyKind()).isEqualTo(PolicyKind.BRANCH_RATIO);
  }

  @Test
  void theNameOfTheVmIsIgnoredWithANote() throws IOException {
    PortHost host = host(1, always(ReplyKind.ACK));

    assertThat(guest(LONG, "policy send --vm-name ubuntu2 --busy-hours 1"))
        .isEqualTo(
            new Ran(
                0,
                "",
                "vmpower-guest: --vm-name is ignored: the host knows by the port who asks\n"));
    assertThat(host.request(0).vmName()).isEmpty();
  }

  @Test
  void aVmWithMoreThan8VcpusMustNameThem() throws IOException {
    PortHost host = host(1, always(ReplyKind.ACK));
    write("sys/devices/system/cpu/online", "0-8\n");

    assertThat(guest(LONG, "policy send --policy BRANCH_RATIO").err())
        .startsWith(
            "vmpower-guest: this VM has 9 vCPUs, and a policy is for at most 8: name them with"
                + " --vcpu-list;");
    assertThat(host.requests()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "max",
        "max x",
        "max -1",
        "max 9999",
        "max 0-",
        "max 1 2",
        "turbo 1",
        "turbo 1 maybe",
        "fly 1",
        "freq 8",
        "caps some",
        "--channel x max 0",
        "--channel 9999 max 0",
        "policy",
        "policy send",
        "policy send x",
        "policy send --busy-hours 24",
        "policy send --busy-hours 0",
        "policy send --busy-hours 5-1",
        "policy send --quiet-hours x",
        "policy send --policy SLEEP",
        "policy send --policy WORKLOAD",
        "policy send --policy WORKLOAD --workload some",
        "policy send --policy TRAFFIC",
        "policy send --policy TRAFFIC --mac 1:2",
        "policy send --policy TRAFFIC --port-list 2",
        "policy send --policy TRAFFIC --port-list lo",
        "policy send --traffic-hours 5",
        "policy send --busy-hours 1 --avg-packet-thresh 3000000",
        "policy send --busy-hours 1 --avg-packet-thresh -1",
        "policy send --busy-hours 1 --vcpu-list 0-8",
        "policy send --busy-hours 1 --vcpu-list 256",
        "policy send --busy-hours 1 --turbo 1",
        "policy send --busy-hours",
        "policy send --no-such-option",
        "policy remove now",
        "agent --interval 99ms",
        "agent --interval 61s",
        "agent --interval 1",
        "agent --interval s",
        "agent --up-threshold 101",
        "agent --up-threshold 35",
        "agent --down-threshold x",
        "agent --vcpus 1-",
        "agent 0"
      })
  void wrongUsageIsOneLineAndStatus2AndAsksForNothing(String words) throws IOException {
    PortHost host = host(0, always(ReplyKind.ACK));

    Ran ran = guest(LONG, words);

    assertThat(ran.err()).matches("vmpower-guest: .+\n");
    assertThat(ran.status()).isEqualTo(2);
    assertThat(ran.out()).isEmpty();
    assertThat(host.requests()).isEmpty();
  }

  @Test
  void everyCommandHasHelp() {
    for (String words :
        List.of("", "max", "policy", "policy send", "policy remove", "agent", "freq")) {
      Ran ran = guest(LONG, (words + " --help").strip());
      assertThat(ran.status()).as(words).isZero();
      assertThat(ran.out()).as(words).contains("Usage: vmpower-guest").contains("Examples:");
      assertThat(ran.out().lines()).as(words).allMatch(line -> line.length() <= 80);
    }
    assertThat(guest(LONG, "version").out()).startsWith("vmpower-guest ");
  }
}
