package dev.vmpower.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import org.jline.terminal.Attributes;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;
import org.jline.terminal.Terminal.Signal;
import org.jline.utils.NonBlockingReader;
import org.jspecify.annotations.Nullable;

/**
 * The host's pCPUs and VMs on the whole of a terminal, anew each second, until {@code q}.
 *
 * <p>One thread asks the daemon, so that keys are obeyed also while it does not answer; the other
 * draws and reads keys. Where the daemon is away the last figures stay, and it is said that they
 * do. However this ends, the terminal is as it was before.
 */
final class Top {
  private static final String ASKED = "/v1/overview";
  private static final int PATIENCE_MS = 2_000;
  private static final long EVERY_MS = 1_000;

  /** How long a key is waited for before the screen is looked at again. */
  private static final long KEY_MS = 100;

  /** How long the rest of a special key may take. */
  private static final long REST_MS = 20;

  private static final int ESCAPE = 27;
  private static final int HTTP_OK = 200;
  private static final DateTimeFormatter TIME = DateTimeFormatter.ISO_LOCAL_TIME;

  /** What is known: the last figures, and what keeps newer ones from coming. */
  private record Known(TopSample sample, String trouble) {}

  private final ControlClient client;
  private final Style style;
  private final TopState state = new TopState();
  private volatile Known known;
  private volatile boolean over;
  private volatile boolean resized = true;

  /**
   * Asks for the first figures.
   *
   * @throws FailureException if there is no daemon that answers
   */
  Top(String socket, Style style) throws FailureException {
    this.client = new ControlClient(Field.path(socket), PATIENCE_MS);
    this.style = style;
    this.known = new Known(ask(null), "");
  }

  private TopSample ask(@Nullable TopSample before) throws FailureException {
    ControlClient.Answer answer = client.ask(ASKED, null);
    Object json = Json.read(answer.body());
    if (answer.status() != HTTP_OK) {
      throw new FailureException(FailureException.FAILED, Row.of(json).text("error"));
    }
    return new TopSample(json, System.nanoTime(), before);
  }

  /**
   * Shows it until the user ends it.
   *
   * @throws FailureException if there is no terminal
   */
  void run(Map<String, String> environment) throws FailureException {
    Thread asking = new Thread(this::keepAsking, "asking");
    asking.setDaemon(true);
    try (Terminal terminal = ShellTerminal.terminal(environment)) {
      Attributes before = terminal.enterRawMode();
      Runtime.getRuntime().addShutdownHook(new Thread(this::leave, "leave"));
      terminal.handle(Signal.INT, signal -> over = true);
      terminal.handle(Signal.WINCH, signal -> resized = true);
      asking.start();
      try {
        terminal.writer().print(Frames.ENTER);
        show(terminal);
      } finally {
        over = true;
        restore(terminal, before);
      }
    } catch (IOException broken) {
      throw new FailureException(
          FailureException.FAILED, "cannot use the terminal: " + broken.getMessage());
    }
  }

  /** At a signal: JLine gives the terminal's settings back by itself, but not its screen. */
  private void leave() {
    over = true;
    try (FileOutputStream out = new FileOutputStream(FileDescriptor.out)) {
      out.write(Frames.LEAVE.getBytes(StandardCharsets.US_ASCII));
    } catch (IOException gone) {
      // There is no terminal any more.
    }
  }

  private static void restore(Terminal terminal, Attributes before) {
    terminal.writer().print(Frames.LEAVE);
    terminal.writer().flush();
    terminal.setAttributes(before);
  }

  private void show(Terminal terminal) throws IOException {
    Frames frames = new Frames(style);
    NonBlockingReader keys = terminal.reader();
    Size size = terminal.getSize();
    while (!over) {
      if (resized) {
        resized = false;
        size = terminal.getSize(); // may run a program
      }
      int width = Math.max(size.getColumns(), 1);
      int height = Math.max(size.getRows(), 1);
      Known now = known;
      String time =
          TIME.format(LocalTime.now(ZoneId.systemDefault()).truncatedTo(ChronoUnit.SECONDS));
      boolean unicode = style.ellipsis().equals("…");
      String frame =
          frames.next(
              TopPage.of(now.sample(), state, now.trouble(), time, unicode, width, height),
              width,
              height);
      if (!frame.isEmpty()) {
        terminal.writer().print(frame);
        terminal.writer().flush();
      }
      String key = key(keys);
      over |= key == null || !state.press(key, height / 2);
    }
  }

  /** A key; empty for none yet, null where the terminal is gone. */
  private static @Nullable String key(NonBlockingReader keys) throws IOException {
    int first = keys.read(KEY_MS);
    if (first == NonBlockingReader.READ_EXPIRED) {
      return "";
    }
    if (first < 0) {
      return null;
    }
    if (first != ESCAPE) {
      return Character.toString(first);
    }
    int bracket = keys.read(REST_MS);
    int last = bracket == '[' || bracket == 'O' ? keys.read(REST_MS) : 0;
    if (Character.isDigit(last) && keys.read(REST_MS) != '~') {
      return "";
    }
    return switch (last) {
      case 'A' -> "up";
      case 'B' -> "down";
      case 'H', '1', '7' -> "home";
      case 'F', '4', '8' -> "end";
      case '5' -> "page-up";
      case '6' -> "page-down";
      default -> "";
    };
  }

  private void keepAsking() {
    while (!over) {
      TopSample before = known.sample();
      boolean wasAway = !known.trouble().isEmpty();
      try {
        Thread.sleep(EVERY_MS);
        known = new Known(ask(wasAway ? null : before), "");
      } catch (FailureException away) {
        known = new Known(before, "trying again: " + away.line());
      } catch (InterruptedException ended) {
        return;
      }
    }
  }
}
