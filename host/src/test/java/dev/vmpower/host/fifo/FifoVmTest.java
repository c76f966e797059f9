package dev.vmpower.host.fifo;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.vmpower.host.FakeGuest;
import dev.vmpower.host.Rig;
import dev.vmpower.host.arbiter.Envelope;
import dev.vmpower.host.config.Config;
import dev.vmpower.host.monitor.Event;
import dev.vmpower.host.monitor.FifoOrders;
import dev.vmpower.host.monitor.Verb;
import dev.vmpower.host.sampler.Probe;
import dev.vmpower.host.sampler.Reading;
import dev.vmpower.host.view.VmView;
import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.fake.FakeSysfs;
import dev.vmpower.machine.libvirt.DomainInfo;
import dev.vmpower.protocol.ReplyKind;
import dev.vmpower.protocol.Unit;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From what a shell writes into a real FIFO to the hardware. */
class FifoVmTest {
  private static final Duration POLL = Duration.ofMillis(2);
  private static final int MIN_KHZ = 1_200_000;
  private static final int MAX_KHZ = 2_601_000;
  private static final int NO_TURBO_KHZ = 2_600_000;
  private static final int MEDIUM_KHZ = 2_000_000;
  private static final String MIN = unit("SCALE_MIN");
  private static final String MAX = unit("SCALE_MAX");
  private static final String DESTROY = "{\"policy\": {\"command\": \"destroy\"}}";

  @TempDir Path directory;
  private @Nullable FifoFeed feed;

  private static String unit(String unit) {
    return "{\"instruction\": {\"command\": \"power\", \"unit\": \"" + unit + "\"}}";
  }

  private static String workload(String level) {
    return "{\"policy\": {\"command\": \"create\", \"policy_type\": \"WORKLOAD\", \"workload\": \""
        + level
        + "\"}}";
  }

  /** Opens FIFOs for a rig that runs. */
  private void open(Rig rig, String cpus) throws Exception {
    FifoFeed opened =
        FifoFeed.open(fifos(), CpuSet.parse(cpus), new FifoOrders(rig.monitor()), System::nanoTime);
    feed = opened;
    rig.post(new Event.FifosOpened(opened.cpus()));
    opened.start();
  }

  private Path fifos() {
    return directory.resolve("fifos");
  }

  @AfterEach
  void closeFifos() {
    if (feed != null) {
      feed.close();
    }
    assertThat(fifos()).isEmptyDirectory();
  }

  private void write(int cpu, String text) throws IOException {
    try (OutputStream out = Files.newOutputStream(fifos().resolve("fifo" + cpu))) {
      out.write(text.getBytes(ISO_8859_1));
    }
  }

  /** As operators do it. */
  private void echo(int cpu, String text) throws Exception {
    Process shell =
        new ProcessBuilder("sh", "-c", "echo '" + text + "' > fifo" + cpu)
            .directory(fifos().toFile())
            .inheritIO()
            .start();
    assertThat(shell.waitFor()).isZero();
  }

  private static void awaitKhz(Rig rig, int cpu, int khz) {
    await("kHz").pollInterval(POLL).until(() -> rig.khz(cpu), now -> now == khz);
  }

  private static VmView vm(Rig rig, int cpu) throws Exception {
    return rig.ask(new Verb.ShowVm("fifo" + cpu));
  }

  private static void awaitRefused(Rig rig, int cpu, String label, long count) {
    await(label)
        .pollInterval(POLL)
        .until(() -> vm(rig, cpu).refusals().getOrDefault(label, 0L), found -> found == count);
  }

  @Test
  void everyUnitMovesItsOwnCpuAlone() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 4).start()) {
      open(rig, "0-3");
      echo(3, MIN);
      awaitKhz(rig, 3, MIN_KHZ);
      echo(3, unit("SCALE_UP"));
      awaitKhz(rig, 3, 1_400_000);
      echo(3, MAX);
      awaitKhz(rig, 3, MAX_KHZ);
      echo(3, unit("DISABLE_TURBO"));
      awaitKhz(rig, 3, NO_TURBO_KHZ);
      echo(3, unit("SCALE_DOWN"));
      awaitKhz(rig, 3, 2_300_000);
      echo(3, unit("ENABLE_TURBO"));
      awaitKhz(rig, 3, MAX_KHZ);

      assertThat(rig.governor(3)).isEqualTo("userspace");
      assertThat(rig.governor(0)).isEqualTo("schedutil");
      VmView view = vm(rig, 3);
      assertThat(view.source()).isEqualTo("fifo");
      assertThat(view.state()).isEqualTo("static");
      assertThat(view.requests()).isEqualTo(6);
      assertThat(view.refusals()).isEmpty();
      assertThat(view.vcpus()).singleElement().matches(vcpu -> vcpu.cpus().equals("3"));
      assertThat(rig.ask(new Verb.ListVms())).hasSize(4);
    }
  }

  @Test
  void aPolicyGoesBeforeInstructionsUntilItIsDestroyed() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).start()) {
      open(rig, "0-1");
      echo(1, MIN);
      awaitKhz(rig, 1, MIN_KHZ);
      echo(1, workload("MEDIUM"));
      awaitKhz(rig, 1, MEDIUM_KHZ);
      echo(1, MAX);
      awaitRefused(rig, 1, "policy", 1);
      assertThat(rig.khz(1)).isEqualTo(MEDIUM_KHZ);

      echo(1, workload("LOW"));
      awaitKhz(rig, 1, MIN_KHZ);
      echo(1, workload("HIGH"));
      awaitKhz(rig, 1, MAX_KHZ);
      echo(1, "{\"policy\": {\"policy_type\": \"WORKLOAD\"}}");
      awaitKhz(rig, 1, MIN_KHZ);
      assertThat(rig.ask(new Verb.ListPolicies()))
          .singleElement()
          .matches(policy -> policy.name().equals("guest:fifo1") && policy.inForce());

      echo(1, DESTROY);
      awaitKhz(rig, 1, MAX_KHZ);
      assertThat(rig.governor(1)).isEqualTo("userspace");
    }
  }

  @Test
  void withoutAnInstructionTheClaimEndsWithThePolicy() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).start()) {
      open(rig, "0-1");
      echo(0, workload("LOW"));
      awaitKhz(rig, 0, MIN_KHZ);

      echo(0, DESTROY);

      await().until(() -> rig.governor(0).equals("schedutil"));
      assertThat(vm(rig, 0).vcpus()).singleElement().matches(vcpu -> !vcpu.claimed());
    }
  }

  @Test
  void aPolicyOfTimeGoesByTheHour() throws Exception {
    String all = "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23";
    try (Rig rig = Rig.withCpus(directory, 2).start()) {
      open(rig, "0-1");
      echo(0, "{\"policy\": {\"quiet_hours\": [" + all + "]}}");
      awaitKhz(rig, 0, MIN_KHZ);
      echo(0, "{\"policy\": {\"policy_type\": \"TIME\", \"busy_hours\": [" + all + "]}}");
      awaitKhz(rig, 0, MAX_KHZ);
    }
  }

  @Test
  void aPolicyOfTrafficGoesByThePacketsOfTheAddressesWhoseverTheyAre() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).start()) {
      open(rig, "0-1");
      echo(
          0,
          "{\"policy\": {\"policy_type\": \"TRAFFIC\", \"mac_list\": [\"de:ad:be:ef:01:01\"],"
              + " \"avg_packet_thresh\": 100, \"max_packet_thresh\": 1000}}");

      List<Probe> probes = List.of();
      while (probes.isEmpty()) {
        probes = rig.probes.poll(20, TimeUnit.SECONDS);
      }
      assertThat(probes).singleElement().isInstanceOf(Probe.Packets.class);
      Probe.Packets packets = (Probe.Packets) probes.getFirst();
      assertThat(packets.interfaces()).singleElement().matches(nic -> nic.mac() == 0x0101efbeaddeL);
      for (int second = 0; second < 30 && rig.khz(0) != MIN_KHZ; second++) {
        rig.post(new Event.Sampled(List.of(new Reading.Packets(packets.key(), 10))));
      }
      assertThat(rig.khz(0)).isEqualTo(MIN_KHZ);
    }
  }

  @Test
  void aPolicyOfBranchesIsRefusedWhereThereAreNoCounters() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).start()) {
      open(rig, "0-1");
      rig.post(new Event.Branches("this machine has no counter of branches"));
      echo(0, "{\"policy\": {\"policy_type\": \"BRANCH_RATIO\"}}");
      awaitRefused(rig, 0, "no_counters", 1);
      assertThat(rig.governor(0)).isEqualTo("schedutil");

      rig.post(new Event.Branches(null));
      echo(0, "{\"policy\": {\"policy_type\": \"BRANCH_RATIO\"}}");
      await().until(() -> rig.governor(0).equals("userspace"));
      for (int i = 0; i < 200 && rig.khz(0) != MIN_KHZ; i++) {
        rig.post(new Event.Sampled(List.of(new Reading.Branches(0, 1_000_000, 10))));
      }
      assertThat(rig.khz(0)).isEqualTo(MIN_KHZ);
    }
  }

  @Test
  void theHighestOfFifoAndGuestCountsAndLimitsApply() throws Exception {
    try (Rig rig =
        Rig.withCpus(directory, 2)
            .vm("vm0", "0")
            .entry(
                new Config.VmEntry(
                    "fifo1",
                    null,
                    List.of(),
                    null,
                    false,
                    new Envelope(1_400_000, 2_300_000, false, false)))
            .start()) {
      open(rig, "0-1");
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(Unit.SCALE_MIN, 0)).isEqualTo(ReplyKind.ACK);
      echo(0, unit("SCALE_UP"));
      awaitKhz(rig, 0, MAX_KHZ);
      echo(0, MIN);
      awaitKhz(rig, 0, MIN_KHZ);

      echo(1, MIN);
      awaitKhz(rig, 1, 1_400_000);
      echo(1, MAX);
      awaitKhz(rig, 1, 2_300_000);
      echo(1, unit("ENABLE_TURBO"));
      awaitRefused(rig, 1, "no_turbo", 1);
    }
  }

  @Test
  void aReservedNeighbourIsNotTouched() throws Exception {
    FakeSysfs sysfs = new FakeSysfs().put("online", "0-3").addCpus(0, 4, Rig.TABLE);
    try (Rig rig =
        new Rig(directory, sysfs)
            .cpu(cpu -> new Config.Cpu(cpu.root(), CpuSet.parse("2"), false, 8, true, false, false))
            .start()) {
      open(rig, "2-3");
      echo(2, MIN);
      awaitRefused(rig, 2, "reserved", 1);
      echo(2, workload("LOW"));
      awaitRefused(rig, 2, "reserved", 2);
      assertThat(rig.governor(2)).isEqualTo("schedutil");
    }
  }

  @Test
  void aVmOfThatNameGoesBeforeIt() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 4).start()) {
      open(rig, "0-3");
      echo(3, MIN);
      awaitKhz(rig, 3, MIN_KHZ);
      rig.post(new Event.DomainChanged(domain("fifo3", CpuSet.parse("1"))));
      assertThat(vm(rig, 3).source()).isEqualTo("libvirt");
      await().until(() -> rig.governor(3).equals("schedutil"));

      echo(3, MIN);
      echo(0, MIN);
      awaitKhz(rig, 0, MIN_KHZ);
      assertThat(rig.governor(1)).isEqualTo("schedutil");
      assertThat(rig.governor(3)).isEqualTo("schedutil");

      rig.post(new Event.DomainGone("uuid"));
      assertThat(vm(rig, 3).source()).isEqualTo("fifo");
      echo(3, MIN);
      awaitKhz(rig, 3, MIN_KHZ);
    }
  }

  private static DomainInfo domain(String name, CpuSet cpus) {
    return new DomainInfo(
        "uuid",
        name,
        1,
        DomainInfo.State.RUNNING,
        List.of(new DomainInfo.VcpuInfo(0, cpus)),
        List.of(),
        List.of());
  }

  /** Whatever is written, the daemon lives, and the next line counts. */
  @Test
  void afterNonsenseOfManyKindsTheNextLineCounts() throws Exception {
    long seed = Long.getLong("vmpower.seed", System.nanoTime());
    Random random = new Random(seed);
    String[] pieces = {
      MIN,
      MAX,
      DESTROY,
      workload("LOW"),
      "{",
      "}",
      "\"",
      "\\",
      "[",
      ":",
      "\0",
      "\u00ff",
      "{{",
      "null",
      "{\"policy\": {\"busy_hours\": [24]}}",
      "{\"instruction\": 1}",
      "{\"policy\"",
      "x",
      "\n"
    };
    try (Rig rig = Rig.withCpus(directory, 2).start()) {
      open(rig, "0-1");
      for (int round = 0; round < 150; round++) {
        StringBuilder noise = new StringBuilder();
        for (int i = random.nextInt(40); i > 0; i--) {
          String piece = pieces[random.nextInt(pieces.length)];
          noise.append(
              piece, 0, random.nextBoolean() ? piece.length() : random.nextInt(piece.length()));
        }
        String good = (round & 1) == 0 ? MIN : MAX;
        write(0, noise + "\n" + DESTROY + good + "\n");
        int khz = (round & 1) == 0 ? MIN_KHZ : MAX_KHZ;
        await("seed " + seed + " round " + round + " '" + noise + "'")
            .pollInterval(POLL)
            .until(() -> rig.khz(0), now -> now == khz);
      }
      assertThat(vm(rig, 0).refusals().get("bad_field")).isGreaterThan(100);
      assertThat(rig.governor(1)).isEqualTo("schedutil");
    }
  }

  @Test
  void aFloodIsTakenWholeAndKeepsNoGuestWaiting() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "1").start()) {
      open(rig, "0-1");
      FakeGuest guest = rig.guest("vm0", 0);
      String many = MIN.repeat(20_000) + MAX + "\n";
      Thread writer =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      write(0, many);
                    } catch (IOException broke) {
                      throw new AssertionError(broke);
                    }
                  });
      assertThat(guest.ask(Unit.SCALE_MIN, 0)).isEqualTo(ReplyKind.ACK);
      assertThat(writer.join(Duration.ofSeconds(30))).isTrue();
      awaitKhz(rig, 0, MAX_KHZ);
      assertThat(vm(rig, 0).requests()).isEqualTo(20_001);
    }
  }
}
