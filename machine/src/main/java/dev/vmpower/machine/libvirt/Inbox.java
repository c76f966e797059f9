package dev.vmpower.machine.libvirt;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** What libvirt, and other threads of ours, told the watch since it last looked. Thread-safe. */
final class Inbox {
  /** Messages kept; where more come, the watch reads all domains anew instead. */
  static final int MESSAGES_MAX = 10_000;

  private final Deque<Message> messages = new ArrayDeque<>();

  /** One message. */
  sealed interface Message {
    /** Something of this domain changed. */
    record Changed(String uuid) implements Message {}

    /** The domain was reset. */
    record Rebooted(String uuid) implements Message {}

    /** A guest process opened or closed the port that QEMU calls {@code alias}. */
    record Port(String uuid, String alias, boolean open) implements Message {}

    /** The connection is broken. */
    record Closed(String why) implements Message {}

    /** Messages were lost: there were too many. */
    record Lost() implements Message {}
  }

  synchronized void add(Message message) {
    if (messages.size() < MESSAGES_MAX) {
      messages.add(message);
    } else {
      messages.removeLast();
      messages.add(message instanceof Message.Closed ? message : new Message.Lost());
    }
  }

  synchronized List<Message> drain() {
    List<Message> drained = new ArrayList<>(messages);
    messages.clear();
    return drained;
  }

  synchronized boolean isEmpty() {
    return messages.isEmpty();
  }
}
