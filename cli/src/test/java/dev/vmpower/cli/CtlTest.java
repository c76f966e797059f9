package dev.vmpower.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vmpower.host.monitor.Verb;
import dev.vmpower.machine.cpu.CpuSet;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whole runs of vmpowerctl against a real control socket: what they print, and how they end. */
@Timeout(60)
class CtlTest {
  @TempDir Path directory;

  private Path socket;
  private CannedDaemon daemon;

  @BeforeEach
  void start() throws IOException {
    socket = directory.resolve("control.sock");
    daemon = new CannedDaemon(socket);
  }

  @AfterEach
  void stop() {
    daemon.close();
  }

  private Ran run(String... words) {
    List<String> arguments = new ArrayList<>(List.of("--socket", socket.toString()));
    arguments.addAll(List.of(words));
    return Ran.ctl(Ran.PLAIN, arguments.toArray(new String[0]));
  }

  @Test
  void vmList() {
    assertThat(run("vm", "list"))
        .isEqualTo(
            new Ran(
                0,
                """
                VM        STATE    SOURCE   REQUESTS  REFUSED  VCPU:PCPUS
                vm0       running  libvirt      1234        7  0:2 1:3-4,6
                floating  static   static          0        0  0:!0-127
                """,
                ""));
  }

  @Test
  void channelList() {
    assertThat(run("channel", "list"))
        .isEqualTo(
            new Ran(
                0,
                """
                VM   CHANNEL  STATE      PORT  ENABLED  REQUESTS  REFUSED  DROPPED
                vm0        0  connected  open  yes            12        1        0
                vm0       11  waiting    -     no              0        0        0
                """,
                ""));
  }

  @Test
  void cpuList() {
    assertThat(run("cpu", "list"))
        .isEqualTo(
            new Ran(
                0,
                """
                CPU  DOMAIN  GOVERNOR   TARGET_MHZ  NOW_MHZ  WHY
                  2       2  userspace        2401     2400  vm0/0 asks for max
                  3       2  userspace        1200     1200  EBUSY: refused (held at min by ann)
                127       -  -                   -        -  no cpufreq
                floating  floating: not pinned, so refused, and others may slow them down; pin
                          them, or see allow_unpinned
                """,
                ""));
  }

  @Test
  void status() {
    assertThat(run("status"))
        .isEqualTo(
            new Ran(
                0,
                """
                vmpower   0.1.0, mode control
                libvirt   connected
                VMs       2, channels 3
                managed   1 frequency domain
                requests  1234, refused 7 (held 3, unpinned 4)
                writes    56, refused 7
                answers   1230, p50 12.3 us, p99 45.6 us, p99.9 78.9 us, max 1000.1 us
                """,
                ""));
  }

  @ParameterizedTest
  @ValueSource(strings = {"vm list", "channel list", "cpu list", "status"})
  void everythingFits80ColumnsHoweverLongTheNames(String words) {
    daemon.vm = "a-\u001b[2Jvery-long-name-of-a-machine-".repeat(4);

    Ran ran = run(words.split(" "));

    assertThat(ran.status()).isZero();
    assertThat(ran.out().lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(80));
    assertThat(ran.out()).doesNotContain("\u001b");
    if (words.endsWith("list")) {
      assertThat(ran.out()).contains("a-?[2J", "…");
    }
  }

  @Test
  void colourIsForWhoCanShowIt() {
    Ran ran = Ran.ctl(new Style(true, "~"), "--socket", socket.toString(), "cpu", "list");

    assertThat(ran.out().lines().toList())
        .satisfiesExactly(
            header -> assertThat(header).startsWith("\u001b[1mCPU"),
            good -> assertThat(good).doesNotContain("\u001b"),
            bad -> assertThat(bad).startsWith("\u001b[31m  3").endsWith("\u001b[0m"),
            none -> assertThat(none).doesNotContain("\u001b"),
            floating -> assertThat(floating).startsWith("\u001b[1mfloating"),
            more -> assertThat(more).contains("allow_unpinned"));
  }

  @Test
  void jsonIsWhatTheDaemonSaysByteForByte() {
    Ran ran = run("channel", "list", "-o", "json");

    assertThat(ran.status()).isZero();
    assertThat(ran.out())
        .isEqualTo(
            "[{\"vm\":\"vm0\",\"channel\":0,\"state\":\"connected\",\"port\":\"open\","
                + "\"enabled\":true,\"requests\":12,\"refused\":1,\"dropped_replies\":0},"
                + "{\"vm\":\"vm0\",\"channel\":11,\"state\":\"waiting\",\"port\":\"\","
                + "\"enabled\":false,\"requests\":0,\"refused\":0,\"dropped_replies\":0}]\n");
    assertThat(run("-o", "json", "cpu", "list").out()).startsWith("[{\"cpu\":2,").endsWith("}]\n");
    assertThat(run("--output=json", "status").out()).startsWith("{\"version\":\"0.1.0\",");
  }

  @Test
  void verbsReachTheDaemonAsTheyWereMeant() {
    CpuSet cpus = CpuSet.of(0, 1, 2, 3);
    assertThat(run("cpu", "set", "0xf", "1800000").status()).isZero();
    assertThat(run("cpu", "release", "0-3").status()).isZero();
    assertThat(run("cpu", "reclaim", "0-3").status()).isZero();
    assertThat(run("channel", "enable", "a \"b\"\\", "all").status()).isZero();
    assertThat(run("channel", "disable", "vm0", "0-3").status()).isZero();
    assertThat(run("pause").out()).isEqualTo("mode paused\n");
    assertThat(run("resume").out()).isEqualTo("mode control\n");
    assertThat(run("pin", "vm0", "1", "4-5"))
        .isEqualTo(new Ran(0, "vCPU 1 of vm0 may run on 4-5\n", ""));

    assertThat(daemon.asked)
        .first()
        .isInstanceOfSatisfying(
            Verb.SetCpus.class,
            set -> {
              assertThat(set.cpus()).isEqualTo(cpus);
              assertThat(set.level()).isEqualTo("1800000");
              assertThat(set.who()).endsWith(" (pid " + ProcessHandle.current().pid() + ")");
            });
    assertThat(daemon.asked.stream().skip(1))
        .containsExactly(
            new Verb.ReleaseCpus(cpus),
            new Verb.ReclaimCpus(cpus),
            new Verb.EnableChannels("a \"b\"\\", null, true),
            new Verb.EnableChannels("vm0", cpus, false),
            new Verb.Pause(true),
            new Verb.Pause(false));
  }

  @Test
  void aRefusalIsOneLineAndStatus1() {
    daemon.refusal = "CPU 3 is held at max by ann (pid 7): release it first";

    assertThat(run("cpu", "set", "3", "min"))
        .isEqualTo(
            new Ran(1, "", "vmpowerctl: CPU 3 is held at max by ann (pid 7): release it first\n"));
    assertThat(run("reload"))
        .isEqualTo(new Ran(1, "", "vmpowerctl: /etc/vmpower.toml:3: unknown key 'x'\n"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "``|a command is missing: one of vm, channel, cpu, explain, pinning, pin, policy, status,"
            + " report, pause,"
            + " resume, reload, handover, top, watch, check-config, shell, version;"
            + " try 'vmpowerctl --help'",
        "cpu|a command is missing: one of list, show, set, release, reclaim, turbo;"
            + " try 'vmpowerctl cpu --help'",
        "cpu fast|'fast' is none of list, show, set, release, reclaim, turbo;"
            + " try 'vmpowerctl cpu --help'",
        "cpu fast -h|'fast' is none of list, show, set, release, reclaim, turbo;"
            + " try 'vmpowerctl cpu --help'",
        "cpu set|CPUS is missing; try 'vmpowerctl cpu set --help'",
        "cpu set 0|LEVEL is missing; try 'vmpowerctl cpu set --help'",
        "cpu set 0 max 7|'7' is too much; try 'vmpowerctl cpu set --help'",
        "cpu list --fast|there is no option --fast; try 'vmpowerctl cpu list --help'",
        "status -o|--output needs a FORMAT; try 'vmpowerctl status --help'",
        "status -o xml|'xml' is no output format: leave it out, or -o json",
        "pin vm0 x 1|VCPU is a number such as 0, not 'x'",
        "status @/etc/passwd|'@/etc/passwd' is too much; try 'vmpowerctl status --help'"
      })
  void wrongUsageIsOneLineAndStatus2AndAsksNothing(String words, String line) {
    Ran ran = run(words.isEmpty() ? new String[0] : words.split(" "));

    assertThat(ran).isEqualTo(new Ran(2, "", "vmpowerctl: " + line + "\n"));
    assertThat(daemon.asked).isEmpty();
  }

  @Test
  void whatTheDaemonCannotReadIsWrongUsageToo() {
    assertThat(run("cpu", "set", "3-1", "max"))
        .isEqualTo(
            new Ran(2, "", "vmpowerctl: \"cpus\": '3-1' is no list of CPUs such as 0-3,8\n"));
    assertThat(run("cpu", "set", "0", "fast").status()).isEqualTo(2);
  }

  @Test
  void noDaemonSaysHowToStartOne() {
    daemon.close();

    Ran ran = run("status");

    assertThat(ran.status()).isEqualTo(1);
    assertThat(ran.out()).isEmpty();
    assertThat(ran.err())
        .isEqualTo(
            "vmpowerctl: no daemon at "
                + socket
                + ": start it (systemctl start vmpowerd), or name another with --socket\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "nonsense",
        "HTTP/1.1 200 OK\r\n\r\nnonsense",
        "HTTP/1.1 200 OK\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n[",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n[]",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n[",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 500 Broken\r\n\r\n<html>"
      })
  void aDaemonThatIsNoneIsOneLineAndStatus1(String answer) throws Exception {
    Ran ran = against(answer);

    assertThat(ran.status()).as(ran.err()).isEqualTo(1);
    assertThat(ran.out()).isEmpty();
    assertThat(ran.err()).matches("vmpowerctl: .+\n");
  }

  @Test
  void answersInChunksAreJoined() throws Exception {
    Ran ran =
        against(
            """
            HTTP/1.1 200 OK\r
            transfer-encoding: chunked\r
            \r
            1\r
            [\r
            B;x=y\r
            {"vm":"é"}\r
            1\r
            ]\r
            0\r
            \r
            """);

    assertThat(ran.out()).isEqualTo("[{\"vm\":\"é\"}]");
  }

  private Ran against(String answer) throws Exception {
    Path fake = directory.resolve("fake.sock");
    try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      listener.bind(UnixDomainSocketAddress.of(fake));
      Thread server =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try (SocketChannel client = listener.accept()) {
                      client.read(ByteBuffer.allocate(1024));
                      client.write(StandardCharsets.UTF_8.encode(answer));
                    } catch (IOException ended) {
                      throw new AssertionError(ended);
                    }
                  });
      String format = answer.contains("chunked") ? "json" : "";
      Ran ran =
          format.isEmpty()
              ? Ran.ctl(Ran.PLAIN, "--socket", fake.toString(), "vm", "list")
              : Ran.ctl(Ran.PLAIN, "--socket", fake.toString(), "vm", "list", "-o", format);
      server.join();
      return ran;
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"--help", "cpu --help", "cpu set -h", "channel enable --help", "pin -h"})
  void helpIsThereAtEachLevelWithExamples(String words) {
    Ran ran = run(words.split(" "));

    assertThat(ran.status()).isZero();
    assertThat(ran.err()).isEmpty();
    assertThat(ran.out())
        .startsWith("Usage: vmpowerctl ")
        .contains("\nExamples:\n  vmpowerctl ")
        .doesNotContain("\u001b");
    assertThat(ran.out().lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(80));
  }

  @Test
  void theVersionNeedsNoDaemon() {
    daemon.close();

    assertThat(run("version").out()).startsWith("vmpowerctl ");
    assertThat(run("version", "-o", "json").out()).startsWith("{\"version\":\"");
  }

  @Test
  void aConfigurationIsCheckedWithoutADaemon() throws IOException {
    daemon.close();
    Path good = Files.writeString(directory.resolve("good.toml"), "[[vm]]\nname = \"a\"\n");
    Path bad = Files.writeString(directory.resolve("bad.toml"), "[cpu]\nspeed = 1\n");

    assertThat(run("check-config", good.toString()))
        .isEqualTo(new Ran(0, good + ": good, 1 [[vm]]\n", ""));
    assertThat(run("check-config", good.toString(), "-o", "json").out())
        .isEqualTo("{\"file\":\"" + good + "\",\"good\":true,\"vms\":1}\n");
    assertThat(run("check-config", bad.toString()))
        .satisfies(
            ran -> assertThat(ran.status()).isEqualTo(1),
            ran -> assertThat(ran.out()).isEmpty(),
            ran ->
                assertThat(ran.err())
                    .matches("vmpowerctl: " + bad + ":2: \\[cpu] unknown key 'speed'; .+\n"));
    assertThat(run("check-config", directory + "/none").err())
        .isEqualTo("vmpowerctl: " + directory + "/none: no such file\n");
    assertThat(run("check-config").status()).isEqualTo(2);
  }
}
