package dev.vmpower.host.feed;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vmpower.host.feed.TargetHistory.Course;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What is kept of the targets, and that it has an end. */
class TargetHistoryTest {
  private final TargetHistory history = new TargetHistory();

  @Test
  void targetsAreKeptWithTheirTimes() {
    history.add(4, 10_000, 1_200_000);
    history.add(4, 20_000, null);
    history.add(2, 20_000, 2_600_000);

    assertThat(history.courses())
        .containsExactly(
            new Course(2, List.of(20_000L), List.of(2_600_000)),
            new Course(4, List.of(10_000L, 20_000L), List.of(1_200_000, 0)));
  }

  @Test
  void ofChangesCloseTogetherTheLastIsKept() {
    history.add(0, 0, 1_200_000);
    history.add(0, 10_000, 2_000_000);
    history.add(0, 10_500, 1_200_000);
    history.add(0, 11_900, 2_600_000);
    history.add(0, 13_000, 2_600_000);

    assertThat(history.courses())
        .containsExactly(new Course(0, List.of(0L, 10_000L), List.of(1_200_000, 2_600_000)));
  }

  @Test
  void whatWasInForceAsTheSpanBeganStays() {
    history.add(0, 0, 1_200_000);
    history.add(0, 60_000, 2_000_000);
    history.add(0, 60_000 + TargetHistory.SPAN_MS + 5_000, 2_600_000);

    assertThat(history.courses().getFirst().atMs())
        .containsExactly(60_000L, 60_000 + TargetHistory.SPAN_MS + 5_000);
  }

  @Test
  void howeverLongItGoesOnItDoesNotGrow() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    long nowMs = 0;
    for (int i = 0; i < 200_000; i++) {
      nowMs += random.nextInt(300);
      history.add(random.nextInt(4), nowMs, 1_200_000 + 100_000 * random.nextInt(8));
    }
    for (int domain = 0; domain < 2 * TargetHistory.DOMAINS_MAX; domain++) {
      history.add(domain, nowMs, 1_200_000);
    }

    assertThat(history.courses()).as("seed %d", seed).hasSize(TargetHistory.DOMAINS_MAX);
    long most = TargetHistory.SPAN_MS / TargetHistory.APART_MS + 2;
    assertThat(history.courses())
        .as("seed %d", seed)
        .allMatch(course -> course.atMs().size() <= most);
  }
}
