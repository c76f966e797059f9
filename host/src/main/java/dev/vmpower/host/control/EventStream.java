package dev.vmpower.host.control;

import dev.vmpower.host.feed.Feed.Numbered;
import dev.vmpower.host.feed.Reader;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.EofException;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.IteratingCallback;
import org.eclipse.jetty.util.thread.Scheduler;
import org.jspecify.annotations.Nullable;

/**
 * One reader's changes on their way out as server-sent events. No thread waits for the client: one
 * write at a time is under way, the next one takes what has come meanwhile, and {@link #iterate}
 * begins anew where there was nothing.
 *
 * <p>It ends when the client hangs up, which is noticed at once; when the reader was too slow, with
 * an event that says so; and with {@link #end}.
 */
final class EventStream extends IteratingCallback {
  /** What goes out in one write, but for the last event of it. */
  private static final int WRITE_BYTES = 32 << 10;

  /** What is read at once, to be ignored, from one who should only listen. */
  private static final int HEARD_BYTES = 1 << 10;

  private static final int KEEP_ALIVE_S = 15;

  private static final HttpField EVENTS =
      new HttpField(HttpHeader.CONTENT_TYPE, "text/event-stream");
  private static final HttpField NO_STORE = new HttpField(HttpHeader.CACHE_CONTROL, "no-store");
  private static final HttpField CLOSE = new HttpField(HttpHeader.CONNECTION, "close");

  /** So that a client can tell the end from a break. */
  private static final HttpField CHUNKED = new HttpField(HttpHeader.TRANSFER_ENCODING, "chunked");

  private static final byte[] BEGIN = bytes(": changes from now on\n\n");
  private static final byte[] KEEP_ALIVE = bytes(": nothing new\n\n");
  private static final byte[] CUT_OFF =
      bytes(
          "event: cut_off\ndata: "
              + new String(
                  Json.write(
                      Map.of(
                          "message",
                          "you read too slowly, and more than "
                              + Reader.CHANGES_MAX
                              + " events waited: connect again, and look at what there is now")),
                  StandardCharsets.UTF_8)
              + "\n");

  private final Reader reader;
  private final Response response;
  private final Callback callback;
  private final Consumer<EventStream> ended;
  private final EndPoint endPoint;
  private final Scheduler scheduler;

  private boolean begun;
  private boolean lastWritten;
  private volatile boolean quiet;
  private volatile boolean ending;
  private volatile boolean over;
  private volatile Scheduler.@Nullable Task keepAlive;

  /**
   * Prepares to send what {@code reader} gets.
   *
   * @param ended is told when it has ended, for whatever reason
   */
  EventStream(
      Reader reader,
      Request request,
      Response response,
      Callback callback,
      Consumer<EventStream> ended) {
    this.reader = reader;
    this.response = response;
    this.callback = callback;
    this.ended = ended;
    this.endPoint = request.getConnectionMetaData().getConnection().getEndPoint();
    this.scheduler = request.getComponents().getScheduler();
  }

  /** Sets the head, which goes out with the first that there is; before anybody iterates. */
  void prepare() {
    response.setStatus(200);
    response.getHeaders().put(EVENTS);
    response.getHeaders().put(NO_STORE);
    response.getHeaders().put(CLOSE);
    response.getHeaders().put(CHUNKED);
  }

  /** Sends what there is, from now on. */
  void begin() {
    scheduleKeepAlive();
    awaitHangUp();
    iterate();
  }

  /** Ends the stream in good order. */
  void end() {
    ending = true;
    iterate();
  }

  private void scheduleKeepAlive() {
    keepAlive =
        scheduler.schedule(
            () -> {
              quiet = true;
              iterate();
              scheduleKeepAlive();
            },
            KEEP_ALIVE_S,
            TimeUnit.SECONDS);
    if (over) {
      cancelKeepAlive();
    }
  }

  private void cancelKeepAlive() {
    Scheduler.Task task = keepAlive;
    if (task != null) {
      task.cancel();
    }
  }

  /**
   * Whoever follows events has nothing more to say: the socket is readable when they hang up. Jetty
   * itself reads nothing while a request waits for its answer.
   */
  private void awaitHangUp() {
    endPoint.tryFillInterested(Callback.from(this::heard, this::abort));
  }

  private void heard() {
    try {
      ByteBuffer ignored = ByteBuffer.allocate(HEARD_BYTES);
      int filled = endPoint.fill(ignored.flip());
      if (filled < 0) {
        abort(new EofException("the reader hung up"));
      } else {
        awaitHangUp();
      }
    } catch (Exception broke) {
      abort(broke);
    }
  }

  @Override
  protected Action process() {
    if (lastWritten) {
      return Action.SUCCEEDED;
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    if (!begun) {
      begun = true;
      out.writeBytes(BEGIN);
    }
    while (out.size() < WRITE_BYTES) {
      Numbered next = reader.poll();
      if (next == null) {
        break;
      }
      out.writeBytes(
          bytes("id: " + next.number() + "\nevent: " + next.change().type() + "\ndata: "));
      out.writeBytes(Json.write(next.change()));
      out.write('\n');
    }
    if (reader.isCutOff()) {
      out.writeBytes(CUT_OFF);
      lastWritten = true;
    } else if (out.size() == 0 && ending) {
      lastWritten = true;
    } else if (out.size() == 0 && quiet) {
      out.writeBytes(KEEP_ALIVE);
    } else if (out.size() == 0) {
      return Action.IDLE;
    }
    quiet = false;
    response.write(lastWritten, ByteBuffer.wrap(out.toByteArray()), this);
    return Action.SCHEDULED;
  }

  @Override
  protected void onCompleted(@Nullable Throwable failed) {
    over = true;
    cancelKeepAlive();
    reader.close();
    ended.accept(this);
    if (failed == null) {
      callback.succeeded();
    } else {
      callback.failed(failed);
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
