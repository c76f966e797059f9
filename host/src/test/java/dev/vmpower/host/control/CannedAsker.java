package dev.vmpower.host.control;

import dev.vmpower.host.monitor.Verb;
import dev.vmpower.host.view.ChannelView;
import dev.vmpower.host.view.CpuView;
import dev.vmpower.host.view.ExplanationView;
import dev.vmpower.host.view.StatusView;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;

/** A monitor that remembers what it was asked and answers as a test says. */
final class CannedAsker implements ControlServer.Asker {
  static final CpuView CPU =
      new CpuView(
          3,
          true,
          false,
          0,
          "3,7",
          1,
          "3",
          "acpi-cpufreq",
          "userspace",
          new CpuView.SteeringView("userspace, scaling_setspeed", true),
          true,
          2_400_000,
          2_400_000,
          2_399_800,
          1_200_000,
          2_401_000,
          new CpuView.HoldView("max", "root (pid 7)", "2026-01-01T00:00:00Z", null),
          null,
          null,
          List.of(
              new CpuView.VoteView(
                  "vm0",
                  2,
                  "min",
                  1_200_000,
                  true,
                  true,
                  true,
                  false,
                  true,
                  "request",
                  null,
                  "2026-01-01T00:00:00Z",
                  null)),
          null,
          "held at max by root (pid 7)",
          null,
          4,
          0,
          0,
          null,
          null,
          List.of("gamma"));

  static final ChannelView CHANNEL = new ChannelView("vm0", 1, "connected", "open", true, 12, 1, 0);

  static final StatusView STATUS =
      new StatusView(
          "1",
          "control",
          "off",
          1,
          1,
          1,
          12,
          4,
          0,
          99,
          Map.of("hold", 1L),
          new StatusView.AnswerTimes(12, 1, 2, 3, 4));

  final LinkedBlockingQueue<Verb<?>> asked = new LinkedBlockingQueue<>();
  volatile @Nullable Exception failure;
  volatile boolean silent;

  @Override
  @SuppressWarnings("unchecked")
  public <T> CompletableFuture<T> ask(Verb<T> verb) {
    asked.add(verb);
    Exception failure = this.failure;
    if (silent) {
      return new CompletableFuture<>();
    }
    if (failure != null) {
      return CompletableFuture.failedFuture(failure);
    }
    return (CompletableFuture<T>)
        CompletableFuture.completedFuture(
            switch (verb) {
              case Verb.ListCpus list -> List.of(CPU);
              case Verb.Explain explain ->
                  new ExplanationView("Because.", CPU, "control", "3", null, null, null);
              case Verb.ShowCpus show -> List.of(CPU);
              case Verb.SetCpus set -> List.of(CPU);
              case Verb.SwitchTurbo turbo -> List.of(CPU);
              case Verb.ReleaseCpus release -> List.of(CPU);
              case Verb.ReclaimCpus reclaim -> List.of(CPU);
              case Verb.Status status -> STATUS;
              case Verb.ListChannels list -> List.of(CHANNEL);
              case Verb.EnableChannels enable -> List.of(CHANNEL);
              default -> List.of();
            });
  }
}
