package dev.vmpower.host.orders;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vmpower.machine.cpu.CpuSet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The file of orders: what is saved is read, and of a damaged file what is whole. */
class OrdersFileTest {
  private static final Orders.Held HELD =
      new Orders.Held(CpuSet.parse("0-3,8"), "1700000", "root (pid 7)", 1_000, 2_000L);
  private static final Orders ALL =
      new Orders(
          List.of(HELD, new Orders.Held(CpuSet.of(9), "max", "ann", 3_000, null)),
          List.of(new Orders.TurboOff(CpuSet.of(2), "a b c", 4_000)),
          List.of(
              new Orders.OfVm(
                  "vm with blanks",
                  new Orders.Limits(0, Integer.MAX_VALUE, false, null),
                  true,
                  CpuSet.parse("0-1023"),
                  Map.of(3, 2_601_000)),
              new Orders.OfVm("vm1", Orders.Limits.NONE, false, CpuSet.of(), Map.of())),
          List.of(new Orders.Ruling("[[policy]]\nname = \"a\\\\n\\\"b\"\n", 5_000)));

  @TempDir Path directory;

  private Path file() {
    return directory.resolve("orders");
  }

  private OrdersFile store() {
    return new OrdersFile(directory);
  }

  @Test
  void whatIsSavedIsReadAndNothingIsLeftBeside() throws IOException {
    assertThat(store().load()).isEqualTo(Orders.NONE);

    store().save(ALL);

    assertThat(store().load()).isEqualTo(ALL);
    assertThat(file()).content().startsWith("vmpower-orders 1\nhold 0-3,8 1700000 since=1000 ");
    assertThat(directory).isDirectoryNotContaining("glob:**orders.*");
    store().save(Orders.NONE);
    assertThat(store().load()).isEqualTo(Orders.NONE);
  }

  @Test
  void ofADamagedFileTheGoodLinesCountAndItIsKeptAside() throws IOException {
    store().save(ALL);
    String damaged =
        Files.readString(file())
            .replace("hold 9 max", "hold 9 mx")
            .replace("query true", "query tr\0e");
    Files.writeString(file(), damaged);

    Orders read = store().load();

    assertThat(read.holds()).containsExactly(HELD);
    assertThat(read.turboOff()).isEqualTo(ALL.turboOff());
    assertThat(read.vms()).hasSize(2);
    assertThat(read.vms().getFirst().query()).isNull();
    assertThat(directory.resolve("orders.bad")).hasContent(damaged);
  }

  @Test
  void aFileOfAnotherVersionOrKindIsNotUsedButKept() throws IOException {
    for (String text :
        List.of("", "vmpower-orders 2\nhold 0 max since=1 until=- x\nend 1\n", "{}")) {
      Files.writeString(file(), text);

      assertThat(store().load()).isEqualTo(Orders.NONE);
      assertThat(directory.resolve("orders.bad")).hasContent(text);
    }
  }

  /** Cut anywhere, or with any byte changed: a start never fails, and never invents an order. */
  @Test
  void noDamageStopsAStart() throws IOException {
    store().save(ALL);
    byte[] whole = Files.readAllBytes(file());
    for (int length = 0; length < whole.length; length++) {
      Files.write(file(), java.util.Arrays.copyOf(whole, length));
      assertThat(ALL.holds()).as("cut at " + length).containsAll(store().load().holds());
    }
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (int i = 0; i < 2_000; i++) {
      byte[] bytes = whole.clone();
      bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      Files.write(file(), bytes);
      Orders read = store().load();
      assertThat(read.vms().size()).as("seed " + seed).isLessThanOrEqualTo(4);
    }
  }

  @Test
  void whatCannotBeReadIsNoOrder() throws IOException {
    Files.createDirectory(file());

    assertThat(store().load()).isEqualTo(Orders.NONE);
  }

  @Test
  void aSaveThatFailsLeavesTheOldOrders() throws IOException {
    store().save(ALL);
    Files.createDirectory(directory.resolve("orders.new"));

    assertThatThrownBy(() -> store().save(Orders.NONE)).isInstanceOf(IOException.class);

    assertThat(store().load()).isEqualTo(ALL);
  }

  @Test
  void aNameCannotBecomeALineOfItsOwn() throws IOException {
    List<Orders.Held> held = new ArrayList<>();
    held.add(new Orders.Held(CpuSet.of(0), "max", "eve\nhold 1 min since=0 until=- x", 1, null));

    store().save(new Orders(held, List.of(), List.of(), List.of()));

    assertThat(store().load().holds()).hasSize(1);
  }
}
