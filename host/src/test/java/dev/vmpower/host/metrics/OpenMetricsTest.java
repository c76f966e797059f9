package dev.vmpower.host.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The page as OpenMetrics, to a reader that refuses what its grammar does not have. */
class OpenMetricsTest {
  @Test
  void openMetricsIsWhatItsGrammarSays() {
    Map<String, Double> samples =
        OpenMetricsReader.read(PageTest.text(Page.OPEN_METRICS, "connected"));

    assertThat(samples)
        .hasSizeGreaterThan(Metric.values().length)
        .containsEntry("vmpower_answer_seconds_bucket{le=\"1e-05\"}", 1.0)
        .containsEntry("vmpower_requests_total{}", 12.0);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "# TYPE a counter\na 1\n",
        "# TYPE a gauge\na 1\n\n",
        "# TYPE a gauge\na 1\na 2\n",
        "# TYPE a gauge\na{x=\"1\",x=\"2\"} 1\n",
        "# TYPE a gauge\na{x=\"\\t\"} 1\n",
        "# TYPE a gauge\na  1\n",
        "# TYPE a gauge\n# UNIT a seconds\na 1\n",
        "# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n# HELP a b\n",
        "# TYPE a_total counter\na_total 1\n",
        "# TYPE a histogram\na_bucket{le=\"1.0\"} 2\na_bucket{le=\"+Inf\"} 1\na_count 1\n",
        "# TYPE a histogram\na_bucket{le=\"1.0E-5\"} 1\na_bucket{le=\"+Inf\"} 1\na_count 1\n",
        "# TYPE a histogram\na_bucket{le=\"1.0\"} 1\na_count 1\n"
      })
  void whatIsNoOpenMetricsIsSeen(String text) {
    assertThatThrownBy(() -> OpenMetricsReader.read(text + "# EOF\n"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aBoundIsWrittenAsOpenMetricsWouldHaveIt() {
    assertThat(
            Stream.of(0.000_000_5, 0.000_01, 0.000_025, 0.000_1, 0.000_25, 0.001, 0.05, 1.0, 10.0))
        .map(Exposition::bound)
        .containsExactly(
            "5e-07", "1e-05", "2.5e-05", "0.0001", "0.00025", "0.001", "0.05", "1.0", "10.0");
  }
}
