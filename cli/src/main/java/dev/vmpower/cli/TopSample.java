package dev.vmpower.cli;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What the daemon said at one moment, and at what rates it counted since the moment before. */
final class TopSample {
  private static final double NS_PER_S = 1e9;

  /** One pCPU. */
  record Cpu(int number, boolean online, long targetKhz, long nowKhz, long maxKhz, String mark) {}

  /**
   * One VM.
   *
   * @param requestRate requests a second; negative while that is not known
   * @param refusalRate refusals a second; negative while that is not known
   */
  record Vm(
      String name,
      String state,
      long vcpus,
      long claims,
      long requests,
      long refused,
      double requestRate,
      double refusalRate) {}

  final List<Cpu> cpus = new ArrayList<>();
  final List<Vm> vms = new ArrayList<>();
  final String mode;
  final String libvirt;
  final double p99Us;
  final double requestRate;
  final double refusalRate;
  final double writeRate;
  final double refusedWriteRate;
  final long channels;

  private final Row totals;
  private final long takenNs;
  private final Map<String, long[]> counts = new HashMap<>();

  /**
   * Takes an answer of {@code /v1/overview}.
   *
   * @param before the one before, of the same daemon; null for none
   * @throws FailureException if it is something else
   */
  TopSample(@Nullable Object json, long nowNs, @Nullable TopSample before) throws FailureException {
    totals = Row.of(json);
    takenNs = nowNs;
    mode = totals.text("mode");
    libvirt = totals.text("libvirt");
    p99Us = totals.real("p99_us");
    requestRate = rate("requests", before);
    refusalRate = rate("refused", before);
    writeRate = rate("writes", before);
    refusedWriteRate = rate("refused_writes", before);
    for (Object item : totals.list("cpus")) {
      cpus.add(cpu(Row.of(item)));
    }
    long connected = 0;
    for (Object item : totals.list("vms")) {
      Row vm = Row.of(item);
      connected += vm.number("channels");
      vms.add(vm(vm, before));
    }
    channels = connected;
  }

  private static Cpu cpu(Row cpu) {
    String mark = cpu.has("problem") && cpu.has("domain") ? "!" : cpu.is("held") ? "h" : "";
    return new Cpu(
        (int) cpu.number("cpu"),
        cpu.is("online"),
        cpu.number("target_khz"),
        cpu.number("current_khz"),
        cpu.number("max_khz"),
        mark);
  }

  private Vm vm(Row vm, @Nullable TopSample before) {
    String name = vm.text("name");
    long requests = vm.number("requests");
    long refused = vm.number("refused");
    counts.put(name, new long[] {requests, refused});
    long[] earlier = before == null ? null : before.counts.get(name);
    return new Vm(
        name,
        vm.text("state"),
        vm.number("vcpus"),
        vm.number("claims"),
        requests,
        refused,
        earlier == null ? -1 : rate(requests, earlier[0], before),
        earlier == null ? -1 : rate(refused, earlier[1], before));
  }

  private double rate(String name, @Nullable TopSample before) {
    return before == null ? -1 : rate(totals.number(name), before.totals.number(name), before);
  }

  /** Less than before: it is another daemon's count. */
  private double rate(long now, long earlier, @Nullable TopSample before) {
    if (before == null || now < earlier || takenNs <= before.takenNs) {
      return -1;
    }
    return (now - earlier) * NS_PER_S / (takenNs - before.takenNs);
  }
}
