package dev.vmpower.cli;

import dev.vmpower.cli.Grammar.Parsed;
import dev.vmpower.guest.Answer;
import dev.vmpower.guest.PortException;
import dev.vmpower.guest.Wish;
import dev.vmpower.guest.governor.CpuTimes;
import dev.vmpower.guest.governor.Governor;
import dev.vmpower.guest.governor.ProcStat;
import dev.vmpower.guest.governor.Thresholds;
import java.io.IOException;
import java.io.PrintStream;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Watches the load of each vCPU and asks for what its {@link Governor} decides, until a signal.
 * What goes wrong is said once, when it begins and when it ends.
 *
 * <p>A vCPU whose port is missing is spoken for through the first port that there is.
 */
final class Agent {
  private static final int INTERVAL_MS = 250;
  private static final int INTERVAL_MS_MIN = 100;
  private static final int INTERVAL_MS_MAX = 60_000;
  private static final int MS_PER_SECOND = 1000;

  /** A vCPU, its governor, and what was last said about it. */
  private static final class Watched {
    final Governor governor;
    String trouble = "";

    Watched(Governor governor) {
      this.governor = governor;
    }
  }

  private final ThisVm vm;
  private final Ports ports;
  private final PrintStream err;
  private final Thresholds thresholds;
  private final int intervalMs;
  private final @Nullable SortedSet<Integer> only;
  private final Map<Integer, Watched> watched = new TreeMap<>();

  private Agent(
      ThisVm vm,
      Ports ports,
      PrintStream err,
      Thresholds thresholds,
      int intervalMs,
      @Nullable SortedSet<Integer> only) {
    this.vm = vm;
    this.ports = ports;
    this.err = err;
    this.thresholds = thresholds;
    this.intervalMs = intervalMs;
    this.only = only;
  }

  /**
   * The agent that a command line describes.
   *
   * @throws FailureException if it says what cannot be
   */
  static Agent of(Parsed parsed, ThisVm vm, Ports ports, PrintStream err) throws FailureException {
    String list = parsed.option("--vcpus");
    try {
      Thresholds thresholds =
          new Thresholds(
              percent(parsed, "--up-threshold", Thresholds.DEFAULT.upPercent()),
              percent(parsed, "--down-threshold", Thresholds.DEFAULT.downPercent()));
      return new Agent(
          vm,
          ports,
          err,
          thresholds,
          interval(parsed.option("--interval")),
          list == null ? null : NumberList.parse(list, ThisVm.VCPU_MAX, "vCPUs"));
    } catch (IllegalArgumentException wrong) {
      throw usage(String.valueOf(wrong.getMessage()));
    }
  }

  private static int percent(Parsed parsed, String option, int otherwise) throws FailureException {
    String word = parsed.option(option);
    if (word == null) {
      return otherwise;
    }
    int percent = NumberList.number(word, 0, word.length(), 100);
    if (percent < 0) {
      throw usage(option + ": '" + word + "' is no number of percent in 0-100");
    }
    return percent;
  }

  private static int interval(@Nullable String word) throws FailureException {
    if (word == null) {
      return INTERVAL_MS;
    }
    boolean milliseconds = word.endsWith("ms");
    int digits = word.length() - (milliseconds ? 2 : 1);
    int number = NumberList.number(word, 0, digits, INTERVAL_MS_MAX);
    int ms = milliseconds ? number : number * MS_PER_SECOND;
    if (!word.endsWith("s") || ms < INTERVAL_MS_MIN || ms > INTERVAL_MS_MAX) {
      throw usage("--interval: '" + word + "' is no time from 100ms to 60s, such as 250ms or 1s");
    }
    return ms;
  }

  /**
   * Watches until {@code stop}, or a signal.
   *
   * @throws FailureException if there is nothing to watch, or no port
   * @throws PortException if a port is there and cannot be opened
   */
  void run(Stop stop) throws FailureException, IOException {
    for (int vcpu : sample().keySet()) {
      ports.channel(portFor(vcpu));
    }
    stop.expect();
    do {
      round();
    } while (!stop.within(intervalMs));
  }

  private int portFor(int vcpu) throws IOException, FailureException {
    int own = ports.numberFor(vcpu);
    return own != vcpu || ports.numbers().contains(own) ? own : ports.numberForVm();
  }

  private SortedMap<Integer, CpuTimes> sample() throws FailureException {
    SortedMap<Integer, CpuTimes> times = ProcStat.parse(vm.statistics());
    if (only != null) {
      times.keySet().retainAll(only);
    }
    if (times.isEmpty()) {
      throw new FailureException(
          FailureException.FAILED,
          only == null ? "/proc/stat names no vCPU" : "none of these vCPUs is online");
    }
    return times;
  }

  private void round() throws FailureException {
    SortedMap<Integer, CpuTimes> times = sample();
    for (Map.Entry<Integer, Watched> each : watched.entrySet()) {
      if (!times.containsKey(each.getKey())) {
        each.getValue().governor.forget();
      }
    }
    Set<Integer> silent = new HashSet<>();
    for (Map.Entry<Integer, CpuTimes> each : times.entrySet()) {
      int vcpu = each.getKey();
      Watched one = watched.get(vcpu);
      if (one == null) {
        one = new Watched(new Governor(thresholds));
        watched.put(vcpu, one);
      }
      step(vcpu, one, each.getValue(), silent);
    }
  }

  /** Asks if there is need to, and the host was not silent on that port in this round already. */
  private void step(int vcpu, Watched one, CpuTimes sample, Set<Integer> silent) {
    try {
      int port = portFor(vcpu);
      ports.channel(port).check();
      Wish wish = one.governor.decide(System.nanoTime(), sample);
      if (wish == null || silent.contains(port)) {
        return;
      }
      Answer answer = ports.channel(port).ask(vcpu, wish);
      one.governor.answered(System.nanoTime(), wish, answer);
      switch (answer) {
        case ACK -> say(vcpu, one, "");
        case NACK -> say(vcpu, one, "the host refuses (NACK); its log and vmpowerctl say why");
        case TIMED_OUT -> {
          silent.add(port);
          say(vcpu, one, "the host does not answer");
        }
      }
    } catch (IOException | FailureException trouble) {
      one.governor.forget();
      say(vcpu, one, String.valueOf(trouble.getMessage()));
    }
  }

  private void say(int vcpu, Watched one, String trouble) {
    if (!one.trouble.equals(trouble)) {
      one.trouble = trouble;
      String what = trouble.isEmpty() ? "the host grants what is asked again" : trouble;
      err.println(Guest.PROGRAM + ": vCPU " + vcpu + ": " + what);
    }
  }

  private static FailureException usage(String line) {
    return new FailureException(
        FailureException.USAGE, line + "; try 'vmpower-guest agent --help'");
  }
}
