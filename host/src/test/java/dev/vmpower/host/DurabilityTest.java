package dev.vmpower.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** What was answered is kept, whenever the daemon is killed. */
@Execution(ExecutionMode.CONCURRENT)
class DurabilityTest {
  private static final int ROUNDS = 6;
  private static final int KILL_AFTER_MS_MAX = 400;
  private static final String[] LEVELS = {"1200000", "1400000", "1700000", "2000000", "2300000"};

  @TempDir Path directory;
  private ScratchHost host;

  @BeforeEach
  void makeHost() throws IOException {
    host = new ScratchHost(directory);
  }

  @AfterEach
  void endWhatWasStarted() {
    host.close();
  }

  /**
   * Holds are set one after the other until the daemon is killed at some moment. After the next
   * start the last one that was answered is in force, or the one that was being asked for.
   */
  @Test
  void noAnsweredVerbIsLostByAKill() throws Exception {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    Process daemon = host.start();
    ScratchHost.awaitReady(daemon);
    for (int round = 0; round < ROUNDS; round++) {
      AtomicInteger answered = new AtomicInteger(-1);
      AtomicInteger asked = new AtomicInteger();
      Thread operator = Thread.ofPlatform().start(() -> setLevels(asked, answered));
      Process killed = daemon;
      long killAtNs = System.nanoTime() + random.nextInt(KILL_AFTER_MS_MAX) * 1_000_000L;
      while (System.nanoTime() < killAtNs || answered.get() < 0) {
        Thread.onSpinWait();
      }
      ScratchHost.kill(killed);
      operator.join();

      daemon = host.start();
      ScratchHost.awaitReady(daemon);

      String inForce = Files.readString(host.policy(1).resolve("scaling_setspeed")).strip();
      assertThat(inForce)
          .as("seed %d, round %d, %d answered", seed, round, answered.get() + 1)
          .isIn(level(answered.get()), level(asked.get()));
      assertThat(directory.resolve("lib/orders.bad")).doesNotExist();
    }
  }

  private void setLevels(AtomicInteger asked, AtomicInteger answered) {
    try {
      while (true) {
        String body = "{\"cpus\":\"1\",\"level\":" + level(asked.get()) + "}";
        if (!host.post("/v1/cpus/set", body).startsWith("HTTP/1.1 200")) {
          return;
        }
        answered.set(asked.getAndIncrement());
      }
    } catch (IOException killed) {
      // That is the end of the round.
    }
  }

  private static String level(int i) {
    return LEVELS[Math.floorMod(i, LEVELS.length)];
  }

  @Test
  void aDamagedFileOfOrdersIsOneLineAndNoReasonNotToStart() throws Exception {
    Path lib = Files.createDirectories(directory.resolve("lib"));
    Files.writeString(
        lib.resolve("orders"),
        "vmpower-orders 1\nhold 1 1700000 since=1 until=- ann\nhold zz max since=1 until=- bob\n");

    Process daemon = host.start();

    assertThat(ScratchHost.awaitReady(daemon))
        .filteredOn(line -> line.contains("ERROR"))
        .singleElement()
        .asString()
        .contains("line 3 is no order", "orders.bad");
    assertThat(host.policy(1).resolve("scaling_setspeed")).hasContent("1700000");
  }
}
