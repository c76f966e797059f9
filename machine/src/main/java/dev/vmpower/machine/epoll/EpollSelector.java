package dev.vmpower.machine.epoll;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.Pipe;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.spi.AbstractSelectableChannel;
import java.nio.channels.spi.AbstractSelectionKey;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import sun.nio.ch.DirectBuffer;
import sun.nio.ch.SelChImpl;

/**
 * A selector which spends its time in epoll_pwait2(2) and nowhere else.
 *
 * <p>The JDK's own is made for many threads: each turn takes locks, looks at queues of changes and
 * goes through sets. Here an interrupt does not end the wait. The kernel puts those whom it has
 * named behind the others. Before Linux 5.11, or glibc 2.35, a time-out is a whole number of ms and
 * late by up to one.
 */
public final class EpollSelector extends TurnSelector {
  private static final long NS_PER_MS = 1_000_000;
  private static final long NS_PER_S = 1_000_000_000;
  private static final int KEYS_FIRST = 64;
  private static final int WAKEUP = -1; // in place of a key's number

  // struct epoll_event is packed on x86-64, where 32-bit programs share it.
  private static final boolean PACKED = System.getProperty("os.arch", "").equals("amd64");
  private static final int EVENT_BYTES = PACKED ? 12 : 16;
  private static final int DATA_OFFSET = PACKED ? 4 : 8;

  private static final ByteBuffer ONE_BYTE = ByteBuffer.allocateDirect(1);

  private final int epoll;
  private final Pipe wakeups;
  private final AtomicBoolean woken = new AtomicBoolean();
  private final ByteBuffer drained = ByteBuffer.allocateDirect(Long.BYTES);
  private final ByteBuffer events = memory(EVENTS_MAX * EVENT_BYTES);
  private final long eventsAddress = ((DirectBuffer) events).address();
  private final ByteBuffer change = memory(EVENT_BYTES);
  private final long changeAddress = ((DirectBuffer) change).address();

  private final ByteBuffer timespec = memory(2 * Long.BYTES);
  private final long timespecAddress = ((DirectBuffer) timespec).address();
  private final boolean isFine;

  private @Nullable Key[] keys = new Key[KEYS_FIRST];
  private int[] freeNumbers = new int[KEYS_FIRST];
  private int freeCount;
  private int usedCount; // numbers that were ever used

  private EpollSelector(int epoll, Pipe wakeups, boolean fine) {
    this.epoll = epoll;
    this.wakeups = wakeups;
    // Nothing is ready; where there is no such call, that is an error.
    this.isFine =
        fine
            && Calls.HAS_PWAIT2
            && Calls.epollWait(epoll, eventsAddress, EVENTS_MAX, timespecAddress) == 0;
  }

  /**
   * Opens one without keys.
   *
   * @throws IOException if there are no descriptors left
   */
  public static EpollSelector openNew() throws IOException {
    return openNew(true);
  }

  /** As the other one; unless {@code fine}, it waits as with an old kernel. */
  static EpollSelector openNew(boolean fine) throws IOException {
    Pipe pipe = Pipe.open();
    int epoll = Calls.epollCreate();
    if (epoll < 0) {
      close(pipe);
      throw new IOException("no epoll instance: Too many open files");
    }
    EpollSelector selector = new EpollSelector(epoll, pipe, fine);
    try {
      pipe.sink().configureBlocking(false);
      pipe.source().configureBlocking(false);
      selector.control(
          Calls.EPOLL_CTL_ADD, ((SelChImpl) pipe.source()).getFDVal(), Calls.EPOLLIN, WAKEUP);
    } catch (IOException refused) {
      selector.close();
      throw refused;
    }
    return selector;
  }

  /** Returns once the JVM has linked what a selector needs: for another thread, at the start. */
  public static void link() {
    Calls.link();
  }

  private static ByteBuffer memory(int bytes) {
    return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
  }

  private void control(int operation, int descriptor, int epollEvents, int number)
      throws IOException {
    change.putInt(0, epollEvents);
    change.putInt(DATA_OFFSET, number);
    if (!Calls.epollControl(epoll, operation, descriptor, changeAddress)) {
      throw new IOException("epoll does not take a socket: no memory, or max_user_watches");
    }
  }

  /**
   * Registers a channel of the JDK's.
   *
   * @throws UncheckedIOException if the kernel does not take it; it is not registered then
   */
  @Override
  protected SelectionKey register(
      AbstractSelectableChannel channel, int ops, @Nullable Object attachment) {
    int number = freeCount > 0 ? freeNumbers[freeCount - 1] : usedCount;
    Key key = new Key(channel, ops, number);
    try {
      control(Calls.EPOLL_CTL_ADD, key.descriptor, epollEvents(ops), number);
    } catch (IOException refused) {
      throw new UncheckedIOException(refused);
    }
    if (freeCount > 0) {
      freeCount--;
    } else {
      usedCount++;
    }
    if (number == keys.length) {
      keys = Arrays.copyOf(keys, 2 * number);
      freeNumbers = Arrays.copyOf(freeNumbers, 2 * number);
    }
    keys[number] = key;
    key.attach(attachment);
    return key;
  }

  private static int epollEvents(int ops) {
    return ((ops & SelectionKey.OP_READ) != 0 ? Calls.EPOLLIN : 0)
        | ((ops & SelectionKey.OP_WRITE) != 0 ? Calls.EPOLLOUT : 0);
  }

  @Override
  public int turn(Consumer<SelectionKey> action, long timeoutNs) throws IOException {
    if (!isOpen()) {
      throw new ClosedSelectorException();
    }
    dropCancelled();
    int ready = await(timeoutNs);
    int selected = 0;
    for (int i = 0; i < ready; i++) {
      int number = events.getInt(i * EVENT_BYTES + DATA_OFFSET);
      Key key = number == WAKEUP ? takeWakeup() : keys[number];
      if (key != null && key.isValid() && key.setReady(events.getInt(i * EVENT_BYTES))) {
        selected++;
        action.accept(key);
      }
    }
    return selected;
  }

  private int await(long timeoutNs) {
    if (!isFine) {
      long timeoutMs = timeoutNs == FOREVER_NS ? -1 : (timeoutNs + NS_PER_MS - 1) / NS_PER_MS;
      return Calls.epollWaitMs(
          epoll, eventsAddress, EVENTS_MAX, (int) Math.min(timeoutMs, Integer.MAX_VALUE));
    }
    if (timeoutNs == FOREVER_NS) {
      return Calls.epollWait(epoll, eventsAddress, EVENTS_MAX, 0);
    }
    timespec.putLong(0, timeoutNs / NS_PER_S).putLong(Long.BYTES, timeoutNs % NS_PER_S);
    return Calls.epollWait(epoll, eventsAddress, EVENTS_MAX, timespecAddress);
  }

  // What is posted after this is seen by whoever looks after the turn: nothing is lost.
  private @Nullable Key takeWakeup() throws IOException {
    drained.clear();
    int unused = wakeups.source().read(drained);
    woken.set(false);
    return null;
  }

  @Override
  public Selector wakeup() {
    if (woken.compareAndSet(false, true)) {
      try {
        int unused = wakeups.sink().write(ONE_BYTE.duplicate());
      } catch (IOException closed) {
        // Then nobody waits.
      }
    }
    return this;
  }

  // The thread that cancels is the one that selects.
  private void dropCancelled() throws IOException {
    Set<SelectionKey> cancelled = cancelledKeys();
    if (!cancelled.isEmpty()) {
      for (SelectionKey key : cancelled) {
        drop((Key) key);
      }
      cancelled.clear();
    }
  }

  // A channel that was closed keeps its descriptor as long as it is registered.
  private void drop(Key key) throws IOException {
    boolean unused = Calls.epollControl(epoll, Calls.EPOLL_CTL_DEL, key.descriptor, changeAddress);
    keys[key.number] = null;
    freeNumbers[freeCount++] = key.number;
    deregister(key);
    if (!key.channel.isOpen() && !key.channel.isRegistered()) {
      ((SelChImpl) key.channel).kill();
    }
  }

  @Override
  protected void implCloseSelector() throws IOException {
    for (Key key : keys) {
      if (key != null) {
        key.cancel();
      }
    }
    dropCancelled();
    Calls.close(epoll);
    close(wakeups);
  }

  private static void close(Pipe pipe) throws IOException {
    pipe.sink().close();
    pipe.source().close();
  }

  /** All keys; a copy. */
  @Override
  public Set<SelectionKey> keys() {
    Set<SelectionKey> all = new HashSet<>();
    for (Key key : keys) {
      if (key != null) {
        all.add(key);
      }
    }
    return all;
  }

  /** The place of one channel. */
  private final class Key extends AbstractSelectionKey {
    private final AbstractSelectableChannel channel;
    private final int descriptor;
    private final int number;
    private int interest;
    private int ready;

    Key(AbstractSelectableChannel channel, int interest, int number) {
      this.channel = channel;
      this.descriptor = ((SelChImpl) channel).getFDVal();
      this.interest = interest;
      this.number = number;
    }

    /** Whether what is ready is wanted. An error or the end is for whoever reads or writes next. */
    private boolean setReady(int epollEvents) {
      int ops = 0;
      if ((epollEvents & (Calls.EPOLLERR | Calls.EPOLLHUP)) != 0) {
        ops = SelectionKey.OP_READ | SelectionKey.OP_WRITE;
      }
      if ((epollEvents & Calls.EPOLLIN) != 0) {
        ops |= SelectionKey.OP_READ;
      }
      if ((epollEvents & Calls.EPOLLOUT) != 0) {
        ops |= SelectionKey.OP_WRITE;
      }
      ready = ops & interest;
      return ready != 0;
    }

    @Override
    public AbstractSelectableChannel channel() {
      return channel;
    }

    @Override
    public Selector selector() {
      return EpollSelector.this;
    }

    @Override
    public int interestOps() {
      return interest;
    }

    @Override
    public SelectionKey interestOps(int ops) {
      if (!isValid()) {
        throw new CancelledKeyException();
      }
      if (ops != interest) {
        try {
          control(Calls.EPOLL_CTL_MOD, descriptor, epollEvents(ops), number);
        } catch (IOException refused) {
          throw new UncheckedIOException(refused);
        }
        interest = ops;
      }
      return this;
    }

    @Override
    public int readyOps() {
      return ready;
    }
  }
}
