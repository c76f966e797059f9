package dev.vmpower.host.control;

import dev.vmpower.host.control.ControlServer.Farewell;
import dev.vmpower.host.control.Routes.Found;
import dev.vmpower.host.control.Routes.Route;
import dev.vmpower.host.feed.Reader;
import dev.vmpower.host.metrics.Page;
import dev.vmpower.host.monitor.Verb;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.Promise;
import org.eclipse.jetty.util.thread.Scheduler;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One request: its body is awaited, then its answer, and neither holds a thread.
 *
 * <p>Answers come from the monitor's thread, which must not write JSON: they go on in one of the
 * server's.
 */
final class ControlHandler extends Handler.Abstract {
  static final Logger LOG = LoggerFactory.getLogger("vmpower.control");

  static final int BODY_BYTES_MAX = 64 << 10;

  /** For the body to come, and then for the answer. */
  static final int WAIT_S_MAX = 10;

  static final int OK = 200;

  private static final HttpField JSON = new HttpField(HttpHeader.CONTENT_TYPE, "application/json");

  private final Routes routes;
  private final Rights rights;
  private final Seats seats;
  private final SparingLog mayNot = new SparingLog();
  private final EventStreams streams;
  private final Executor threads;
  private final int waitS;

  ControlHandler(
      Routes routes,
      Rights rights,
      Seats seats,
      EventStreams streams,
      Executor threads,
      int waitS) {
    this.routes = routes;
    this.rights = rights;
    this.seats = seats;
    this.streams = streams;
    this.threads = threads;
    this.waitS = waitS;
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) {
    Exchange exchange = new Exchange(request, response, callback);
    exchange.sit();
    try {
      Found found = routes.find(request.getMethod(), request.getHttpURI().getPath());
      if (request.getHttpURI().getQuery() != null) {
        throw new RequestException(
            RequestException.BAD_REQUEST,
            found.route().path() + " takes nothing after a question mark");
      }
      exchange.requireRight(found.route());
      exchange.begin(found);
    } catch (RequestException refused) {
      exchange.refuse(refused);
    }
    return true;
  }

  /** Answers what is no HTTP, or breaks a limit before there is a request to handle. */
  static boolean answerBrokenHttp(Request request, Response response, Callback callback) {
    Object reason = request.getAttribute(ErrorHandler.ERROR_MESSAGE);
    String line = reason == null ? "this is no HTTP request that can be served" : reason.toString();
    write(response, callback, Map.of("error", line));
    return true;
  }

  /** Answers with an error in one line. */
  static void refuse(RequestException refused, Response response, Callback callback) {
    response.setStatus(refused.status());
    write(response, callback, Map.of("error", refused.line()));
  }

  private static RequestException tooLarge() {
    return new RequestException(
        RequestException.TOO_LARGE, "the body has more than " + BODY_BYTES_MAX + " bytes");
  }

  private static void write(Response response, Callback callback, Object answer) {
    byte[] text = Json.write(answer);
    response.getHeaders().put(JSON);
    response.getHeaders().put(HttpHeader.CONTENT_LENGTH, text.length);
    response.write(true, ByteBuffer.wrap(text), callback);
  }

  /** A request on its way to its answer. */
  private final class Exchange {
    private final Request request;
    private final Response response;
    private final Callback callback;
    private @Nullable Caller caller;
    private String asked = "";

    Exchange(Request request, Response response, Callback callback) {
      this.request = request;
      this.response = response;
      this.callback = callback;
    }

    /** From its head to the end of its answer, a request keeps its connection. */
    void sit() {
      Object transport = connection().getEndPoint().getTransport();
      seats.busy(transport, true);
      Request.addCompletionListener(request, failed -> seats.busy(transport, false));
    }

    /** Whoever came through the door may look; the body of one who may not change is not read. */
    void requireRight(Route route) throws RequestException {
      Object transport = connection().getEndPoint().getTransport();
      if (route.changes()
          && (!(transport instanceof SocketChannel socket)
              || rights.of(socket).compareTo(Rights.Right.CHANGE) < 0)) {
        mayNot.say(
            request.getComponents().getScheduler(),
            () -> Caller.of(transport) + ": " + route.path() + ": " + rights.lookOnly());
        throw new RequestException(RequestException.FORBIDDEN, rights.lookOnly());
      }
    }

    void begin(Found found) {
      CompletableFuture<byte[]> body = body();
      within(body, RequestException.TOO_SLOW, "the body did not come whole");
      CompletableFuture<?> answer = body.thenComposeAsync(bytes -> ask(found, bytes), threads);
      var unused = answer.whenCompleteAsync(this::answered, threads);
    }

    private CompletableFuture<byte[]> body() {
      CompletableFuture<byte[]> body = new CompletableFuture<>();
      Content.Source.asByteArrayAsync(
          request,
          BODY_BYTES_MAX,
          Promise.Invocable.from(
              InvocationType.NON_BLOCKING,
              body::complete,
              failed ->
                  body.completeExceptionally(
                      failed instanceof IllegalStateException
                          ? tooLarge()
                          : new RequestException(
                              RequestException.BAD_REQUEST, "the body did not come whole"))));
      return body;
    }

    private CompletableFuture<?> ask(Found found, byte[] body) {
      Route route = found.route();
      try {
        Arguments arguments = new Arguments(Json.readObject(body), found);
        String who = "";
        if (route.changes()) {
          caller = Caller.of(connection().getEndPoint().getTransport());
          who = caller.toString();
          asked = route.path() + " " + arguments;
        }
        CompletableFuture<?> answer = route.action().begin(arguments, who);
        within(answer, RequestException.UNAVAILABLE, "no answer, so it may yet be done");
        return answer;
      } catch (RequestException refused) {
        return CompletableFuture.failedFuture(refused);
      }
    }

    private Connection connection() {
      return request.getConnectionMetaData().getConnection();
    }

    private void within(CompletableFuture<?> awaited, int status, String otherwise) {
      RequestException late = new RequestException(status, otherwise + ", within " + waitS + " s");
      Scheduler.Task timer =
          request
              .getComponents()
              .getScheduler()
              .schedule(() -> awaited.completeExceptionally(late), waitS, TimeUnit.SECONDS);
      var unused = awaited.whenComplete((done, failed) -> timer.cancel());
    }

    private void answered(@Nullable Object answer, @Nullable Throwable failed) {
      try {
        if (answer == null) {
          refuse(asRefusal(failed));
        } else if (answer instanceof Reader reader) {
          streams.begin(reader, request, response, callback);
        } else if (answer instanceof Page page) {
          writeMetrics(page);
        } else {
          log("done");
          response.setStatus(OK);
          if (answer instanceof Farewell last) {
            Callback ended = Callback.from(callback, last.then());
            write(response, ended, new Routes.Message(last.message()));
          } else {
            write(response, callback, answer);
          }
        }
      } catch (RuntimeException bug) {
        LOG.error("{} was not answered", request.getHttpURI(), bug);
        callback.failed(bug);
      }
    }

    private void writeMetrics(Page page) {
      String type = Page.type(request.getHeaders().get(HttpHeader.ACCEPT));
      byte[] text = page.text(type).getBytes(StandardCharsets.UTF_8);
      response.setStatus(OK);
      response.getHeaders().put(HttpHeader.CONTENT_TYPE, type);
      response.getHeaders().put(HttpHeader.CONTENT_LENGTH, text.length);
      response.write(true, ByteBuffer.wrap(text), callback);
    }

    /** Who changed what, or was refused to; those who only look are not logged. */
    private void log(String outcome) {
      if (caller != null) {
        LOG.atInfo()
            .addKeyValue("user", caller.user())
            .addKeyValue("pid", caller.pid())
            .addKeyValue("asked", asked)
            .addKeyValue("outcome", outcome)
            .log("{}: {}: {}", caller, asked, outcome);
      }
    }

    void refuse(RequestException refused) {
      log(refused.line());
      ControlHandler.refuse(refused, response, callback);
    }

    private RequestException asRefusal(@Nullable Throwable failed) {
      Throwable cause = failed instanceof CompletionException ? failed.getCause() : failed;
      if (cause instanceof RequestException itself) {
        return itself;
      }
      if (cause instanceof Verb.RefusedException) {
        return new RequestException(RequestException.CONFLICT, String.valueOf(cause.getMessage()));
      }
      if (cause instanceof IllegalStateException) {
        return new RequestException(
            RequestException.UNAVAILABLE, String.valueOf(cause.getMessage()));
      }
      LOG.error("{} failed", request.getHttpURI(), cause);
      return new RequestException(
          RequestException.BROKEN, "the daemon failed on this request: see its log");
    }
  }
}
