package dev.vmpower.cli;

import dev.vmpower.cli.Grammar.Parsed;
import dev.vmpower.cli.Grammar.Phrase;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The program {@code vmpowerctl}: one call of the daemon's control socket per run. */
public final class Ctl {
  static final String PROGRAM = "vmpowerctl";
  private static final int HTTP_OK = 200;
  private static final int HTTP_BAD_REQUEST = 400;

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
      obey(arguments, out, style);
      return 0;
    } catch (FailureException failure) {
      out.flush();
      err.println(PROGRAM + ": " + failure.line());
      return failure.status();
    }
  }

  /**
   * Does what one command line says.
   *
   * @throws FailureException if that fails; for {@code shell}, of the line that failed
   */
  static void obey(String[] arguments, PrintStream out, Style style) throws FailureException {
    new Ctl(out, style).obey(arguments);
  }

  private void obey(String[] arguments) throws FailureException {
    List<Call> calls = Calls.all();
    List<Phrase> phrases = new ArrayList<>();
    for (Call call : calls) {
      phrases.add(call.phrase());
    }
    Parsed parsed =
        new Grammar(
                PROGRAM, "Controls the daemon vmpowerd.", phrases, Glossary.OF_CTL, Calls.OPTIONS)
            .parse(arguments, out, style.colour());
    if (parsed == null) {
      return;
    }
    for (Call call : calls) {
      if (call.phrase().words().equals(parsed.words())) {
        perform(call, parsed);
      }
    }
  }

  private void perform(Call call, Parsed parsed) throws FailureException {
    boolean json = wantsJson(parsed);
    if (call.isLocal()) {
      local(parsed, json);
      return;
    }
    ControlClient client = new ControlClient(Field.path(socket(parsed)));
    byte[] answer;
    try {
      answer = ask(client, call.target(parsed), call.body(parsed));
    } catch (FailureException failure) {
      throw parsed.words().equals("policy apply") ? inFile(failure, parsed.parameter(0)) : failure;
    }
    if (call.narrows(parsed)) {
      List<?> list = narrow(client, Json.read(answer), parsed.parameter(0));
      out.print(json ? Json.write(list) + "\n" : new Screens(style).show(call.screen(), list));
    } else if (json) {
      out.writeBytes(answer);
    } else {
      out.print(new Screens(style).show(call.screen(), Json.read(answer)));
    }
  }

  private static String socket(Parsed parsed) {
    String socket = parsed.option("--socket");
    return socket == null ? Calls.SOCKET : socket;
  }

  private void local(Parsed parsed, boolean json) throws FailureException {
    switch (parsed.words()) {
      case "check-config" -> out.println(ConfigCheck.of(parsed.parameter(0), json));
      case "shell" -> shell(socket(parsed), json);
      case "top" -> top(socket(parsed), json);
      case "watch" -> watch(parsed, json);
      default -> {
        String version = Ctl.class.getPackage().getImplementationVersion();
        version = version == null ? "development" : version;
        out.println(json ? "{\"version\":" + Json.quote(version) + "}" : PROGRAM + " " + version);
      }
    }
  }

  private void top(String socket, boolean json) throws FailureException {
    if (json || !Style.isTerminal(0) || !Style.isTerminal(1)) {
      throw new FailureException(
          FailureException.USAGE,
          "top needs a terminal: for a script there are watch and cpu list");
    }
    new Top(socket, style).run(System.getenv());
  }

  private void watch(Parsed parsed, boolean json) throws FailureException {
    EventFilter filter =
        new EventFilter(parsed.option("--vm"), parsed.option("--cpu"), parsed.option("--type"));
    ControlClient client = new ControlClient(Field.path(socket(parsed)));
    new Watch(client, filter, json, out, System.err).run();
  }

  private void shell(String socket, boolean json) throws FailureException {
    List<String> options = new ArrayList<>(List.of("--socket", socket));
    if (json) {
      options.addAll(List.of("-o", "json"));
    }
    Shell shell = new Shell(options, out, System.err, style);
    if (Style.isTerminal(0)) {
      new ShellTerminal(shell, Shell.completion(socket)).run(System.getenv(), System.err);
    } else {
      shell.script(System.in);
    }
  }

  private static byte[] ask(ControlClient client, String target, @Nullable String body)
      throws FailureException {
    ControlClient.Answer answer = client.ask(target, body);
    if (answer.status() != HTTP_OK) {
      throw new FailureException(
          answer.status() == HTTP_BAD_REQUEST ? FailureException.USAGE : FailureException.FAILED,
          errorOf(answer));
    }
    return answer.body();
  }

  /** The daemon knows the text of a file, and calls it "policy". */
  private static FailureException inFile(FailureException failure, String file) {
    return failure.line().startsWith("policy:")
        ? new FailureException(FailureException.FAILED, file + failure.line().substring(6))
        : failure;
  }

  /** What of a list is about {@code vm}; where that is nothing, the daemon knows why. */
  private static List<?> narrow(ControlClient client, @Nullable Object json, String vm)
      throws FailureException {
    List<@Nullable Object> kept = new ArrayList<>();
    for (Object item : Row.list(json)) {
      if (Row.of(item).is("vm", vm)) {
        kept.add(item);
      }
    }
    if (kept.isEmpty()) {
      ask(client, Call.path("/v1/vms/", vm), null);
    }
    return kept;
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

  private static String errorOf(ControlClient.Answer answer) throws FailureException {
    String line = Row.of(Json.read(answer.body())).text("error");
    return line.isEmpty() ? "the daemon answers with HTTP status " + answer.status() : line;
  }
}
