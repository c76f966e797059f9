package dev.vmpower.host.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vmpower.host.view.EnergyView;
import dev.vmpower.host.view.MetricsView;
import dev.vmpower.host.view.OverviewView.CpuNow;
import dev.vmpower.host.view.StatusView;
import dev.vmpower.host.view.VmView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Metrics in both formats, and the document that lists them. */
class PageTest {
  private static final EnergyView ENERGY =
      new EnergyView(
          100,
          true,
          500.0,
          100.0,
          0.2,
          List.of(
              new EnergyView.Share("vm0", 0.25, 125.0), new EnergyView.Share(null, 0.75, 375.0)),
          List.of(new EnergyView.Times(0, "0", List.of(1_200_000), List.of(75.5))),
          EnergyView.METHOD);

  private static final Path DOCUMENT =
      Path.of(System.getProperty("vmpower.checkout"), "docs", "metrics.md");
  private static final String EVIL = "vm\"\\\n{x=\"1\"} 7";

  private static MetricsView view(String libvirt) {
    return new MetricsView(
        new StatusView(
            "0.1.0",
            "paused",
            libvirt,
            1,
            2,
            1,
            12,
            34,
            5,
            67,
            Map.of(),
            new StatusView.AnswerTimes(3, 1, 2, 3, 4)),
        List.of(
            new CpuNow(0, 0, true, true, 1_800_000, 1_799_999, 1_200_000, 2_601_000, true, "kept"),
            new CpuNow(1, null, false, false, null, 0, 0, 0, false, null)),
        List.of(
            new VmView(
                EVIL,
                null,
                "static",
                "running",
                true,
                null,
                null,
                true,
                false,
                List.of(new VmView.VcpuView(3, "0", true, "max", true, "not pinned")),
                8,
                new TreeMap<>(Map.of("hold", 2L)))),
        new TreeMap<>(Map.of("open", 1, "waiting", 2)),
        new TreeMap<>(Map.of("hold", 2L, "write", 0L)),
        9,
        new MetricsView.AnswerBuckets(List.of(1.0E-5, 0.1), List.of(1L, 2L), 3, 0.5));
  }

  static String text(String type, String libvirt) {
    ProcessFigures process = new ProcessFigures(1.25, 1.7e9, 40 << 20, 21, 99, 1024);
    return new Page(view(libvirt), () -> ENERGY, () -> process).text(type);
  }

  @Test
  void unitsAreBaseUnitsAndCountsAreExact() {
    assertThat(text(Page.PROMETHEUS, "connected").lines())
        .contains(
            "vmpower_build_info{version=\"0.1.0\"} 1",
            "vmpower_mode{mode=\"paused\"} 1",
            "vmpower_mode{mode=\"control\"} 0",
            "vmpower_libvirt_connected 1",
            "vmpower_vms{state=\"running\"} 1",
            "vmpower_channels{state=\"waiting\"} 2",
            "vmpower_requests_total 12",
            "vmpower_refusals_total{reason=\"write\"} 0",
            "vmpower_sysfs_writes_total{result=\"refused\"} 5",
            "vmpower_conflicts_total 9",
            "vmpower_cpu_target_hertz{cpu=\"0\"} 1800000000",
            "vmpower_cpu_frequency_hertz{cpu=\"0\"} 1799999000",
            "vmpower_cpu_max_hertz{cpu=\"0\"} 2601000000",
            "vmpower_energy_joules_total 500",
            "vmpower_vm_energy_joules_total{vm=\"vm0\"} 125",
            "vmpower_domain_frequency_seconds_total{domain=\"0\",hertz=\"1200000000\"} 75.5",
            "vmpower_cpu_problem{cpu=\"0\",reason=\"kept\"} 1",
            "vmpower_cpu_online{cpu=\"1\"} 0",
            "process_resident_memory_bytes 41943040",
            "process_cpu_seconds_total 1.25")
        .noneMatch(line -> line.startsWith("vmpower_cpu_target_hertz{cpu=\"1\""));
  }

  @Test
  void answerTimesAreACumulativeHistogramInSeconds() {
    assertThat(text(Page.PROMETHEUS, "off"))
        .contains(
            """
            # TYPE vmpower_answer_seconds histogram
            vmpower_answer_seconds_bucket{le="1e-05"} 1
            vmpower_answer_seconds_bucket{le="0.1"} 2
            vmpower_answer_seconds_bucket{le="+Inf"} 3
            vmpower_answer_seconds_sum 0.5
            vmpower_answer_seconds_count 3
            """)
        .doesNotContain("vmpower_libvirt_connected");
  }

  @Test
  void aNameOfAVmCannotBreakOut() {
    assertThat(text(Page.PROMETHEUS, "off").lines())
        .contains("vmpower_vm_requests_total{vm=\"vm\\\"\\\\\\n{x=\\\"1\\\"} 7\"} 8");
  }

  @Test
  void openMetricsHasItsNamesUnitsAndEnd() {
    assertThat(text(Page.OPEN_METRICS, "off"))
        .contains("# TYPE vmpower_build info\nvmpower_build_info{")
        .contains("# TYPE vmpower_requests counter\nvmpower_requests_total 12\n")
        .contains("# UNIT vmpower_cpu_target_hertz hertz\n")
        .endsWith("\n# EOF\n");
    assertThat(text(Page.PROMETHEUS, "off"))
        .contains("# TYPE vmpower_requests_total counter\nvmpower_requests_total 12\n")
        .doesNotContain("# UNIT", "# EOF");
  }

  @Test
  void theOneThatIsAcceptedIsSent() {
    assertThat(Page.type(null)).isEqualTo(Page.PROMETHEUS);
    assertThat(Page.type("*/*")).isEqualTo(Page.PROMETHEUS);
    assertThat(Page.type("application/openmetrics-text;version=1.0.0,text/plain;q=0.5"))
        .isEqualTo(Page.OPEN_METRICS);
  }

  @ParameterizedTest
  @ValueSource(strings = {Page.PROMETHEUS, Page.OPEN_METRICS})
  void eachMetricIsThereOnceWithItsHelp(String type) {
    String text = text(type, "connected");
    for (Metric metric : Metric.values()) {
      String name = type.equals(Page.OPEN_METRICS) ? metric.family : metric.sample();
      assertThat(text.split("# TYPE " + name + " ", -1)).as(name).hasSize(2);
      assertThat(text).contains("# HELP " + name + " " + metric.help + "\n");
      assertThat(text).containsPattern("(?m)^" + metric.sample() + "[ {_]");
    }
  }

  @Test
  void theDocumentListsThemAllAndNoOther() throws IOException {
    TreeSet<String> written = new TreeSet<>();
    Matcher line = Pattern.compile("(?m)^\\| `(\\w+)").matcher(Files.readString(DOCUMENT));
    while (line.find()) {
      written.add(line.group(1));
    }
    TreeSet<String> made = new TreeSet<>();
    for (Metric metric : Metric.values()) {
      made.add(metric.sample());
    }

    assertThat(written).isEqualTo(made);
  }

  @Test
  void figuresOfTheProcessAreReal() {
    ProcessFigures now = ProcessFigures.read(Path.of("/proc/self"));

    assertThat(now.residentBytes()).isBetween(10L << 20, 64L << 30);
    assertThat(now.threads()).isPositive();
    assertThat(now.openFds()).isBetween(3L, now.maxFds());
    assertThat(now.cpuS()).isPositive();
    assertThat(now.startS()).isGreaterThan(1.7e9);
    assertThat(ProcessFigures.read(Path.of("/nonexistent")).residentBytes()).isZero();
  }
}
