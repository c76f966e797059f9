package dev.vmpower.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToIntFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What a daemon takes over time: memory, threads, descriptors; and what it did meanwhile. */
final class SoakFigures {
  private static final Pattern TOTAL = Pattern.compile("\nTotal +\\d+ +(\\d+)");

  private record Sample(
      int seconds,
      long requests,
      long restarts,
      long disturbances,
      long wrong,
      int rssKib,
      int heapKib,
      int threads,
      int fds) {}

  private final long pid;
  private final List<SoakVm> vms;
  private final SoakDisturber disturber;
  private final long beganNs = System.nanoTime();
  private final List<Sample> samples = new ArrayList<>();

  SoakFigures(long pid, List<SoakVm> vms, SoakDisturber disturber) {
    this.pid = pid;
    this.vms = vms;
    this.disturber = disturber;
  }

  /** Takes the figures of this moment; the heap after a full collection. */
  void sample() throws IOException {
    String status = Files.readString(Path.of("/proc/" + pid + "/status"));
    samples.add(
        new Sample(
            (int) ((System.nanoTime() - beganNs) / 1_000_000_000L),
            vms.stream().mapToLong(vm -> vm.requests.get()).sum(),
            vms.stream().mapToLong(vm -> vm.restarts.get()).sum(),
            disturber.disturbances.get(),
            vms.stream().mapToLong(vm -> vm.wrongs.get()).sum(),
            number(status, "VmRSS:\\s+(\\d+) kB"),
            heapKib(),
            number(status, "Threads:\\s+(\\d+)"),
            descriptors()));
  }

  private static int number(String text, String pattern) {
    Matcher matcher = Pattern.compile(pattern).matcher(text);
    assertThat(matcher.find()).as(pattern).isTrue();
    return Integer.parseInt(matcher.group(1));
  }

  private int heapKib() {
    String jcmd = System.getProperty("java.home") + "/bin/jcmd";
    String classes = Command.run(jcmd, Long.toString(pid), "GC.class_histogram").output();
    Matcher total = TOTAL.matcher(classes); // of what is alive: it collects before
    assertThat(total.find()).isTrue();
    return (int) (Long.parseLong(total.group(1)) >> 10);
  }

  private int descriptors() throws IOException {
    try (Stream<Path> open = Files.list(Path.of("/proc/" + pid + "/fd"))) {
      return (int) open.count();
    }
  }

  /** The figures as a table in Markdown. */
  String table() {
    StringBuilder text = new StringBuilder();
    text.append("| s | requests | wrong | VM restarts | disturbances | RSS MiB |");
    text.append(" heap in use KiB | threads | descriptors |\n");
    text.append("|---|---|---|---|---|---|---|---|---|\n");
    for (Sample sample : samples) {
      text.append(
          String.format(
              Locale.ROOT,
              "| %d | %,d | %d | %,d | %,d | %d | %,d | %d | %d |%n",
              sample.seconds(),
              sample.requests(),
              sample.wrong(),
              sample.restarts(),
              sample.disturbances(),
              sample.rssKib() >> 10,
              sample.heapKib(),
              sample.threads(),
              sample.fds()));
    }
    return text.toString();
  }

  /**
   * All samples of the last third are not above all of the middle one, but for a slack: what leaks
   * lifts the least of them too, while VMs that restart come and go between two samples.
   */
  void nothingGrew(int slackThreads, int slackFds, double slackMemory, int slackHeapKib) {
    assertThat(leastLast(Sample::threads))
        .as(table())
        .isLessThanOrEqualTo(mostMiddle(Sample::threads) + slackThreads);
    assertThat(leastLast(Sample::fds))
        .as(table())
        .isLessThanOrEqualTo(mostMiddle(Sample::fds) + slackFds);
    assertThat((double) leastLast(Sample::heapKib))
        .as(table())
        .isLessThanOrEqualTo(mostMiddle(Sample::heapKib) * slackMemory + slackHeapKib);
    assertThat((double) leastLast(Sample::rssKib))
        .as(table())
        .isLessThanOrEqualTo(mostMiddle(Sample::rssKib) * slackMemory);
  }

  private int mostMiddle(ToIntFunction<Sample> what) {
    int third = samples.size() / 3;
    return samples.subList(third, 2 * third).stream().mapToInt(what).max().orElseThrow();
  }

  private int leastLast(ToIntFunction<Sample> what) {
    int third = samples.size() / 3;
    return samples.subList(2 * third, samples.size()).stream().mapToInt(what).min().orElseThrow();
  }
}
