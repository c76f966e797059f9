package dev.vmpower.host.monitor;

import dev.vmpower.host.channel.Channel;
import java.io.IOException;
import java.nio.channels.SelectionKey;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The channels' sockets in one wake-up: reads those that are ready into the turn, sends what waits
 * for those that take more, and notes which broke.
 *
 * <p>Not thread-safe: the monitor thread owns it.
 */
final class Sockets implements Consumer<SelectionKey>, Turn.Replier {
  private final Turn turn;
  private final LongSupplier clockNs;
  private final LongSupplier wallMs;
  private final List<Channel> broken = new ArrayList<>();
  private long turnBeganNs;

  Sockets(Turn turn, LongSupplier clockNs, LongSupplier wallMs) {
    this.turn = turn;
    this.clockNs = clockNs;
    this.wallMs = wallMs;
  }

  /** A wake-up begins. */
  void begin() {
    turnBeganNs = 0;
  }

  /** Takes a socket that is ready. */
  @Override
  public void accept(SelectionKey key) {
    if (turnBeganNs == 0) {
      turnBeganNs = clockNs.getAsLong();
    }
    if (!(key.attachment() instanceof Channel channel) || !key.isValid()) {
      return;
    }
    try {
      if (key.isWritable()) {
        channel.flush();
        if (!channel.hasBacklog()) {
          key.interestOps(SelectionKey.OP_READ);
        }
      }
      if (key.isReadable() && !turn.read(channel, turnBeganNs, wallMs.getAsLong())) {
        broken.add(channel);
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
      key.interestOps(SelectionKey.OP_READ | SelectionKey.OP_WRITE);
    }
  }

  @Override
  public long elapsedNs() {
    return clockNs.getAsLong() - turnBeganNs;
  }
}
