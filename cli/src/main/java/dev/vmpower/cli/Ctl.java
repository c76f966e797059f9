package dev.vmpower.cli;

import dev.vmpower.cli.Grammar.Option;
import dev.vmpower.cli.Grammar.Parsed;
import dev.vmpower.cli.Grammar.Phrase;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The program {@code vmpowerctl}: one call of the daemon's control socket per run. */
public final class Ctl {
  private static final String PROGRAM = "vmpowerctl";
  private static final String SOCKET = "/run/vmpower/control.sock";

  private static final int HTTP_OK = 200;
  private static final int HTTP_BAD_REQUEST = 400;

  /** How an answer is shown. */
  private enum Screen {
    VMS,
    CHANNELS,
    CPUS,
    STATUS,
    MODE,
    MESSAGE
  }

  /**
   * One command.
   *
   * @param fields the names of the request's fields, in the order of the parameters; null for a GET
   */
  private record Call(Phrase phrase, String path, @Nullable List<String> fields, Screen screen) {}

  private static final List<Call> CALLS =
      List.of(
          get("vm list", "/v1/vms", Screen.VMS, "List the VMs and where their vCPUs may run."),
          get("channel list", "/v1/channels", Screen.CHANNELS, "List the channels of all VMs."),
          channels("enable", "Let requests on channels count again."),
          channels("disable", "Refuse requests on channels; what they had stays in force."),
          get("cpu list", "/v1/cpus", Screen.CPUS, "List the pCPUs, their targets, and why."),
          post(
              new Phrase(
                  "cpu set",
                  List.of("CPUS", "LEVEL"),
                  "Hold pCPUs at a level, whatever their VMs ask for, until they are released.",
                  List.of("cpu set 2-3 max", "cpu set 0xf0 1800000")),
              "/v1/cpus/set",
              List.of("cpus", "level"),
              Screen.CPUS),
          post(
              new Phrase(
                  "cpu release",
                  List.of("CPUS"),
                  "Release what was held: votes count again.",
                  List.of("cpu release 2-3")),
              "/v1/cpus/release",
              List.of("cpus"),
              Screen.CPUS),
          post(
              new Phrase(
                  "cpu reclaim",
                  List.of("CPUS"),
                  "Take pCPUs back from another program that changed their governor or limits.",
                  List.of("cpu reclaim 4-7")),
              "/v1/cpus/reclaim",
              List.of("cpus"),
              Screen.CPUS),
          post(
              new Phrase(
                  "pin",
                  List.of("VM", "VCPU", "CPUS"),
                  "Change where a vCPU may run.",
                  List.of("pin vm0 1 4-5")),
              "/v1/pin",
              List.of("vm", "vcpu", "cpus"),
              Screen.MESSAGE),
          get("status", "/v1/status", Screen.STATUS, "Show the daemon as a whole."),
          post(
              plain("pause", "Give all pCPUs back and only observe, until resume."),
              "/v1/pause",
              List.of(),
              Screen.MODE),
          post(plain("resume", "Act again after a pause."), "/v1/resume", List.of(), Screen.MODE),
          post(
              plain("reload", "Read the configuration again."),
              "/v1/reload",
              List.of(),
              Screen.MESSAGE),
          get("version", "", Screen.MESSAGE, "Show the version of this program."));

  private static final Map<String, String> GLOSSARY =
      Map.of(
          "vm", "See what VMs there are.",
          "channel", "See channels, and whether their requests count.",
          "cpu", "See what pCPUs do, and hold them at a level by hand.",
          "CPUS", "pCPUs: a list such as 0-3,8 or a mask such as 0xff.",
          "LEVEL", "max, min, up (one step), down (one step), or a number of kHz.",
          "VM", "The name of a VM.",
          "VCPU", "The number of one of its vCPUs.",
          "CHANNELS", "Channel numbers such as 0-1, or all.");

  private static final List<Option> OPTIONS =
      List.of(
          new Option(List.of("--socket"), "PATH", "The daemon's control socket; " + SOCKET + "."),
          new Option(
              List.of("-o", "--output"), "FORMAT", "json for what the daemon says; else a table."));

  private final PrintStream out;
  private final Style style;

  private Ctl(PrintStream out, Style style) {
    this.out = out;
    this.style = style;
  }

  /** Runs one command and ends with 0, 1 (refused, or no daemon) or 2 (wrong usage). */
  public static void main(String[] arguments) {
    PrintStream out =
        new PrintStream(new FileOutputStream(FileDescriptor.out), false, System.out.charset());
    int status = run(arguments, out, System.err, Style.ofStdout(System.getenv()));
    out.flush();
    Runtime.getRuntime().halt(status);
  }

  static int run(String[] arguments, PrintStream out, PrintStream err, Style style) {
    try {
      new Ctl(out, style).obey(arguments);
      return 0;
    } catch (FailureException failure) {
      err.println(PROGRAM + ": " + failure.line());
      return failure.status();
    }
  }

  private void obey(String[] arguments) throws FailureException {
    List<Phrase> phrases = new ArrayList<>();
    for (Call call : CALLS) {
      phrases.add(call.phrase());
    }
    Parsed parsed =
        new Grammar(PROGRAM, "Controls the daemon vmpowerd.", phrases, GLOSSARY, OPTIONS)
            .parse(arguments, out, style.colour());
    if (parsed == null) {
      return;
    }
    for (Call call : CALLS) {
      if (call.phrase().words().equals(parsed.words())) {
        perform(call, parsed);
      }
    }
  }

  private void perform(Call call, Parsed parsed) throws FailureException {
    boolean json = wantsJson(parsed);
    if (call.path().isEmpty()) {
      String version = Ctl.class.getPackage().getImplementationVersion();
      version = version == null ? "development" : version;
      out.println(json ? "{\"version\":" + Json.quote(version) + "}" : PROGRAM + " " + version);
      return;
    }
    String socket = parsed.option("--socket");
    ControlClient.Answer answer =
        new ControlClient(Path.of(socket == null ? SOCKET : socket))
            .ask(call.path(), body(call, parsed));
    if (answer.status() != HTTP_OK) {
      throw new FailureException(
          answer.status() == HTTP_BAD_REQUEST ? FailureException.USAGE : FailureException.FAILED,
          errorOf(answer));
    }
    if (json) {
      out.writeBytes(answer.body());
    } else {
      out.print(screen(call.screen(), Json.read(answer.body())));
    }
  }

  private static boolean wantsJson(Parsed parsed) throws FailureException {
    String format = parsed.option("-o");
    if (format == null) {
      return false;
    }
    if (!format.equals("json")) {
      throw new FailureException(
          FailureException.USAGE, "'" + format + "' is no output format: leave it out, or -o json");
    }
    return true;
  }

  private static @Nullable String body(Call call, Parsed parsed) throws FailureException {
    List<String> fields = call.fields();
    if (fields == null) {
      return null;
    }
    StringBuilder body = new StringBuilder("{");
    for (int i = 0; i < fields.size(); i++) {
      String name = fields.get(i);
      String value = parsed.parameter(i);
      body.append(i == 0 ? "" : ",").append(Json.quote(name)).append(':');
      body.append(name.equals("vcpu") ? number(value) : Json.quote(value));
    }
    return body.append('}').toString();
  }

  private static String number(String digits) throws FailureException {
    try {
      return Integer.toString(Integer.parseUnsignedInt(digits));
    } catch (NumberFormatException notANumber) {
      throw new FailureException(
          FailureException.USAGE, "'" + digits + "' is no vCPU number such as 0");
    }
  }

  private static String errorOf(ControlClient.Answer answer) throws FailureException {
    String line = Row.of(Json.read(answer.body())).text("error");
    return line.isEmpty() ? "the daemon answers with HTTP status " + answer.status() : line;
  }

  private String screen(Screen screen, @Nullable Object json) throws FailureException {
    Screens screens = new Screens(style);
    return switch (screen) {
      case VMS -> screens.vms(json);
      case CHANNELS -> screens.channels(json);
      case CPUS -> screens.cpus(json);
      case STATUS -> screens.status(json);
      case MODE -> Screens.mode(json);
      case MESSAGE -> Screens.message(json);
    };
  }

  private static Call get(String words, String path, Screen screen, String description) {
    return new Call(plain(words, description), path, null, screen);
  }

  private static Call post(Phrase phrase, String path, List<String> fields, Screen screen) {
    return new Call(phrase, path, fields, screen);
  }

  private static Call channels(String verb, String description) {
    return post(
        new Phrase(
            "channel " + verb,
            List.of("VM", "CHANNELS"),
            description,
            List.of("channel " + verb + " vm0 0-1", "channel " + verb + " vm0 all")),
        "/v1/channels/" + verb,
        List.of("vm", "channels"),
        Screen.CHANNELS);
  }

  private static Phrase plain(String words, String description) {
    return new Phrase(words, List.of(), description, List.of(words));
  }
}
