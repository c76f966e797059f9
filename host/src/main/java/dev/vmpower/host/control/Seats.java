package dev.vmpower.host.control;

import dev.vmpower.host.control.Rights.Right;
import java.nio.channels.SocketChannel;
import java.util.LinkedHashMap;
import java.util.Map;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.util.IO;
import org.jspecify.annotations.Nullable;

/**
 * The connections to the control socket. Where all seats are taken, a newcomer gets that of one
 * with a lesser right, or of an equal who is between two requests: so those who look keep nobody
 * out who may change things, and idle connections keep nobody out at all.
 *
 * <p>Of several, one with the least right goes, rather idle than busy, the longest so first.
 */
final class Seats {
  private static final class Seat {
    final Right right;
    boolean busy;
    @Nullable EndPoint endPoint;

    Seat(Right right) {
      this.right = right;
    }
  }

  private final int seatsMax;
  private final Map<Object, Seat> seats = new LinkedHashMap<>();

  Seats(int seatsMax) {
    this.seatsMax = seatsMax;
  }

  /** Gives a newcomer a seat; false if there is none. */
  synchronized boolean take(SocketChannel newcomer, Right right) {
    if (seats.size() >= seatsMax) {
      // Some ended before Jetty had made anything of them.
      seats.keySet().removeIf(seat -> seat instanceof SocketChannel gone && !gone.isOpen());
    }
    if (seats.size() >= seatsMax) {
      Object victim = victim(right);
      if (victim == null) {
        return false;
      }
      end(victim);
    }
    seats.put(newcomer, new Seat(right));
    return true;
  }

  private @Nullable Object victim(Right right) {
    Object victim = null;
    int least = Integer.MAX_VALUE;
    for (Map.Entry<Object, Seat> entry : seats.entrySet()) {
      Seat seat = entry.getValue();
      int rank = 2 * seat.right.ordinal() + (seat.busy ? 1 : 0);
      if (rank < least && rank <= 2 * right.ordinal()) {
        least = rank;
        victim = entry.getKey();
      }
    }
    return victim;
  }

  private void end(Object victim) {
    Seat seat = seats.remove(victim);
    if (seat != null && seat.endPoint != null) {
      seat.endPoint.close();
    } else if (victim instanceof SocketChannel connection) {
      IO.close(connection);
    }
  }

  /** Jetty has made an end point of a connection. */
  synchronized void opened(EndPoint endPoint) {
    Seat seat = seats.get(endPoint.getTransport());
    if (seat != null) {
      seat.endPoint = endPoint;
    }
  }

  /** A connection has ended. */
  synchronized void left(EndPoint endPoint) {
    seats.remove(endPoint.getTransport());
  }

  /** A connection's request has its head, or its answer is sent: then it waits in line anew. */
  synchronized void busy(Object transport, boolean busy) {
    Seat seat = seats.remove(transport);
    if (seat != null) {
      seat.busy = busy;
      seats.put(transport, seat);
    }
  }
}
