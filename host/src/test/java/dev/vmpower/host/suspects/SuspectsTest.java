package dev.vmpower.host.suspects;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vmpower.machine.process.PowerProgram;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class SuspectsTest {
  private final AtomicLong nowNs = new AtomicLong();
  private final AtomicInteger looks = new AtomicInteger();
  private final LinkedBlockingQueue<String> told = new LinkedBlockingQueue<>();

  private List<PowerProgram> find() {
    looks.incrementAndGet();
    return List.of(new PowerProgram("TuneD", 812, ""));
  }

  private String take() throws InterruptedException {
    String sentence = told.poll(20, TimeUnit.SECONDS);
    assertThat(sentence).isNotNull();
    return sentence;
  }

  @Test
  void itLooksWhenItIsAskedButNotOftenHoweverManyAsk() throws InterruptedException {
    try (Suspects suspects = new Suspects(this::find, nowNs::get)) {
      suspects.start(told::add);
      suspects.look();
      assertThat(take()).isEqualTo("TuneD (pid 812) runs here and is the likely cause");
      for (int i = 0; i < 1_000; i++) {
        suspects.look();
      }
      assertThat(told.poll(100, TimeUnit.MILLISECONDS)).isNull();
      assertThat(looks).as("at the start and once").hasValue(2);

      nowNs.addAndGet(Suspects.EVERY_NS);
      suspects.look();
      take();
      assertThat(looks).hasValue(3);
      assertThat(told.poll(100, TimeUnit.MILLISECONDS)).isNull();
    }
  }
}
