package dev.vmpower.host.view;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vmpower.host.view.CpuView.VoteView;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The sentence of {@code explain}, in every situation that a pCPU can be in. */
class SentenceTest {
  private static final Instant NOW = Instant.parse("2026-11-25T13:00:00Z");

  private static String sentence(Situation situation) {
    return Sentence.of(situation.view(), situation.mode, NOW, ZoneOffset.UTC);
  }

  private static Situation at(int khz) {
    return new Situation().target(khz);
  }

  private static Arguments says(Situation situation, String sentence) {
    return Arguments.of(situation, sentence);
  }

  static Stream<Arguments> nobody() {
    return Stream.of(
        says(new Situation().offline(), "pCPU 4 is offline: votes count again when it is back."),
        says(
            at(1_800_000).wins("a", "1800000", 1_800_000, "request").offline(),
            "pCPU 4 is offline: votes count again when it is back."),
        says(new Situation().withoutCpufreq(), "pCPU 4 has no cpufreq: nobody can set its speed."),
        says(
            new Situation().reserved().unmanaged(),
            "2.1 GHz now by the kernel's governor schedutil, because policy4 (pCPUs 4-5) is"
                + " reserved: vmpower never touches it."),
        says(
            new Situation().unmanaged(),
            "2.1 GHz now by the kernel's governor schedutil, because nobody asks."),
        says(
            new Situation().unmanaged().unknownSpeed(),
            "Some speed by the kernel's governor schedutil, because nobody asks."),
        says(
            new Situation().unmanaged().doesNotCount("a", "max", 2_601_000),
            "2.1 GHz now by the kernel's governor schedutil, because nobody asks."),
        says(
            new Situation(),
            "2.1 GHz now by the kernel's governor schedutil, because nobody asks, and an earlier"
                + " run's settings are given back soon."),
        says(
            at(1_800_000).doesNotCount("a", "1800000", 1_800_000),
            "1.8 GHz since 12:04:31, because no VM that asked runs now, and it stays as it was."),
        says(
            at(2_600_000).turboOff(),
            "2.6 GHz since 12:04:31, because ann (pid 7) switched turbo off, and nobody asks."));
  }

  static Stream<Arguments> winners() {
    return Stream.of(
        says(
            at(1_800_000)
                .asks("vm-a", "1200000", 1_200_000)
                .wins("vm-b", "1800000", 1_800_000, "request"),
            "1.8 GHz since 12:04:31, because vm-b vCPU 1 asks for it; vm-a asks for less."),
        says(
            at(1_800_000).wins("b", "1800000", 1_800_000, "request"),
            "1.8 GHz since 12:04:31, because b vCPU 0 asks for it."),
        says(
            at(2_601_000).wins("b", "max", 2_601_000, "request"),
            "2.601 GHz since 12:04:31, because b vCPU 0 asks for max."),
        says(
            at(1_200_000).wins("b", "min", 1_200_000, "request").since(null),
            "1.2 GHz, because b vCPU 0 asks for min."),
        says(
            at(1_800_000).wins("b", "1700000", 1_800_000, "request"),
            "1.8 GHz since 12:04:31, because b vCPU 0 asks for 1.7 GHz."),
        says(
            at(2_000_000).winsClipped("b", "max", 2_000_000, 2_601_000),
            "2 GHz since 12:04:31, because b vCPU 0 asks for max (its envelope allows no more than"
                + " this)."),
        says(
            at(2_000_000).winsClipped("b", "min", 2_000_000, 1_200_000),
            "2 GHz since 12:04:31, because b vCPU 0 asks for min (its envelope allows no less than"
                + " this)."),
        says(
            at(1_800_000).winsFromElsewhere("b", "1800000", 1_800_000),
            "1.8 GHz since 12:04:31, because b vCPU 0, which shares its clock or core, asks for"
                + " it."),
        says(
            at(2_601_000).asks("a", "min", 1_200_000).wins("b", "max", 2_601_000, "none"),
            "2.601 GHz since 12:04:31, because b vCPU 1 runs here, never asked, and is not slowed"
                + " down for others; a asks for less."),
        says(
            at(2_601_000).wins("b", "max", 2_601_000, "claim"),
            "2.601 GHz since 12:04:31, because b vCPU 0 has spoken up and not asked yet, which"
                + " counts as max."),
        says(
            at(2_000_000).wins("b", "max", 2_000_000, "envelope"),
            "2 GHz since 12:04:31, because b vCPU 0 never asked, and the envelope of its VM is"
                + " enforced."),
        says(
            at(2_000_000).wins("b", "min", 2_000_000, "disabled"),
            "2 GHz since 12:04:31, because b vCPU 0 stays where it was while its channel is"
                + " disabled."),
        says(
            at(1_900_000).wins("b", "medium", 1_900_000, "guest-policy"),
            "1.9 GHz since 12:04:31, because b vCPU 0 asks for medium by its traffic policy."),
        says(
            at(1_900_000).wins("b", "medium", 1_900_000, "operator-policy"),
            "1.9 GHz since 12:04:31, because b vCPU 0 is to have medium by an operator's traffic"
                + " policy."));
  }

  static Stream<Arguments> others() {
    return Stream.of(
        says(
            at(1_800_000)
                .wins("a", "1800000", 1_800_000, "request")
                .asks("b", "1800000", 1_800_000),
            "1.8 GHz since 12:04:31, because a vCPU 0 asks for it; b asks for as much."),
        says(
            at(1_800_000)
                .wins("a", "1800000", 1_800_000, "request")
                .asks("b", "1800000", 1_800_000)
                .asks("c", "min", 1_200_000)
                .asks("d", "min", 1_200_000),
            "1.8 GHz since 12:04:31, because a vCPU 0 asks for it; b asks for as much; c and d ask"
                + " for less."),
        says(
            at(1_800_000)
                .wins("a", "1800000", 1_800_000, "request")
                .asks("b", "1800000", 1_800_000)
                .asks("b", "min", 1_200_000),
            "1.8 GHz since 12:04:31, because a vCPU 0 asks for it; b asks for as much."),
        says(
            at(1_800_000)
                .wins("a", "1800000", 1_800_000, "request")
                .asks("a", "min", 1_200_000)
                .doesNotCount("b", "max", 2_601_000),
            "1.8 GHz since 12:04:31, because a vCPU 0 asks for it."),
        says(
            at(1_800_000)
                .wins("a", "1800000", 1_800_000, "request")
                .asks("b", "min", 1_200_000)
                .asks("c", "min", 1_200_000)
                .asks("d", "min", 1_200_000),
            "1.8 GHz since 12:04:31, because a vCPU 0 asks for it; b, c and d ask for less."),
        says(
            at(1_800_000)
                .wins("a", "1800000", 1_800_000, "request")
                .asks("b", "min", 1_200_000)
                .asks("c", "min", 1_200_000)
                .asks("d", "min", 1_200_000)
                .asks("e", "min", 1_200_000)
                .asks("f", "min", 1_200_000),
            "1.8 GHz since 12:04:31, because a vCPU 0 asks for it; b, c, d and 2 more VMs ask for"
                + " less."));
  }

  static Stream<Arguments> operators() {
    return Stream.of(
        says(
            at(1_800_000).hold("1800000", null),
            "1.8 GHz since 12:04:31, because ann (pid 7) holds it there."),
        says(
            at(2_601_000).hold("max", "2026-11-25T13:30:00Z"),
            "2.601 GHz since 12:04:31, because ann (pid 7) holds it at max until 13:30:00."),
        says(
            at(2_601_000).hold("max", "2026-11-26T07:30:00Z"),
            "2.601 GHz since 12:04:31, because ann (pid 7) holds it at max until 2026-11-26"
                + " 07:30:00."),
        says(
            at(1_200_000).scheduled("min"),
            "1.2 GHz since 12:04:31, because the policy nights holds it at min."),
        says(
            at(1_800_000).hold("1800000", null).scheduled("min").asks("a", "max", 2_601_000),
            "1.8 GHz since 12:04:31, because ann (pid 7) holds it there; what VMs ask for counts"
                + " when that is released."),
        says(
            at(1_800_000).hold("1800000", null).doesNotCount("a", "max", 2_601_000),
            "1.8 GHz since 12:04:31, because ann (pid 7) holds it there."));
  }

  static Stream<Arguments> shortfalls() {
    Situation a = at(1_800_000).wins("a", "1800000", 1_800_000, "request");
    String begin = "1.8 GHz since 12:04:31, because a vCPU 0 asks for it.";
    return Stream.of(
        says(
            at(1_800_000).wins("a", "1800000", 1_800_000, "request").mode("observe"),
            begin + " Nothing is written: the daemon observes only."),
        says(
            at(1_800_000).wins("a", "1800000", 1_800_000, "request").mode("paused"),
            begin + " Nothing is written: the daemon is paused."),
        says(
            at(1_800_000)
                .wins("a", "1800000", 1_800_000, "request")
                .problem("kept: asked for 1800000, kept 1700000"),
            begin + " It is not so: kept: asked for 1800000, kept 1700000."),
        says(
            a.problem("conflict: governor is performance: another program"),
            begin + " It is not so: conflict: governor is performance: another program."),
        says(
            at(1_800_000).wins("a", "1800000", 1_800_000, "request").since("2026-11-24T23:59:59Z"),
            "1.8 GHz since 2026-11-24 23:59:59, because a vCPU 0 asks for it."));
  }

  @ParameterizedTest
  @MethodSource({"nobody", "winners", "others", "operators", "shortfalls"})
  void itIsThis(Situation situation, String sentence) {
    assertThat(sentence(situation)).isEqualTo(sentence);
  }

  @Test
  void timesAreThoseOfTheHost() {
    CpuView cpu = at(1_800_000).wins("a", "1800000", 1_800_000, "request").view();
    Instant late = Instant.parse("2026-11-25T16:00:00Z");

    assertThat(Sentence.of(cpu, "control", NOW, ZoneId.of("Asia/Tokyo")))
        .contains("since 21:04:31,");
    assertThat(Sentence.of(cpu, "control", late, ZoneId.of("Asia/Tokyo")))
        .as("it is the next day there")
        .contains("since 2026-11-25 21:04:31,");
  }

  /** Random votes, one of the highest of which has the target: it is named, and nobody is above. */
  @Test
  void whoeverIsNamedHasTheHighestVote() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int round = 0; round < 2000; round++) {
      List<Integer> levels = new ArrayList<>();
      for (int i = 0; i <= random.nextInt(8); i++) {
        levels.add((12 + random.nextInt(4)) * 100_000);
      }
      int winner = random.nextInt(levels.size());
      int highest = levels.stream().max(Comparator.naturalOrder()).orElseThrow();
      levels.set(winner, highest);
      Situation situation = at(highest);
      for (int i = 0; i < levels.size(); i++) {
        boolean wins = i == winner;
        int khz = levels.get(i);
        boolean counts = wins || random.nextBoolean();
        situation.vote("vm" + i, "" + khz, khz, "request", counts, wins, true, null);
      }
      String sentence = sentence(situation);

      assertThat(sentence).as("seed %d round %d", seed, round).contains("vm" + winner + " vCPU");
      for (VoteView vote : situation.view().votes()) {
        boolean named = sentence.contains(vote.vm() + " ") || sentence.contains(vote.vm() + ",");
        assertThat(named && !vote.counts()).as("seed %d: %s", seed, sentence).isFalse();
        assertThat(vote.counts() && vote.khz() > highest).isFalse();
      }
    }
  }
}
