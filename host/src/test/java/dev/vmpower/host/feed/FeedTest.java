package dev.vmpower.host.feed;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vmpower.host.feed.Feed.Numbered;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What readers get of what is published, and what becomes of one that is too slow. */
@Timeout(60)
class FeedTest {
  private final Feed feed = new Feed();

  private void publish(String mode) {
    feed.publish(new Change.Status(Instant.EPOCH, mode));
  }

  private static List<String> take(Reader reader) {
    List<String> taken = new ArrayList<>();
    for (Numbered next = reader.poll(); next != null; next = reader.poll()) {
      taken.add(next.number() + " " + ((Change.Status) next.change()).mode());
    }
    return taken;
  }

  @Test
  void eachReaderGetsWhatIsPublishedWhileItIsThere() {
    assertThat(feed.isWanted()).isFalse();
    Reader first = Objects.requireNonNull(feed.open());
    assertThat(feed.isWanted()).isTrue();
    publish("a");
    Reader second = Objects.requireNonNull(feed.open());
    publish("b");
    first.close();
    publish("c");

    assertThat(take(first)).containsExactly("1 a", "2 b");
    assertThat(take(second)).containsExactly("2 b", "3 c");
    second.close();
    assertThat(feed.isWanted()).isFalse();
  }

  @Test
  void oneThatIsTooSlowIsCutOffAndOthersMissNothing() {
    Reader slow = Objects.requireNonNull(feed.open());
    Reader fast = Objects.requireNonNull(feed.open());
    List<String> seen = new ArrayList<>();
    for (int i = 0; i <= Reader.CHANGES_MAX; i++) {
      assertThat(slow.isCutOff()).isFalse();
      publish("x");
      seen.addAll(take(fast));
    }

    assertThat(slow.isCutOff()).isTrue();
    assertThat(slow.poll()).isNull();
    assertThat(fast.isCutOff()).isFalse();
    assertThat(seen).hasSize(Reader.CHANGES_MAX + 1);
  }

  @Test
  void thereIsRoomForAsManyAsTheLimitSays() {
    List<Reader> readers = new ArrayList<>();
    for (int i = 0; i < Feed.READERS_MAX; i++) {
      readers.add(Objects.requireNonNull(feed.open()));
    }
    assertThat(feed.open()).isNull();

    readers.removeLast().close();

    assertThat(feed.open()).isNotNull();
  }

  @Test
  void theCourierIsWokenForNewsAlone() throws InterruptedException {
    AtomicBoolean woken = new AtomicBoolean();
    Thread courier =
        Thread.ofPlatform()
            .start(
                () -> {
                  while (!woken.get()) {
                    java.util.concurrent.locks.LockSupport.park(this);
                  }
                });
    feed.setCourier(courier);
    feed.flush();
    woken.set(true);
    publish("a");
    feed.flush();

    courier.join();
    assertThat(woken).isTrue();
  }
}
