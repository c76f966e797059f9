package dev.vmpower.host.control;

import dev.vmpower.host.control.Rights.Right;
import dev.vmpower.machine.socket.PeerCredentials;
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
 * Lets in whoever may at least look and finds a seat. Others are told why not before Jetty sees
 * them: they cost neither one of its connections nor a thread.
 *
 * <p>A connection that is turned away is closed a moment later: closed at once, its client would
 * fail in sending its request and not read the answer.
 */
final class Door {
  /** Those turned away whose connections are still open; one more, and the first is closed. */
  static final int LINGERING_MAX = 16;

  private static final int LINGER_MS = 1_000;

  private static final String FULL =
      "all connections are busy with the requests of others: try again in a moment";

  private final Rights rights;
  private final Seats seats;
  private final SparingLog strangers = new SparingLog();
  private final SparingLog full = new SparingLog();
  private final Scheduler scheduler;
  private final ArrayDeque<SocketChannel> lingering = new ArrayDeque<>();

  Door(Rights rights, Seats seats, Scheduler scheduler) {
    this.rights = rights;
    this.seats = seats;
    this.scheduler = scheduler;
  }

  /** Whether {@code connection} may come in; if not, it has been dealt with. */
  boolean admits(SocketChannel connection) {
    Right right = rights.of(connection);
    if (right == Right.NONE) {
      strangers.say(scheduler, () -> who(connection) + " was turned away: " + rights.nothing());
      turnAway(connection, "403 Forbidden", rights.nothing());
      return false;
    }
    if (!seats.take(connection, right)) {
      full.say(scheduler, () -> who(connection) + " was turned away: " + FULL);
      turnAway(connection, "503 Service Unavailable", FULL);
      return false;
    }
    return true;
  }

  // By number: the name of a user may have to come from far away.
  private static String who(SocketChannel connection) {
    try {
      PeerCredentials peer = PeerCredentials.of(connection);
      return "uid " + peer.uid() + " (pid " + peer.pid() + ")";
    } catch (IOException gone) {
      return "somebody who has left";
    }
  }

  private void turnAway(SocketChannel connection, String status, String why) {
    try {
      // A new socket has room for so little.
      connection.write(ByteBuffer.wrap(answer(status, why)));
      connection.shutdownOutput();
      linger(connection);
    } catch (IOException gone) {
      IO.close(connection);
    }
  }

  private static byte[] answer(String status, String why) {
    byte[] body = Json.write(Map.of("error", why));
    String head =
        ("HTTP/1.1 " + status + "\r\nContent-Type: application/json\r\nConnection: close\r\n")
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
