package dev.vmpower.host.control;

import dev.vmpower.fuzz.Lines;
import dev.vmpower.host.control.Routes.Found;
import dev.vmpower.host.feed.Feed;
import dev.vmpower.host.monitor.Verb;
import dev.vmpower.host.view.EnergyView;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;

/**
 * A request becomes a verb, or is refused in one line. A path without a newline is asked for with
 * GET; with one, what follows is the body of a POST.
 */
public final class RequestFuzz {
  private static final Routes ROUTES =
      new Routes(
          new ControlServer.Asker() {
            @Override
            public <T> CompletableFuture<T> ask(Verb<T> verb) {
              return new CompletableFuture<>();
            }
          },
          (vm, vcpu, cpus) -> "",
          () -> {},
          after -> new ControlServer.Farewell("", () -> {}),
          new Unmetered(),
          Runnable::run,
          new EventStreams(new Feed()));

  /** Knows of no energy. */
  private static final class Unmetered implements ControlServer.Meter {
    @Override
    public EnergyView sinceStart() {
      throw new IllegalStateException("there is no meter");
    }

    @Override
    public EnergyView lastHours(int count) {
      throw new IllegalStateException("there is no meter");
    }
  }

  private RequestFuzz() {}

  public static void fuzzerTestOneInput(byte[] bytes) {
    int end = 0;
    while (end < bytes.length && bytes[end] != '\n') {
      end++;
    }
    String path = "/" + new String(bytes, 0, end, StandardCharsets.UTF_8);
    try {
      if (end == bytes.length) {
        begin(ROUTES.find("GET", path), new byte[0]);
      } else {
        begin(ROUTES.find("POST", path), Arrays.copyOfRange(bytes, end + 1, bytes.length));
      }
    } catch (RequestException refused) {
      Lines.check(refused.line());
    }
  }

  private static void begin(Found found, byte[] body) throws RequestException {
    Arguments arguments = new Arguments(Json.readObject(body), found);
    Lines.check(arguments.toString());
    if (found.route().path().equals("/v1/events")) {
      return; // it would keep a reader
    }
    var unused = found.route().action().begin(arguments, "root (pid 1)");
  }
}
