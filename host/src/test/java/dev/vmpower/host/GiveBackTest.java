package dev.vmpower.host;

import static dev.vmpower.protocol.ReplyKind.ACK;
import static dev.vmpower.protocol.Unit.SCALE_MIN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.vmpower.host.monitor.Event;
import dev.vmpower.host.monitor.Monitor;
import dev.vmpower.machine.fake.FakeSysfs;
import dev.vmpower.machine.sysfs.Attribute;
import dev.vmpower.machine.sysfs.DirectorySysfs;
import dev.vmpower.machine.sysfs.Sysfs;
import dev.vmpower.machine.sysfs.SysfsException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is given back when something is in the way at just that moment. */
class GiveBackTest {
  @TempDir Path directory;
  private ScratchHost host;

  @BeforeEach
  void makeHost() throws IOException {
    host = new ScratchHost(directory);
  }

  private Rig rig() {
    return new Rig(directory, new DirectorySysfs(directory.resolve("cpu"))).vm("vm0", "0");
  }

  @Test
  void aFrequencyDomainThatIsGoneAtThatMomentIsGivenBackWhenItReturns() throws Exception {
    try (Rig rig = rig().start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
      Path aside = directory.resolve("aside");
      Files.move(host.policy(0), aside);

      guest.close();
      await().until(() -> rig.status().channels() == 0);
      rig.sync();
      Files.move(aside, host.policy(0));
      assertThat(host.policy(0).resolve("scaling_governor")).hasContent("userspace");
      rig.pass(Monitor.SWEEP_NS);

      await().untilAsserted(host::isAsFound);
      assertThat(directory.resolve("run/originals")).doesNotExist();
    }
  }

  /** A tree whose next reads end in an error, or the next write of one file. */
  private static final class Breaking implements Sysfs {
    private final Sysfs sysfs;
    private final AtomicInteger breaks = new AtomicInteger();
    private final AtomicReference<String> breaksAt = new AtomicReference<>("");

    Breaking(Sysfs sysfs) {
      this.sysfs = sysfs;
    }

    @Override
    public String read(String path) throws SysfsException {
      if (breaks.getAndUpdate(left -> Math.max(left - 1, 0)) > 0) {
        throw new StackOverflowError("as planned");
      }
      return sysfs.read(path);
    }

    @Override
    public void write(String path, String value) throws SysfsException {
      if (path.equals(breaksAt.get())) {
        breaksAt.set("");
        throw new IllegalStateException("as planned");
      }
      sysfs.write(path, value);
    }

    @Override
    public Attribute open(String path, boolean writable) throws SysfsException {
      return sysfs.open(path, writable);
    }

    @Override
    public boolean exists(String path) {
      return sysfs.exists(path);
    }

    @Override
    public List<String> list(String directory) {
      return sysfs.list(directory);
    }

    @Override
    public long identity(String path) {
      return sysfs.identity(path);
    }

    @Override
    public boolean isKernel() {
      return sysfs.isKernel();
    }
  }

  /** Once while it serves, and once more while it gives back for that reason. */
  @Test
  void anErrorOnTheMonitorThreadGivesEverythingBack() throws Exception {
    Breaking tree = new Breaking(new DirectorySysfs(directory.resolve("cpu")));
    Rig rig = new Rig(directory, new FakeSysfs(), tree).vm("vm0", "0", "1").start();
    FakeGuest guest = rig.guest("vm0", 0);
    assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
    assertThat(guest.ask(SCALE_MIN, 1)).isEqualTo(ACK);

    tree.breaks.set(2);
    rig.passWhileStopped(Monitor.SWEEP_NS);
    rig.monitor().mailbox().offer(new Event.Sync(new CompletableFuture<>()));

    assertThat(rig.monitor().awaitEnd()).isFalse();
    host.isAsFound();
    assertThat(directory.resolve("run/originals")).doesNotExist();
    guest.close();
  }

  /** The others are given back first; then the daemon ends, and by that tries once more. */
  @Test
  void anErrorWhileOneIsGivenBackKeepsNoOtherAndIsNotSwallowed() throws Exception {
    Breaking tree = new Breaking(new DirectorySysfs(directory.resolve("cpu")));
    Rig rig = new Rig(directory, new FakeSysfs(), tree).vm("vm0", "0", "1").start();
    FakeGuest guest = rig.guest("vm0", 0);
    assertThat(guest.ask(SCALE_MIN, 0)).isEqualTo(ACK);
    assertThat(guest.ask(SCALE_MIN, 1)).isEqualTo(ACK);

    tree.breaksAt.set("cpufreq/policy0/scaling_governor");
    guest.close(); // its claims end

    assertThat(rig.monitor().ended())
        .failsWithin(Duration.ofSeconds(60))
        .withThrowableThat()
        .withMessageContaining("not everything is given back");
    host.isAsFound();
    assertThat(directory.resolve("run/originals")).doesNotExist();
  }
}
