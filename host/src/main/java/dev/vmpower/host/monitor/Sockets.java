package dev.vmpower.host.monitor;

import dev.vmpower.host.channel.Channel;
import java.io.IOException;
import java.nio.channels.SelectionKey;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The channels' sockets in one wake-up: reads those that are ready into the turn, sends what waits
 * for those that take more, and notes which broke.
 *
 * <p>Each channel is read once in a wake-up. The selector names so few at a time that the turn has
 * room for all of them, and those whom it did not name are first in the next one: whoever asks is
 * read after so many wake-ups as all that are ready have need of, and no later.
 *
 * <p>Who has more waiting than one read takes, and so {@link #FULL_READS_MAX} times in a row, is
 * read once in {@link #FULL_READ_NS} from there on: a flood costs this host and the others a
 * bounded part of a CPU. Guests that wait for answers do not come near it.
 *
 * <p>Not thread-safe: the monitor thread owns it.
 */
final class Sockets implements Consumer<SelectionKey>, Turn.Replier {
  /** How often a channel is read that has more waiting each time. */
  static final long FULL_READ_NS = 1_000_000L;

  /** After so many full reads in a row. */
  static final int FULL_READS_MAX = 16;

  private final Turn turn;
  private final LongSupplier clockNs;
  private final LongSupplier wallMs;
  private final List<Channel> broken = new ArrayList<>();
  private final ArrayDeque<Channel> resting = new ArrayDeque<>(); // by the end of their rest
  private long turnBeganNs;
  private long turnBeganMs;

  Sockets(Turn turn, LongSupplier clockNs, LongSupplier wallMs) {
    this.turn = turn;
    this.clockNs = clockNs;
    this.wallMs = wallMs;
  }

  /** A wake-up begins. */
  void begin() {
    turnBeganNs = 0;
  }

  /** When the first of those that rest is to be read again; Long.MAX_VALUE if none rests. */
  long deadlineNs() {
    Channel first = resting.peek();
    return first == null ? Long.MAX_VALUE : first.restsUntilNs();
  }

  private void rest(Channel channel, long untilNs) {
    @Nullable SelectionKey key = channel.key();
    if (key != null && key.isValid()) {
      channel.restUntil(untilNs);
      resting.add(channel);
      key.interestOps(interest(channel));
    }
  }

  /** Those that have rested are read again. */
  void endRests(long nowNs) {
    while (deadlineNs() <= nowNs) {
      Channel channel = resting.remove();
      channel.restUntil(0);
      @Nullable SelectionKey key = channel.key();
      if (key != null && key.isValid()) {
        key.interestOps(interest(channel));
      }
    }
  }

  private static int interest(Channel channel) {
    return (channel.restsUntilNs() == 0 ? SelectionKey.OP_READ : 0)
        | (channel.hasBacklog() ? SelectionKey.OP_WRITE : 0);
  }

  private void beginTurn() {
    if (turnBeganNs == 0) {
      turnBeganNs = clockNs.getAsLong();
      turnBeganMs = wallMs.getAsLong();
    }
  }

  /** Takes a socket that is ready. */
  @Override
  public void accept(SelectionKey key) {
    beginTurn();
    if (!(key.attachment() instanceof Channel channel) || !key.isValid()) {
      return;
    }
    if (key.isWritable()) {
      flush(channel, key);
    }
    if (key.isReadable()) {
      read(channel);
    }
  }

  private void flush(Channel channel, SelectionKey key) {
    try {
      channel.flush();
      key.interestOps(interest(channel));
    } catch (IOException broke) {
      broken.add(channel);
    }
  }

  private void read(Channel channel) {
    try {
      int packets = turn.read(channel, turnBeganNs, turnBeganMs);
      if (packets == Channel.HUNG_UP) {
        broken.add(channel);
      } else if (packets == Channel.PACKETS_PER_TURN_MAX) {
        long untilNs = channel.countFullRead(turnBeganNs, FULL_READ_NS, FULL_READS_MAX);
        if (untilNs > turnBeganNs) {
          rest(channel, untilNs);
        }
      }
    } catch (IOException broke) {
      broken.add(channel);
    }
  }

  /** The channels whose connections ended; whoever drops them clears it. */
  List<Channel> broken() {
    return broken;
  }

  @Override
  public void broke(Channel channel) {
    broken.add(channel);
  }

  @Override
  public void backlogged(Channel channel) {
    @Nullable SelectionKey key = channel.key();
    if (key != null && key.isValid()) {
      key.interestOps(interest(channel));
    }
  }

  @Override
  public long elapsedNs() {
    return clockNs.getAsLong() - turnBeganNs;
  }
}
