package dev.vmpower.cli;

import dev.vmpower.cli.Grammar.Parsed;
import dev.vmpower.guest.Answer;
import dev.vmpower.guest.Capabilities;
import dev.vmpower.guest.Frequencies;
import dev.vmpower.guest.PortDirectory;
import dev.vmpower.guest.PowerChannel;
import dev.vmpower.guest.Reply;
import dev.vmpower.guest.Wish;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The program {@code vmpower-guest}: asks the host for CPU frequency, from inside a VM. */
public final class Guest {
  static final String PROGRAM = "vmpower-guest";

  /** A host answers within microseconds, or not at all. */
  private static final Duration TIMEOUT = Duration.ofSeconds(1);

  /** The wire tells of vCPUs 0 to 7. */
  private static final int TOLD_VCPU_MAX = 7;

  private static final String ALL = "all";

  private final ThisVm vm;
  private final PrintStream out;
  private final PrintStream err;

  private Guest(ThisVm vm, PrintStream out, PrintStream err) {
    this.vm = vm;
    this.out = out;
    this.err = err;
  }

  /** Runs one command and ends with 0, 1 (refused, or no host) or 2 (wrong usage). */
  public static void main(String[] arguments) {
    int status =
        run(
            arguments,
            System.out,
            System.err,
            Style.ofStdout(System.getenv()),
            TIMEOUT,
            new ThisVm(Path.of("/")),
            new Stop(true));
    System.out.flush();
    Runtime.getRuntime().halt(status);
  }

  /**
   * Runs one command.
   *
   * @param stop ends one that goes on until a signal
   */
  static int run(
      String[] arguments,
      PrintStream out,
      PrintStream err,
      Style style,
      Duration timeout,
      ThisVm vm,
      Stop stop) {
    try {
      Parsed parsed =
          new Grammar(
                  PROGRAM,
                  "Asks the host for CPU frequency.",
                  GuestPhrases.ALL,
                  GuestPhrases.GLOSSARY,
                  GuestPhrases.OPTIONS)
              .parse(arguments, out, style.colour());
      if (parsed != null) {
        try (Ports ports = ports(parsed, timeout)) {
          new Guest(vm, out, err).obey(parsed, ports, stop);
        }
      }
      return 0;
    } catch (FailureException failure) {
      err.println(PROGRAM + ": " + failure.line());
      return failure.status();
    } catch (IOException broken) {
      err.println(PROGRAM + ": " + broken.getMessage());
      return FailureException.FAILED;
    }
  }

  private static Ports ports(Parsed parsed, Duration timeout) throws FailureException {
    String directory = parsed.option("--dir");
    String channel = parsed.option("--channel");
    int forAll = Ports.OWN;
    if (channel != null) {
      forAll = NumberList.number(channel, 0, channel.length(), PortDirectory.NUMBER_MAX);
      if (forAll < 0) {
        throw usage("'" + channel + "' is no number of a port");
      }
    }
    Path path = directory == null ? PortDirectory.standard().path() : Field.path(directory);
    return new Ports(path, forAll, timeout);
  }

  private void obey(Parsed parsed, Ports ports, Stop stop) throws FailureException, IOException {
    switch (parsed.words()) {
      case "connect" -> connect(vcpus(parsed), ports);
      case "max" -> ask(vcpus(parsed), Wish.MAX, ports);
      case "min" -> ask(vcpus(parsed), Wish.MIN, ports);
      case "up" -> ask(vcpus(parsed), Wish.UP, ports);
      case "down" -> ask(vcpus(parsed), Wish.DOWN, ports);
      case "turbo" -> {
        SortedSet<Integer> vcpus = vcpus(parsed);
        ask(vcpus, isOn(parsed.parameter(1)) ? Wish.TURBO_ON : Wish.TURBO_OFF, ports);
      }
      case "freq" -> showFrequencies(parsed.parameter(0), ports);
      case "caps" -> showCapabilities(parsed.parameter(0), ports);
      case "policy send" -> {
        var policy = GuestPolicy.of(parsed, vm, err);
        complain(ports.channel(ports.numberForVm()).apply(policy), "the policy", ports);
      }
      case "policy remove" -> ports.channel(ports.numberForVm()).removePolicy();
      case "agent" -> Agent.of(parsed, vm, ports, err).run(stop);
      default -> out.println(PROGRAM + " " + version());
    }
    if (parsed.flag("--hold")) {
      stop.expect();
      while (!stop.within(Long.MAX_VALUE)) {
        // Nothing ends it but a signal.
      }
    }
  }

  private static void connect(SortedSet<Integer> vcpus, Ports ports) throws IOException {
    for (int vcpu : vcpus) {
      ports.channel(ports.numberFor(vcpu)).connect();
    }
  }

  private static void ask(SortedSet<Integer> vcpus, Wish wish, Ports ports)
      throws FailureException, IOException {
    SortedSet<Integer> refused = new TreeSet<>();
    for (int vcpu : vcpus) {
      Answer answer = ports.channel(ports.numberFor(vcpu)).ask(vcpu, wish);
      if (answer == Answer.TIMED_OUT) {
        complain(answer, "vCPU " + vcpu, ports);
      } else if (answer == Answer.NACK) {
        refused.add(vcpu);
      }
    }
    if (!refused.isEmpty()) {
      complain(Answer.NACK, "vCPU " + NumberList.format(refused), ports);
    }
  }

  private static void complain(Answer answer, String what, Ports ports) throws FailureException {
    switch (answer) {
      case ACK -> {}
      case NACK ->
          throw failed("the host refuses " + what + " (NACK); its log and vmpowerctl say why");
      case TIMED_OUT ->
          throw failed(
              "no answer for "
                  + what
                  + " within "
                  + ports.timeoutMs()
                  + " ms: is it vmpowerd that is attached?");
    }
  }

  private void showFrequencies(String list, Ports ports) throws FailureException, IOException {
    if (list.equals(ALL)) {
      Frequencies told = told(ports.channel(ports.numberForVm()).frequencies(), "all", ports);
      for (int vcpu = 0; vcpu < told.vcpuCount(); vcpu++) {
        show(vcpu, told);
      }
      return;
    }
    for (int vcpu : NumberList.parse(list, TOLD_VCPU_MAX, "vCPUs")) {
      PowerChannel channel = ports.channel(ports.numberFor(vcpu));
      show(vcpu, told(channel.frequency(vcpu), "vCPU " + vcpu, ports));
    }
  }

  private void show(int vcpu, Frequencies told) {
    int khz = told.khz(vcpu);
    out.println("vCPU " + vcpu + ": " + (khz == 0 ? "unknown" : Row.megahertz(khz) + " MHz"));
  }

  private void showCapabilities(String list, Ports ports) throws FailureException, IOException {
    if (list.equals(ALL)) {
      Capabilities told = told(ports.channel(ports.numberForVm()).capabilities(), "all", ports);
      for (int vcpu = 0; vcpu < told.vcpuCount(); vcpu++) {
        show(vcpu, told);
      }
      return;
    }
    for (int vcpu : NumberList.parse(list, TOLD_VCPU_MAX, "vCPUs")) {
      PowerChannel channel = ports.channel(ports.numberFor(vcpu));
      show(vcpu, told(channel.capability(vcpu), "vCPU " + vcpu, ports));
    }
  }

  private void show(int vcpu, Capabilities told) {
    String turbo = told.turbo(vcpu) ? "yes" : "no";
    String priority = told.priority(vcpu) ? "yes" : "no";
    out.println("vCPU " + vcpu + ": turbo " + turbo + ", priority " + priority);
  }

  private static <T> T told(Reply<T> reply, String what, Ports ports) throws FailureException {
    if (reply instanceof Reply.Told<T> told) {
      return told.value();
    }
    boolean refused = reply instanceof Reply.Refused<T>;
    if (refused) {
      throw failed("the host does not tell (NACK): it must allow this VM's queries");
    }
    complain(Answer.TIMED_OUT, what, ports);
    throw new IllegalStateException("not reached");
  }

  private static SortedSet<Integer> vcpus(Parsed parsed) throws FailureException {
    return NumberList.parse(parsed.parameter(0), ThisVm.VCPU_MAX, "vCPUs");
  }

  /** What {@code on} and {@code off} say. */
  static boolean isOn(String word) throws FailureException {
    return switch (word) {
      case "on" -> true;
      case "off" -> false;
      default -> throw usage("'" + word + "' is neither on nor off");
    };
  }

  private static String version() {
    @Nullable String version = Guest.class.getPackage().getImplementationVersion();
    return version == null ? "(not packaged)" : version;
  }

  private static FailureException usage(String line) {
    return new FailureException(FailureException.USAGE, line + "; try --help");
  }

  private static FailureException failed(String line) {
    return new FailureException(FailureException.FAILED, line);
  }
}
