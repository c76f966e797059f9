package dev.vmpower.cli;

import dev.vmpower.cli.Grammar.Option;
import dev.vmpower.cli.Grammar.Parsed;
import dev.vmpower.cli.Grammar.Phrase;
import dev.vmpower.guest.GuestPort;
import dev.vmpower.protocol.Command;
import dev.vmpower.protocol.ReplyKind;
import dev.vmpower.protocol.Unit;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.channels.AsynchronousCloseException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The program {@code vmpower-guest}: one request to the host, from inside a VM. */
public final class Guest {
  private static final String PROGRAM = "vmpower-guest";
  private static final String DIRECTORY = "/dev/virtio-ports";

  private static final int VCPU_MAX = 8191;

  /** A host answers within microseconds, or not at all. */
  private static final int PATIENCE_MS = 1000;

  private static final int KHZ_PER_MHZ = 1000;

  private static final List<Phrase> PHRASES =
      List.of(
          phrase("connect", "Say that vCPU N takes part: at its maximum until it asks."),
          phrase("max", "Ask for the highest frequency."),
          phrase("min", "Ask for the lowest frequency."),
          phrase("up", "Ask for one step more."),
          phrase("down", "Ask for one step less."),
          new Phrase(
              "turbo",
              List.of("N", "SWITCH"),
              "Allow turbo and ask for it, or do without.",
              List.of("turbo 0 on", "turbo 0 off")),
          phrase("freq", "Show how fast vCPU N runs."),
          phrase("caps", "Show what vCPU N can do."));

  private static final Map<String, String> GLOSSARY =
      Map.of("N", "The number of a vCPU and of its port.", "SWITCH", "on or off.");

  private static final List<Option> OPTIONS =
      List.of(new Option(List.of("--dir"), "DIR", "Where the ports are; " + DIRECTORY + "."));

  private final PrintStream out;

  private Guest(PrintStream out) {
    this.out = out;
  }

  /** Runs one command and ends with 0, 1 (refused, or no host) or 2 (wrong usage). */
  public static void main(String[] arguments) {
    int status =
        run(arguments, System.out, System.err, Style.ofStdout(System.getenv()), PATIENCE_MS);
    Runtime.getRuntime().halt(status);
  }

  static int run(
      String[] arguments, PrintStream out, PrintStream err, Style style, int patienceMs) {
    try {
      Parsed parsed =
          new Grammar(PROGRAM, "Asks the host for CPU frequency.", PHRASES, GLOSSARY, OPTIONS)
              .parse(arguments, out, style.colour());
      if (parsed != null) {
        new Guest(out).obey(parsed, patienceMs);
      }
      return 0;
    } catch (FailureException failure) {
      err.println(PROGRAM + ": " + failure.line());
      return failure.status();
    }
  }

  private void obey(Parsed parsed, int patienceMs) throws FailureException {
    int vcpu = vcpu(parsed.parameter(0));
    @Nullable Unit unit = unit(parsed);
    String directory = parsed.option("--dir");
    Path path =
        Path.of(directory == null ? DIRECTORY : directory).resolve(GuestPort.NAME_PREFIX + vcpu);
    try (GuestPort port = open(path);
        Patience patience = Patience.with(port, patienceMs)) {
      switch (parsed.words()) {
        case "connect" -> port.connect();
        case "freq" -> port.query(Command.QUERY_FREQ, vcpu);
        case "caps" -> port.query(Command.QUERY_CAPS, vcpu);
        default -> {
          if (unit != null) {
            port.send(unit, vcpu);
          }
        }
      }
      port.receive();
      if (!parsed.words().equals("connect")) {
        show(port, vcpu);
      }
    } catch (GuestPort.HostGoneException gone) {
      throw failed("no host is attached to " + path + ": vmpowerd does not run, or is not told");
    } catch (AsynchronousCloseException late) {
      throw failed("no answer on " + path + " within " + patienceMs + " ms: is vmpowerd attached?");
    } catch (IOException broken) {
      throw failed(path + ": " + broken.getMessage());
    }
  }

  private static GuestPort open(Path path) throws IOException, FailureException {
    try {
      return GuestPort.open(path);
    } catch (NoSuchFileException none) {
      throw failed("there is no port " + path + ": this VM has no such virtio-serial channel");
    } catch (AccessDeniedException denied) {
      throw failed("no permission for " + path + ": be root, or its owner");
    } catch (IOException failed) {
      if (String.valueOf(failed.getMessage()).contains("busy")) {
        throw failed(path + " is busy: another program, such as one that uses DPDK, has it open");
      }
      throw failed;
    }
  }

  private void show(GuestPort port, int vcpu) throws FailureException {
    ReplyKind kind = port.kind();
    switch (kind) {
      case ACK -> {}
      case NACK -> throw failed("the host refuses (NACK); its log and vmpowerctl say why");
      case FREQ_LIST -> {
        int mhz = (port.khz(vcpu) + KHZ_PER_MHZ / 2) / KHZ_PER_MHZ;
        out.println("vCPU " + vcpu + ": " + (mhz == 0 ? "unknown" : mhz + " MHz"));
      }
      case CAPS_LIST ->
          out.println(
              "vCPU "
                  + vcpu
                  + ": turbo "
                  + (port.turbo(vcpu) ? "yes" : "no")
                  + ", priority "
                  + (port.priority(vcpu) ? "yes" : "no"));
      case UNKNOWN -> throw failed("the host answers what this program does not know");
    }
  }

  private static int vcpu(String text) throws FailureException {
    try {
      int vcpu = Integer.parseUnsignedInt(text);
      if (vcpu >= 0 && vcpu <= VCPU_MAX) {
        return vcpu;
      }
    } catch (NumberFormatException notANumber) {
      // Said below.
    }
    throw new FailureException(
        FailureException.USAGE, "'" + text + "' is no number of a vCPU; try --help");
  }

  private static @Nullable Unit unit(Parsed parsed) throws FailureException {
    return switch (parsed.words()) {
      case "max" -> Unit.SCALE_MAX;
      case "min" -> Unit.SCALE_MIN;
      case "up" -> Unit.SCALE_UP;
      case "down" -> Unit.SCALE_DOWN;
      case "turbo" ->
          switch (parsed.parameter(1)) {
            case "on" -> Unit.ENABLE_TURBO;
            case "off" -> Unit.DISABLE_TURBO;
            default ->
                throw new FailureException(
                    FailureException.USAGE,
                    "'" + parsed.parameter(1) + "' is neither on nor off; try --help");
          };
      default -> null;
    };
  }

  private static Phrase phrase(String word, String description) {
    return new Phrase(word, List.of("N"), description, List.of(word + " 0"));
  }

  private static FailureException failed(String line) {
    return new FailureException(FailureException.FAILED, line);
  }
}
