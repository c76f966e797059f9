package dev.vmpower.host.channel;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import org.jspecify.annotations.Nullable;

/**
 * The replies that one guest's socket would not take yet.
 *
 * <p>A reply is written whole or not at all. DPDK's guests never read the ACKs of plain requests,
 * and the port keeps what it was sent for whoever opens it next; so the backlog is short, drops
 * whole ACKs when it is full, and a query's reply, which somebody waits for, displaces those that
 * were not begun.
 */
final class Outbox {
  /** How many replies wait at most. */
  static final int REPLIES_MAX = 8;

  private static final int SLOT_BYTES = 464;

  private final WritableByteChannel socket;
  // Made when a socket first refuses; most guests never need one.
  private @Nullable ByteBuffer slots;
  private final int[] sizes = new int[REPLIES_MAX];
  private final boolean[] queries = new boolean[REPLIES_MAX];
  private int first;
  private int count;
  private int written; // bytes of the first reply that the socket has taken
  private long dropped;

  Outbox(WritableByteChannel socket) {
    this.socket = socket;
  }

  /**
   * Sends {@code size} bytes of {@code reply} from {@code offset}, or keeps them, or drops them.
   *
   * @throws IOException if the socket is gone
   */
  void send(ByteBuffer reply, int offset, int size, boolean isQuery) throws IOException {
    if (isQuery) {
      dropNotBegun(false);
    }
    if (count == 0) {
      int taken = write(reply, offset, size);
      if (taken == size) {
        return;
      }
      keep(reply, offset, size, isQuery);
      written = taken;
    } else if (count == REPLIES_MAX) {
      dropped++;
    } else {
      keep(reply, offset, size, isQuery);
    }
  }

  // The buffer serves other channels too: it must be left as it was, also by a broken connection.
  private int write(ByteBuffer buffer, int offset, int size) throws IOException {
    try {
      return socket.write(buffer.limit(offset + size).position(offset));
    } finally {
      buffer.clear();
    }
  }

  private void keep(ByteBuffer reply, int offset, int size, boolean isQuery) {
    if (slots == null) {
      slots = ByteBuffer.allocateDirect(REPLIES_MAX * SLOT_BYTES);
    }
    int slot = (first + count) % REPLIES_MAX;
    slots.put(slot * SLOT_BYTES, reply, offset, size);
    sizes[slot] = size;
    queries[slot] = isQuery;
    count++;
  }

  /**
   * Sends what waits, as far as the socket takes it.
   *
   * @throws IOException if the socket is gone
   */
  void flush() throws IOException {
    while (count > 0 && slots != null) {
      int start = first * SLOT_BYTES;
      written += write(slots, start + written, sizes[first] - written);
      if (written < sizes[first]) {
        return;
      }
      removeFirst();
    }
  }

  /** Drops the replies that were not begun: all of them, or ACKs only. */
  void dropNotBegun(boolean queriesToo) {
    int kept = written > 0 ? 1 : 0;
    for (int i = kept; i < count; i++) {
      int from = (first + i) % REPLIES_MAX;
      if (queries[from] && !queriesToo) {
        move(from, (first + kept) % REPLIES_MAX);
        kept++;
      } else {
        dropped++;
      }
    }
    count = kept;
  }

  private void move(int from, int to) {
    if (from != to && slots != null) {
      slots.put(to * SLOT_BYTES, slots, from * SLOT_BYTES, sizes[from]);
      sizes[to] = sizes[from];
      queries[to] = queries[from];
    }
  }

  private void removeFirst() {
    first = (first + 1) % REPLIES_MAX;
    count--;
    written = 0;
  }

  boolean isEmpty() {
    return count == 0;
  }

  /** How many replies wait. */
  int size() {
    return count;
  }

  /** How many replies were dropped, whole, since the channel was connected. */
  long dropped() {
    return dropped;
  }
}
