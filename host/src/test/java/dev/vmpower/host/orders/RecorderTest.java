package dev.vmpower.host.orders;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The thread that saves orders: what it has told is on the disk. */
class RecorderTest {
  private static final long WAIT_S = 20;

  @TempDir Path directory;

  private static Orders order(String vm) {
    return new Orders(
        List.of(),
        List.of(),
        List.of(
            new Orders.OfVm(
                vm, Orders.Limits.NONE, true, dev.vmpower.machine.cpu.CpuSet.of(), Map.of())),
        List.of());
  }

  private static Optional<String> record(Recorder recorder, Orders orders) throws Exception {
    return begin(recorder, orders).get(WAIT_S, TimeUnit.SECONDS);
  }

  private static CompletableFuture<Optional<String>> begin(Recorder recorder, Orders orders) {
    CompletableFuture<Optional<String>> done = new CompletableFuture<>();
    recorder.record(orders, why -> done.complete(Optional.ofNullable(why)));
    return done;
  }

  @Test
  void whatItToldIsOnTheDiskAndTheLatestWins() throws Exception {
    OrdersFile file = new OrdersFile(directory);
    try (Recorder recorder = new Recorder(file)) {
      for (int i = 0; i < 50; i++) {
        assertThat(record(recorder, order("vm" + i))).isEmpty();
        assertThat(file.load()).isEqualTo(order("vm" + i));
      }
    }
  }

  @Test
  void whatFailsIsToldAndSavedLater() throws Exception {
    OrdersFile file = new OrdersFile(directory);
    Path obstacle = Files.createDirectory(directory.resolve("orders.new"));
    Recorder recorder = new Recorder(file);
    try (recorder) {
      assertThat(record(recorder, order("first"))).get().asString().contains("orders: ");
      assertThat(file.load()).isEqualTo(Orders.NONE);

      Files.delete(obstacle);
    }
    assertThat(file.load()).as("tried once more at the end").isEqualTo(order("first"));
  }

  @Test
  void theEndWaitsForWhatWasAsked() throws Exception {
    OrdersFile file = new OrdersFile(directory);
    Recorder recorder = new Recorder(file);
    CompletableFuture<Optional<String>> last = begin(recorder, order("a"));
    for (int i = 0; i < 100; i++) {
      last = begin(recorder, order("b" + i));
    }

    recorder.close();

    assertThat(last).isCompletedWithValue(Optional.empty());
    assertThat(file.load()).isEqualTo(order("b99"));
  }
}
