package dev.vmpower.cli;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;

/**
 * Events as they happen, each a line or a JSON object, until the user ends it. Where the daemon
 * goes away it is looked for each second; what happened meanwhile nobody knows, and that is said.
 */
final class Watch {
  private static final long AGAIN_MS = 1_000;

  private final ControlClient client;
  private final EventFilter filter;
  private final boolean json;
  private final PrintStream out;
  private final PrintStream err;

  private boolean everConnected;
  private boolean away;
  private @Nullable Instant lostAt;
  private String type = "";

  Watch(ControlClient client, EventFilter filter, boolean json, PrintStream out, PrintStream err) {
    this.client = client;
    this.filter = filter;
    this.json = json;
    this.out = out;
    this.err = err;
  }

  /**
   * Follows until nobody reads what is written.
   *
   * @throws FailureException if there is no daemon to begin with
   */
  void run() throws FailureException {
    while (true) {
      try {
        client.follow("/v1/events", this::take);
        if (out.checkError()) {
          return;
        }
        lost("the daemon ended the stream");
      } catch (FailureException failure) {
        if (!everConnected) {
          throw failure;
        }
        lost(failure.line());
      }
      try {
        Thread.sleep(AGAIN_MS);
      } catch (InterruptedException ended) {
        return;
      }
    }
  }

  private void lost(String why) {
    if (!away) {
      away = true;
      lostAt = Instant.now();
      err.println(Ctl.PROGRAM + ": " + why + "; trying again");
    }
  }

  /** A line of the stream: {@code event: TYPE}, {@code data: JSON}, or a comment. */
  private boolean take(String line) throws FailureException {
    if (!everConnected || away) {
      begin();
    }
    if (line.startsWith("event: ")) {
      type = line.substring(7);
    } else if (line.startsWith("data: ")) {
      String data = line.substring(6);
      Row event = Row.of(Json.read(data.getBytes(StandardCharsets.UTF_8)));
      if (type.equals("cut_off")) {
        err.println(Ctl.PROGRAM + ": " + event.text("message"));
      } else if (filter.wants(type, event)) {
        print(type, event, data);
      }
    }
    return !out.checkError(); // which also flushes
  }

  private void begin() {
    Instant lost = lostAt;
    if (lost != null) {
      Instant now = Instant.now().truncatedTo(ChronoUnit.MILLIS);
      String from = lost.truncatedTo(ChronoUnit.MILLIS).toString();
      if (json) {
        out.println("{\"type\":\"missed\",\"from\":\"" + from + "\",\"to\":\"" + now + "\"}");
      } else {
        out.println(now + " missed   what happened since " + from);
      }
    }
    everConnected = true;
    away = false;
    lostAt = null;
  }

  private void print(String type, Row event, String data) {
    if (json) {
      String rest = data.startsWith("{") ? data.substring(1) : data;
      out.println("{\"type\":" + Json.quote(type) + "," + rest);
      return;
    }
    String pad = " ".repeat(Math.max(1, 9 - type.length()));
    out.println(event.text("at") + " " + type + pad + words(type, event));
  }

  private static String words(String type, Row event) {
    return switch (type) {
      case "vote" ->
          vcpu(event)
              + (event.is("claimed")
                  ? " " + Screens.level(event.text("vote")) + ", " + event.text("source")
                  : " has no claim")
              + (event.is("turbo") ? "" : ", no turbo");
      case "target" ->
          "policy"
              + event.text("domain")
              + " (pCPUs "
              + event.text("cpus")
              + ") "
              + (event.has("target_khz") ? event.megahertz("target_khz") + " MHz" : "given back")
              + ": "
              + event.text("why");
      case "channel" ->
          event.text("vm") + " channel " + event.text("channel") + " " + event.text("state");
      case "vm" -> event.text("vm") + " " + event.text("state");
      case "refusal" ->
          vcpu(event)
              + (event.has("channel") ? " channel " + event.text("channel") : "")
              + " "
              + event.text("reason")
              + (event.number("count") == 1 ? "" : ", " + event.text("count") + " times");
      case "policy" ->
          event.text("name")
              + " "
              + event.text("what")
              + (event.has("level") ? ", " + event.text("level") : "");
      case "hold" ->
          "pCPUs "
              + event.text("cpus")
              + (event.has("level")
                  ? " held at " + Screens.level(event.text("level"))
                  : " released, which were held")
              + " by "
              + event.text("who");
      case "conflict" ->
          "policy"
              + event.text("domain")
              + " (pCPUs "
              + event.text("cpus")
              + ") "
              + event.text("state")
              + ": "
              + event.text("what");
      case "status" -> "mode " + event.text("mode");
      default -> event.toString();
    };
  }

  private static String vcpu(Row event) {
    return event.text("vm") + (event.has("vcpu") ? "/" + event.text("vcpu") : "");
  }
}
