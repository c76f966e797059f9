package dev.vmpower.machine.libvirt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whether a call hangs. The age of calls is the only thing here that takes time. */
@Timeout(30)
class PatienceTest {
  private static final long SHORT_NS = TimeUnit.MILLISECONDS.toNanos(300);

  private final List<String> told = new CopyOnWriteArrayList<>();
  private final Patience patience = new Patience(SHORT_NS, told::add);

  PatienceTest() {
    patience.start();
  }

  @AfterEach
  void end() {
    patience.close();
  }

  @Test
  void aCallThatHangsIsToldOnceAndItsReturnIsNoticed() {
    patience.begin("reading X");
    await().until(() -> !told.isEmpty());
    patience.begin("reading Y"); // X came back, and Y hangs as long
    await().pollDelay(2 * SHORT_NS, TimeUnit.NANOSECONDS).until(() -> true);

    assertThat(told).containsExactly("libvirt has not answered for 0 s (reading X)");
    assertThat(patience.end()).isTrue();
    assertThat(patience.end()).isFalse();
  }

  @Test
  void theNextCallThatHangsIsToldAgain() {
    patience.begin("reading X");
    await().until(() -> !told.isEmpty());
    patience.end();
    patience.begin("reading Z");

    await().until(() -> told.size() == 2);
    assertThat(told.getLast()).contains("reading Z");
  }

  @Test
  void calmAndManyShortCallsAreNoHang() {
    long endNs = System.nanoTime() + 3 * SHORT_NS;
    while (System.nanoTime() - endNs < 0) {
      patience.begin("reading X");
    }
    assertThat(patience.end()).isFalse();
    await().pollDelay(2 * SHORT_NS, TimeUnit.NANOSECONDS).until(() -> true);

    assertThat(told).isEmpty();
    assertThat(patience.end()).isFalse();
  }
}
