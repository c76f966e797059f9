package dev.vmpower.machine.libvirt;

import dev.vmpower.machine.cpu.CpuSet;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** What libvirt, and other threads of ours, told the watch since it last looked. Thread-safe. */
final class Inbox {
  /** Messages kept; where more come, the watch reads all domains anew instead. */
  static final int MESSAGES_MAX = 10_000;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition news = lock.newCondition();
  private final Deque<Message> messages = new ArrayDeque<>();
  private boolean closed;

  /** One message. */
  sealed interface Message {
    /** Something of this domain changed. */
    record Changed(String uuid) implements Message {}

    /** The domain was reset. */
    record Rebooted(String uuid) implements Message {}

    /** A guest process opened or closed the port that QEMU calls {@code alias}. */
    record Port(String uuid, String alias, boolean open) implements Message {}

    /** Somebody wants a vCPU pinned, and waits for the refusal, which is empty when it is done. */
    record Pin(String name, int vcpu, CpuSet cpus, CompletableFuture<Optional<String>> refusal)
        implements Message {}

    /** The connection is broken. */
    record Broken(String why) implements Message {}

    /** Messages were lost: there were too many. */
    record Lost() implements Message {}
  }

  void add(Message message) {
    lock.lock();
    try {
      if (messages.size() >= MESSAGES_MAX) {
        messages.clear();
        messages.add(new Message.Lost());
      }
      messages.add(message);
      news.signal();
    } finally {
      lock.unlock();
    }
  }

  /** Takes all messages; where there are none it waits for the first, at most {@code waitNs}. */
  List<Message> take(long waitNs) throws InterruptedException {
    lock.lock();
    try {
      long leftNs = waitNs;
      while (messages.isEmpty() && !closed && leftNs > 0) {
        leftNs = news.awaitNanos(leftNs);
      }
      List<Message> taken = new ArrayList<>(messages);
      messages.clear();
      return taken;
    } finally {
      lock.unlock();
    }
  }

  /** From now on nobody waits. */
  void close() {
    lock.lock();
    try {
      closed = true;
      news.signalAll();
    } finally {
      lock.unlock();
    }
  }

  boolean isClosed() {
    lock.lock();
    try {
      return closed;
    } finally {
      lock.unlock();
    }
  }
}
