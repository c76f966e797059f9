package dev.vmpower.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The benchmark's load and floor on the kernel's real acpi-cpufreq, where a write costs something:
 * 64 channels on four clocks for the daemon, and on four others for the floor, round by round. Each
 * answer is checked, and what the kernel then has. What both could do is written to {@code
 * build/hosts}; what is promised of writes is counted at the hardware.
 */
@Tag("lab")
@Order(9)
@ExtendWith(Lab.class)
class ClockRateTest {
  private static final int CHANNELS = 64;
  private static final int CLOCKS = 4;
  private static final int PER_CLOCK = CHANNELS / CLOCKS;
  private static final int PER_VM = 4;
  private static final int FIRST_CPU = 16; // as the load generator counts them
  private static final int ROUND_MS = 1000;
  private static final int WARM_UPS = 4;
  private static final int WARM_UP_ROUNDS = 10;
  private static final int ROUNDS = 11;
  private static final double WRITES_MAX = 0.25;
  private static final Pattern ROUND =
      Pattern.compile("target=(\\w+) .* requests=(\\d+) elapsed_ns=(\\d+) cpu_ns=(\\d+) .*");

  private record Round(String target, long requests, double perSecond, double cpuUs) {
    static Round of(String line) {
      var fields = ROUND.matcher(line);
      assertThat(fields.matches()).as(line).isTrue();
      long requests = Long.parseLong(fields.group(2));
      return new Round(
          fields.group(1),
          requests,
          requests * 1e9 / Long.parseLong(fields.group(3)),
          Long.parseLong(fields.group(4)) / 1e3 / requests);
    }
  }

  @Test
  void sixtyFourBusyGuestsOnFourRealClocksCostFewWrites(TestInfo test) throws IOException {
    try (CpufreqMachine machine = CpufreqMachine.boot(2 * CLOCKS, 1)) {
      start(machine);
      for (int i = 0; i < WARM_UPS; i++) {
        rounds(machine, WARM_UP_ROUNDS, 1);
      }
      int before = machine.pStateCommands();
      List<Round> rounds = rounds(machine, ROUNDS, 2);
      long commands = 0;
      long floorCommands = 0;
      for (int cpu = 0; cpu < CLOCKS; cpu++) {
        commands += machine.pStates(cpu, before).size();
        floorCommands += machine.pStates(CLOCKS + cpu, before).size();
      }

      List<Round> ours = rounds.stream().filter(each -> each.target().equals("vmpower")).toList();
      List<Round> floors = rounds.stream().filter(each -> each.target().equals("floor")).toList();
      assertThat(ours).hasSize(ROUNDS);
      assertThat(floors).hasSize(ROUNDS);
      long requests = ours.stream().mapToLong(Round::requests).sum();
      List<Double> throughput = new ArrayList<>();
      List<Double> cpu = new ArrayList<>();
      for (int i = 0; i < ROUNDS; i++) {
        throughput.add(ours.get(i).perSecond() / floors.get(i).perSecond());
        cpu.add(ours.get(i).cpuUs() / floors.get(i).cpuUs());
      }
      String seen =
          "throughput, of the floor: %s; CPU per request, of the floor: %s; %d commands to the"
                  .formatted(figure(throughput), figure(cpu), commands)
              + " hardware for %d requests; vmpower %s /s, floor %s /s"
                  .formatted(
                      requests,
                      figure(ours.stream().map(Round::perSecond).toList()),
                      figure(floors.stream().map(Round::perSecond).toList()));
      Files.writeString(LabHost.folder(test).resolve("rate"), seen + "\n");
      System.out.println(seen);
      assertThat((double) commands / requests).as(seen).isLessThanOrEqualTo(WRITES_MAX);
      assertThat(floorCommands).as("the floor's, so that they are seen").isGreaterThan(ROUNDS);
    }
  }

  private static void start(CpufreqMachine machine) {
    StringBuilder vms = new StringBuilder();
    for (int vm = 0; vm < CHANNELS / PER_VM; vm++) {
      String cpu = "" + vm * PER_VM / PER_CLOCK;
      vms.append(
          "[[vm]]\nname = \"vm%1$d\"\nchannels = \"/run/d\"\nvcpus = [%2$s, %2$s, %2$s, %2$s]\n"
              .formatted(vm, '"' + cpu + '"'));
    }
    machine.run(
        """
        mkdir -p /run/d /run/f /run/vmpower/cpu /run/floor/cpu
        for i in %1$s; do
          clock=$(((i - %2$d) / %3$d))
          ln -s /sys/devices/system/cpu/cpu$clock /run/vmpower/cpu/cpu$i
          ln -s /sys/devices/system/cpu/cpu$((clock + %4$d)) /run/floor/cpu/cpu$i
          echo userspace >/run/floor/cpu/cpu$i/cpufreq/scaling_governor
        done
        mkfifo /run/orders /run/rounds
        cd %5$s
        ./load saturated %6$d %3$d %7$d vmpower=/run/d,/run/vmpower/cpu \
          floor=/run/f,/run/floor/cpu <>/run/orders 1<>/run/rounds 2>/run/load.err &
        read -r line </run/rounds && [ "$line" = listening ]
        ./floor /run/f /run/floor/cpu %6$d %3$d 2>/run/floor.err &
        floor=$!
        cat >/run/vmpower.toml <<'TOML'
        [libvirt]
        uri = ""
        [state]
        dir = "/run/vmpower/state"
        lib = "/run/vmpower/lib"
        [control]
        socket = "/run/vmpower/control.sock"
        %8$s
        TOML
        cd %9$s
        ./vmpower daemon --config /run/vmpower.toml >/dev/null 2>/run/log &
        daemon=$!
        for i in $(seq 500); do grep -qw ready /run/log && break; sleep 0.2; done
        echo $daemon $floor >/run/orders
        read -r line </run/rounds && [ "$line" = connected ] || { cat /run/log /run/*.err; exit 1; }
        """
            .formatted(
                clocks(),
                FIRST_CPU,
                PER_CLOCK,
                CLOCKS,
                Checkout.build(),
                CHANNELS,
                ROUND_MS,
                vms,
                Checkout.top()));
  }

  private static String clocks() {
    List<String> cpus = new ArrayList<>();
    for (int clock = 0; clock < CLOCKS; clock++) {
      cpus.add("" + (FIRST_CPU + clock * PER_CLOCK));
    }
    return String.join(" ", cpus);
  }

  private static List<Round> rounds(CpufreqMachine machine, int rounds, int targets) {
    String output =
        machine.run(
            """
            echo %d %d saturated >/run/orders
            while read -r -t 60 line; do
              [ "$line" != done ] || exit 0
              echo "$line"
            done </run/rounds
            cat /run/load.err /run/log
            exit 1
            """
                .formatted(rounds, targets));
    return output.lines().map(Round::of).toList();
  }

  private static String figure(List<Double> values) {
    List<Double> sorted = values.stream().sorted().toList();
    int last = sorted.size() - 1;
    String format = sorted.get(last) >= 100 ? "%.0f (%.0f-%.0f)" : "%.2f (%.2f-%.2f)";
    return String.format(
        Locale.ROOT, format, sorted.get(last / 2), sorted.get(last / 4), sorted.get(last * 3 / 4));
  }
}
