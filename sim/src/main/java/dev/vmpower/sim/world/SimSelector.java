package dev.vmpower.sim.world;

import dev.vmpower.machine.epoll.TurnSelector;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.spi.AbstractSelectableChannel;
import java.nio.channels.spi.AbstractSelectionKey;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/** A selector over {@link SimSocket}s. Where a real one would wait, it moves the clock on. */
final class SimSelector extends TurnSelector {
  private final LongConsumer sleep;
  private final List<Key> keys = new ArrayList<>();
  private boolean woken;
  private int turn;

  /**
   * Without sockets.
   *
   * @param sleep moves the clock on by at most so many ns
   */
  SimSelector(LongConsumer sleep) {
    this.sleep = sleep;
  }

  private final class Key extends AbstractSelectionKey {
    private final SimSocket socket;
    private int interest;
    private int ready;

    Key(SimSocket socket, int interest) {
      this.socket = socket;
      this.interest = interest;
    }

    @Override
    public SimSocket channel() {
      return socket;
    }

    @Override
    public Selector selector() {
      return SimSelector.this;
    }

    @Override
    public int interestOps() {
      return interest;
    }

    @Override
    public SelectionKey interestOps(int ops) {
      interest = ops;
      return this;
    }

    @Override
    public int readyOps() {
      return ready;
    }
  }

  /** Whether anything is ready, so that a real selector would not wait. */
  boolean isReady() {
    if (woken) {
      return true;
    }
    for (Key key : keys) {
      if (key.isValid() && key.socket.isOpen() && (key.socket.readyOps() & key.interest) != 0) {
        return true;
      }
    }
    return false;
  }

  @Override
  public int turn(Consumer<SelectionKey> action, long timeoutNs) {
    dropCancelled();
    if (timeoutNs > 0 && !isReady()) {
      sleep.accept(timeoutNs);
    }
    woken = false;
    int selected = 0;
    turn++; // which one is first differs, as with epoll
    for (int i = 0; i < keys.size() && selected < EVENTS_MAX; i++) {
      Key key = keys.get((i + turn) % keys.size());
      key.ready = key.isValid() ? key.socket.readyOps() & key.interest : 0;
      if (key.ready != 0) {
        selected++;
        action.accept(key);
      }
    }
    return selected;
  }

  private void dropCancelled() {
    Set<SelectionKey> cancelled = cancelledKeys();
    synchronized (cancelled) {
      if (!cancelled.isEmpty()) {
        for (SelectionKey key : cancelled) {
          keys.remove(key);
          deregister((AbstractSelectionKey) key);
        }
        cancelled.clear();
      }
    }
  }

  @Override
  protected SelectionKey register(AbstractSelectableChannel channel, int ops, Object attachment) {
    Key key = new Key((SimSocket) channel, ops);
    key.attach(attachment);
    keys.add(key);
    return key;
  }

  @Override
  public Selector wakeup() {
    woken = true;
    return this;
  }

  @Override
  public Set<SelectionKey> keys() {
    return new HashSet<>(keys);
  }

  @Override
  protected void implCloseSelector() {
    keys.clear();
  }
}
