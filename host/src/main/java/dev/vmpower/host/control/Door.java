package dev.vmpower.host.control;

import dev.vmpower.host.control.Rights.Right;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.util.IO;
import org.eclipse.jetty.util.thread.Scheduler;

/**
 * Lets in whoever may at least look. Others are told why not before Jetty sees them: they cost
 * neither one of its connections nor a thread.
 *
 * <p>A connection that is turned away is closed a moment later: closed at once, its client would
 * fail in sending its request and not read the answer.
 */
final class Door {
  /** Those turned away whose connections are still open; one more, and the first is closed. */
  static final int LINGERING_MAX = 16;

  private static final int LINGER_MS = 1_000;

  private final Rights rights;
  private final Scheduler scheduler;
  private final ArrayDeque<SocketChannel> lingering = new ArrayDeque<>();

  Door(Rights rights, Scheduler scheduler) {
    this.rights = rights;
    this.scheduler = scheduler;
  }

  /** Whether {@code connection} may come in; if not, it has been dealt with. */
  boolean admits(SocketChannel connection) {
    if (rights.of(connection) != Right.NONE) {
      return true;
    }
    try {
      // A new socket has room for so little.
      connection.write(ByteBuffer.wrap(answer()));
      connection.shutdownOutput();
      linger(connection);
    } catch (IOException gone) {
      IO.close(connection);
    }
    return false;
  }

  private byte[] answer() {
    byte[] body = Json.write(Map.of("error", rights.nothing()));
    String head =
        "HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nConnection: close\r\n"
            + ("Content-Length: " + body.length + "\r\n\r\n");
    return (head + new String(body, StandardCharsets.UTF_8)).getBytes(StandardCharsets.UTF_8);
  }

  private synchronized void linger(SocketChannel connection) {
    lingering.addLast(connection);
    if (lingering.size() > LINGERING_MAX) {
      IO.close(lingering.removeFirst());
    }
    scheduler.schedule(() -> close(connection), LINGER_MS, TimeUnit.MILLISECONDS);
  }

  private synchronized void close(SocketChannel connection) {
    IO.close(connection);
    lingering.remove(connection);
  }

  /** Ends the connections of all who were turned away. */
  synchronized void close() {
    lingering.forEach(IO::close);
    lingering.clear();
  }
}
