package dev.vmpower.host.clock;

import static dev.vmpower.host.clock.Looks.LOOKS_AT_ONCE_MAX;
import static dev.vmpower.host.clock.Looks.LOOK_NS;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LooksTest {
  private static final long REQUEST_NS = 1_000_000;

  private final Looks looks = new Looks();

  @Test
  void whoeverAsksSeldomAlwaysGetsALookOfHisOwn() {
    for (int i = 0; i < 1_000; i++) {
      assertThat(looks.take(i * LOOK_NS)).isTrue();
    }
  }

  @Test
  void aFewRequestsInARowGetALookEach() {
    for (int i = 0; i < LOOKS_AT_ONCE_MAX; i++) {
      assertThat(looks.take(i * REQUEST_NS)).isTrue();
    }
    assertThat(looks.take(LOOKS_AT_ONCE_MAX * REQUEST_NS)).isFalse();
  }

  @Test
  void inAStreamOfRequestsOneLookServesThoseThatComeWithinItsTime() {
    int taken = 0;
    long lastNs = 0;
    long longestNs = 0;
    int requests = 10_000;
    for (int i = 0; i < requests; i++) {
      long nowNs = i * REQUEST_NS;
      if (looks.take(nowNs)) {
        taken++;
        longestNs = Math.max(longestNs, nowNs - lastNs);
        lastNs = nowNs;
      }
    }
    assertThat(taken).isEqualTo(LOOKS_AT_ONCE_MAX - 1 + (int) (requests * REQUEST_NS / LOOK_NS));
    assertThat(longestNs).isEqualTo(LOOK_NS);
  }

  @Test
  void onAHostOfManyFrequencyDomainsALookServesLonger() {
    looks.shareAmong(1_000);
    for (int i = 0; i < 2 * LOOKS_AT_ONCE_MAX; i++) {
      looks.take(0);
    }
    assertThat(looks.take(999 * REQUEST_NS)).isFalse();
    assertThat(looks.take(1_000 * REQUEST_NS)).isTrue();
  }

  @Test
  void aSweepAlwaysLooks() {
    for (int i = 0; i < 2 * LOOKS_AT_ONCE_MAX; i++) {
      looks.take(0);
    }
    assertThat(looks.take(0)).isFalse();
    looks.makeDue();
    assertThat(looks.take(0)).isTrue();
    assertThat(looks.take(0)).as("once").isFalse();
  }
}
