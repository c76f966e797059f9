package dev.vmpower.machine.libvirt;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vmpower.machine.libvirt.Inbox.Message;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The inbox keeps order, has a limit, and wakes whoever waits. */
class InboxTest {
  private final Inbox inbox = new Inbox();

  @Test
  void messagesComeOutOnceAndInOrder() throws InterruptedException {
    inbox.add(new Message.Changed("a"));
    inbox.add(new Message.Rebooted("b"));

    assertThat(inbox.take(0)).containsExactly(new Message.Changed("a"), new Message.Rebooted("b"));
    assertThat(inbox.take(0)).isEmpty();
  }

  @Test
  void tooManyMessagesBecomeOneThatSaysSo() throws InterruptedException {
    for (int i = 0; i < Inbox.MESSAGES_MAX; i++) {
      inbox.add(new Message.Changed("flood"));
    }
    inbox.add(new Message.Broken("why"));

    assertThat(inbox.take(0)).containsExactly(new Message.Lost(), new Message.Broken("why"));
  }

  @Test
  void aMessageAndTheCloseEndTheWait() throws Exception {
    CompletableFuture<List<Message>> waiting = waiter();
    inbox.add(new Message.Changed("a"));
    assertThat(waiting.get(10, TimeUnit.SECONDS)).containsExactly(new Message.Changed("a"));

    waiting = waiter();
    inbox.close();
    assertThat(waiting.get(10, TimeUnit.SECONDS)).isEmpty();
    assertThat(inbox.take(Duration.ofDays(1).toNanos())).isEmpty();
  }

  private CompletableFuture<List<Message>> waiter() {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return inbox.take(Duration.ofDays(1).toNanos());
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        });
  }
}
