package dev.vmpower.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vmpower.cli.TopPage.Line;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** One screenful of top, without a terminal. */
class TopPageTest {
  private static final long SECOND_NS = 1_000_000_000L;

  private static TopSample sample(int cpus, int vms, long requests, @Nullable TopSample before)
      throws FailureException {
    StringBuilder json = new StringBuilder("{\"mode\":\"control\",\"libvirt\":\"off\",");
    json.append("\"requests\":").append(requests).append(",\"refused\":0,\"writes\":1,");
    json.append("\"refused_writes\":0,\"p99_us\":12.5,\"cpus\":[");
    for (int i = 0; i < cpus; i++) {
      json.append(i == 0 ? "" : ",").append("{\"cpu\":").append(i).append(",\"domain\":1,");
      json.append("\"online\":true,\"target_khz\":").append(i % 2 == 0 ? "2000000" : "null");
      json.append(",\"current_khz\":1000000,\"max_khz\":2000000,\"held\":false}");
    }
    json.append("],\"vms\":[");
    for (int i = 0; i < vms; i++) {
      json.append(i == 0 ? "" : ",").append("{\"name\":\"").append("long-".repeat(i)).append(i);
      json.append("\",\"state\":\"running\",\"vcpus\":4,\"claims\":1,\"channels\":1,");
      json.append("\"requests\":").append(requests * i).append(",\"refused\":0}");
    }
    String text = json.append("]}").toString();
    long nowNs = before == null ? 0 : SECOND_NS;
    return new TopSample(Json.read(text.getBytes(StandardCharsets.UTF_8)), nowNs, before);
  }

  private static List<Line> page(TopSample sample, TopState state, int width, int height) {
    return TopPage.of(sample, state, "", "12:00:00", true, width, height);
  }

  @Test
  void everySizeIsFilledAndNothingIsWider() throws FailureException {
    for (int cpus : new int[] {0, 1, 7, 256, 4096}) {
      for (int vms : new int[] {0, 1, 100}) {
        TopSample sample = sample(cpus, vms, 10, null);
        for (int width = 1; width <= 240; width += 7) {
          for (int height = 1; height <= 70; height += 3) {
            List<Line> lines = page(sample, new TopState(), width, height);
            int columns = width;
            assertThat(lines).allMatch(line -> line.text().length() <= columns);
            boolean fits = width >= TopPage.WIDTH_MIN && height >= TopPage.HEIGHT_MIN;
            assertThat(lines.size()).isEqualTo(fits ? height : Math.min(3, height));
          }
        }
      }
    }
  }

  @Test
  void everyRowCanBeScrolledTo() throws FailureException {
    TopSample sample = sample(256, 100, 10, null);
    TopState state = new TopState();
    assertThat(page(sample, state, 60, 15).toString()).doesNotContain(" 255 ");
    assertThat(state.press("end", 5)).isTrue();
    assertThat(page(sample, state, 60, 15).toString()).contains(" 255 ").contains("of 256");
    state.press("\t", 5);
    state.press("page-down", 5);
    assertThat(page(sample, state, 60, 15).toString()).contains("VMs 6-10 of 100");
    assertThat(state.press("q", 5)).isFalse();
  }

  @Test
  void ratesAreThoseSinceTheLastTimeAndUnknownAfterARestart() throws FailureException {
    TopSample first = sample(1, 3, 1000, null);
    TopSample second = sample(1, 3, 1250, first);
    TopSample restarted = sample(1, 3, 4, second);

    assertThat(first.requestRate).isNegative();
    assertThat(second.requestRate).isEqualTo(250);
    assertThat(second.vms.get(2).requestRate()).isEqualTo(500);
    assertThat(restarted.requestRate).isNegative();
    assertThat(page(restarted, new TopState(), 80, 24).get(1).text()).startsWith("requests -/s");
  }

  @Test
  void theBarIsTheSpeedAndItsMarkTheTarget() throws FailureException {
    String row = page(sample(2, 0, 1, null), new TopState(), 60, 15).get(3).text();

    assertThat(row).startsWith("   0     2000   1000 ").endsWith("·┃");
    assertThat(row.chars().filter(c -> c == '█').count()).isEqualTo((60 - 21) / 2 + 1);
  }

  @Test
  void onlyLinesThatDifferAreSent() throws FailureException {
    Frames frames = new Frames(new Style(false, "…"));
    TopSample first = sample(4, 3, 1000, null);
    List<Line> lines = page(first, new TopState(), 80, 24);

    assertThat(frames.next(lines, 80, 24)).contains("\033[2J").contains("\033[24;1Hq quit");
    assertThat(frames.next(lines, 80, 24)).isEmpty();
    String next = frames.next(page(sample(4, 3, 1250, first), new TopState(), 80, 24), 80, 24);
    assertThat(next).contains("\033[2;1Hrequests 250/s").doesNotContain("\033[1;1H", "q quit");
    assertThat(frames.next(lines, 81, 24)).startsWith("\033[0m\033[2J");
  }
}
