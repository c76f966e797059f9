package dev.vmpower.host.clock;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * When the next look is to be taken where requests come in a stream: between two of them.
 *
 * <p>Not thread-safe: the monitor thread owns it.
 */
final class EarlyLooks {
  private final List<ManagedDomain> streams = new ArrayList<>();
  private long nextNs = ManagedDomain.NEVER;

  /** When the first of them is due, in the monitor's time. */
  long nextNs() {
    return nextNs;
  }

  /** Something was put into force in {@code managed}, with a look of its own or without. */
  void note(ManagedDomain managed) {
    if (!managed.inStream && managed.looks.areShared()) {
      managed.inStream = true;
      streams.add(managed);
      nextNs = Math.min(nextNs, managed.looks.earlyNs());
    }
  }

  /** Hands those whose time has come to {@code due}; whoever asks there again is noted again. */
  void expire(long nowNs, Consumer<ManagedDomain> due) {
    nextNs = ManagedDomain.NEVER;
    for (int i = streams.size() - 1; i >= 0; i--) {
      ManagedDomain managed = streams.get(i);
      if (nowNs >= managed.looks.earlyNs()) {
        managed.inStream = false;
        streams.set(i, streams.getLast());
        streams.removeLast();
        due.accept(managed);
      } else {
        nextNs = Math.min(nextNs, managed.looks.earlyNs());
      }
    }
  }

  /** The frequency domains are others now. */
  void clear() {
    streams.clear();
    nextNs = ManagedDomain.NEVER;
  }
}
