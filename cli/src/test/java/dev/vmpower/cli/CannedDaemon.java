package dev.vmpower.cli;

import dev.vmpower.host.control.ControlServer;
import dev.vmpower.host.feed.Feed;
import dev.vmpower.host.monitor.Verb;
import dev.vmpower.host.view.ChannelView;
import dev.vmpower.host.view.CpuView;
import dev.vmpower.host.view.OverviewView;
import dev.vmpower.host.view.StatusView;
import dev.vmpower.host.view.VmView;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** A real control socket; what is behind it is made up. */
final class CannedDaemon implements ControlServer.Asker, AutoCloseable {
  final LinkedBlockingQueue<Verb<?>> asked = new LinkedBlockingQueue<>();
  static final int CPUS = 64;
  static final int VMS = 30;

  final Feed feed = new Feed();
  private final AtomicLong requests = new AtomicLong();
  volatile String vm = "vm0";
  volatile @Nullable String refusal;
  private final ControlServer server;

  CannedDaemon(Path socket) throws IOException {
    server =
        new ControlServer(
            socket,
            null,
            this,
            (vm, vcpu, cpus) -> "vCPU " + vcpu + " of " + vm + " may run on " + cpus,
            () -> {
              throw new Verb.RefusedException("/etc/vmpower.toml:3: unknown key 'x'");
            },
            after -> new ControlServer.Farewell("", () -> {}),
            new CannedMeter(),
            feed);
    server.start();
  }

  @Override
  @SuppressWarnings("unchecked")
  public <T> CompletableFuture<T> ask(Verb<T> verb) {
    asked.add(verb);
    String refusal = this.refusal;
    if (refusal != null) {
      return CompletableFuture.failedFuture(new Verb.RefusedException(refusal));
    }
    return (CompletableFuture<T>) CompletableFuture.completedFuture(answer(verb));
  }

  private Object answer(Verb<?> verb) {
    return switch (verb) {
      case Verb.ListVms list -> vms();
      case Verb.ListChannels list -> channels();
      case Verb.EnableChannels enable -> channels();
      case Verb.Status status -> status("control");
      case Verb.Overview overview -> overview();
      case Verb.Pause pause -> status(pause.paused() ? "paused" : "control");
      default -> cpus();
    };
  }

  private OverviewView overview() {
    List<OverviewView.CpuNow> cpus = new ArrayList<>();
    for (int i = 0; i < CPUS; i++) {
      boolean held = i == 1;
      cpus.add(
          new OverviewView.CpuNow(
              i,
              i,
              i != 3,
              i < 2,
              i < 2 ? 1_800_000 : null,
              900_000 + 100_000 * (i % 9),
              1_200_000,
              2_400_000,
              held,
              i == 0 ? "kept" : null));
    }
    List<OverviewView.VmNow> vms = new ArrayList<>();
    long counted = requests.addAndGet(100);
    for (int i = 0; i < VMS; i++) {
      vms.add(new OverviewView.VmNow("web" + i, "running", 4, 2, 4, counted * i, 0));
    }
    vms.add(new OverviewView.VmNow("busy", "running", 1, 1, 1, counted * 1000, counted));
    return new OverviewView("control", "connected", counted, 3, 56, 7, 45.6, cpus, vms);
  }

  private List<VmView> vms() {
    return List.of(
        new VmView(
            vm,
            "0-1-2",
            "libvirt",
            "running",
            true,
            1_200_000,
            null,
            true,
            false,
            List.of(
                new VmView.VcpuView(0, "2", true, "max", true, null),
                new VmView.VcpuView(1, "3-4,6", false, null, true, null)),
            1234,
            new TreeMap<>(Map.of("held", 3L, "unpinned", 4L))),
        new VmView(
            "floating",
            null,
            "static",
            "static",
            false,
            null,
            null,
            false,
            false,
            List.of(new VmView.VcpuView(0, "0-127", false, null, false, "not pinned")),
            0,
            Map.of()));
  }

  private List<ChannelView> channels() {
    return List.of(
        new ChannelView(vm, 0, "connected", "open", true, 12, 1, 0),
        new ChannelView(vm, 11, "waiting", "", false, 0, 0, 0));
  }

  private static StatusView status(String mode) {
    return new StatusView(
        "0.1.0",
        mode,
        "connected",
        2,
        3,
        1,
        1234,
        56,
        7,
        890,
        new TreeMap<>(Map.of("held", 3L, "unpinned", 4L)),
        new StatusView.AnswerTimes(1230, 12.34, 45.6, 78.9, 1000.06));
  }

  private List<CpuView> cpus() {
    return List.of(
        cpu(2, 2, "userspace", 2_401_000, 2_399_800, null, vm + "/0 asks for max"),
        cpu(3, 2, "userspace", 1_200_000, 1_200_000, "EBUSY: refused", "held at min by ann"),
        cpu(127, null, "", null, 0, "no cpufreq", "no cpufreq"));
  }

  private static CpuView cpu(
      int cpu,
      @Nullable Integer domain,
      String governor,
      @Nullable Integer targetKhz,
      int currentKhz,
      @Nullable String problem,
      String why) {
    return new CpuView(
        cpu,
        true,
        false,
        0,
        Integer.toString(cpu),
        domain,
        "2-3",
        "acpi-cpufreq",
        governor,
        new CpuView.SteeringView("userspace, scaling_setspeed", true),
        targetKhz != null,
        targetKhz,
        targetKhz,
        currentKhz,
        1_200_000,
        2_401_000,
        null,
        null,
        null,
        List.of(),
        problem,
        why,
        null,
        0,
        0,
        0,
        null,
        null,
        domain == null ? List.of() : List.of("floating"));
  }

  @Override
  public void close() {
    server.close();
  }
}
