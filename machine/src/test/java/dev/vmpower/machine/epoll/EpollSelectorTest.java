package dev.vmpower.machine.epoll;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** Real sockets over a real epoll, which waits by the ns, or by the ms as before Linux 5.11. */
@Timeout(20)
@ParameterizedClass
@ValueSource(booleans = {true, false})
final class EpollSelectorTest {
  private static final long NS_PER_MS = 1_000_000;
  private static final long LONG_MS = 15_000;

  @Parameter boolean fine;
  @TempDir Path directory;
  private EpollSelector selector;
  private ServerSocketChannel listener;
  private final List<SocketChannel> sockets = new ArrayList<>();

  /** Both ends of a connection; {@code ours} does not block. */
  private record Pair(SocketChannel ours, SocketChannel theirs) {}

  @BeforeEach
  void open() throws IOException {
    selector = EpollSelector.openNew(fine);
    listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    listener.bind(UnixDomainSocketAddress.of(directory.resolve("s")), 1024);
  }

  @AfterEach
  void close() throws IOException {
    selector.close();
    listener.close();
    for (SocketChannel socket : sockets) {
      socket.close();
    }
  }

  private Pair connect() throws IOException {
    SocketChannel ours = SocketChannel.open(listener.getLocalAddress());
    SocketChannel theirs = listener.accept();
    sockets.add(ours);
    sockets.add(theirs);
    ours.configureBlocking(false);
    return new Pair(ours, theirs);
  }

  private List<SelectionKey> ready(long timeoutMs) throws IOException {
    List<SelectionKey> keys = new ArrayList<>();
    int count = selector.turn(keys::add, timeoutMs * NS_PER_MS);
    assertThat(count).isEqualTo(keys.size());
    return keys;
  }

  @Test
  void aKeyIsReadyWhenSomethingHasArrived() throws IOException {
    Pair pair = connect();
    SelectionKey key = pair.ours.register(selector, SelectionKey.OP_READ, "mine");
    assertThat(ready(0)).isEmpty();
    pair.theirs.write(ByteBuffer.wrap(new byte[3]));
    assertThat(ready(LONG_MS)).containsExactly(key);
    assertThat(key.attachment()).isEqualTo("mine");
    assertThat(key.isReadable()).isTrue();
    assertThat(key.isWritable()).isFalse();
    assertThat(ready(0)).as("until it is read").containsExactly(key);
    pair.ours.read(ByteBuffer.allocate(3));
    assertThat(ready(0)).isEmpty();
  }

  @Test
  void roomToWriteCountsOnlyWhereItIsWanted() throws IOException {
    SelectionKey key = connect().ours.register(selector, SelectionKey.OP_READ);
    assertThat(ready(0)).isEmpty();
    key.interestOps(SelectionKey.OP_READ | SelectionKey.OP_WRITE);
    assertThat(ready(0)).containsExactly(key);
    assertThat(key.isWritable()).isTrue();
    assertThat(key.isReadable()).isFalse();
    key.interestOps(SelectionKey.OP_READ);
    assertThat(ready(0)).isEmpty();
  }

  @Test
  void anEndShowsAsReadable() throws IOException {
    Pair pair = connect();
    SelectionKey key = pair.ours.register(selector, SelectionKey.OP_READ);
    pair.theirs.close();
    assertThat(ready(LONG_MS)).containsExactly(key);
    assertThat(key.isReadable()).isTrue();
  }

  @Test
  void anotherThreadWakesItUpOnce() throws Exception {
    connect().ours.register(selector, SelectionKey.OP_READ);
    Thread other = Thread.ofPlatform().start(selector::wakeup);
    assertThat(ready(LONG_MS)).isEmpty();
    other.join();
    selector.wakeup();
    selector.wakeup();
    assertThat(ready(LONG_MS)).as("one that came before the wait").isEmpty();
    long beginNs = System.nanoTime();
    assertThat(ready(30)).isEmpty();
    assertThat(System.nanoTime() - beginNs).as("both were one").isGreaterThan(25_000_000);
  }

  @Test
  void aWaitIsNeverShorterThanItIsToBe() throws IOException {
    for (int i = 1; i <= 20; i++) {
      long timeoutNs = i * 137_000L; // by the ms, too, it is some time
      long beganNs = System.nanoTime();
      assertThat(selector.turn(key -> {}, timeoutNs)).isZero();
      assertThat(System.nanoTime() - beganNs).isGreaterThanOrEqualTo(timeoutNs);
    }
  }

  @Test
  void noWakeupIsLostAmongMany() throws Exception {
    int rounds = 20_000;
    AtomicInteger posted = new AtomicInteger();
    Thread other =
        Thread.ofPlatform()
            .start(
                () -> {
                  for (int i = 0; i < rounds; i++) {
                    posted.incrementAndGet();
                    selector.wakeup();
                  }
                });
    while (posted.get() < rounds) {
      selector.turn(key -> {}, TurnSelector.FOREVER_NS); // one that is lost takes longer
    }
    other.join();
  }

  @Test
  void aClosedChannelGivesItsDescriptorBackAtTheNextTurn() throws IOException {
    Pair pair = connect();
    SelectionKey key = pair.ours.register(selector, SelectionKey.OP_READ);
    int before = descriptors();
    pair.ours.close();
    assertThat(key.isValid()).isFalse();
    assertThatThrownBy(() -> key.interestOps(SelectionKey.OP_WRITE))
        .isInstanceOf(CancelledKeyException.class);
    assertThat(ready(0)).isEmpty();
    assertThat(descriptors()).isEqualTo(before - 1);
    assertThat(selector.keys()).isEmpty();
    assertThat(pair.theirs.read(ByteBuffer.allocate(1))).as("they see the end").isEqualTo(-1);
  }

  @Test
  void closingItGivesAllBack() throws IOException {
    int before = descriptors();
    EpollSelector another = EpollSelector.openNew(fine);
    Pair pair = connect();
    pair.ours.register(another, SelectionKey.OP_READ);
    another.close();
    another.wakeup();
    pair.ours.close();
    pair.theirs.close();
    assertThat(descriptors()).isEqualTo(before);
    assertThatThrownBy(() -> another.turn(key -> {}, 0))
        .isInstanceOf(ClosedSelectorException.class);
  }

  private static int descriptors() throws IOException {
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      return (int) open.count();
    }
  }

  /** Many come and go, and each time those are told that are ready, and no others. */
  @Test
  void manyChannelsComeAndGo() throws IOException {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    List<Pair> pairs = new ArrayList<>();
    for (int step = 0; step < 2_000; step++) {
      if (pairs.isEmpty() || (pairs.size() < 200 && random.nextInt(3) > 0)) {
        Pair pair = connect();
        pair.ours.register(selector, SelectionKey.OP_READ, pair);
        pairs.add(pair);
      } else {
        Pair gone = pairs.remove(random.nextInt(pairs.size()));
        gone.ours.close();
        gone.theirs.close();
      }
      Set<Object> expected = new HashSet<>();
      for (int i = random.nextInt(4); i > 0 && !pairs.isEmpty(); i--) {
        Pair pair = pairs.get(random.nextInt(pairs.size()));
        pair.theirs.write(ByteBuffer.wrap(new byte[1]));
        expected.add(pair);
      }
      Set<Object> told = new HashSet<>();
      selector.turn(key -> told.add(key.attachment()), 0);
      assertThat(told).as("step %d of seed %d", step, seed).isEqualTo(expected);
      for (Object pair : told) {
        ((Pair) pair).ours.read(ByteBuffer.allocate(16));
      }
    }
    assertThat(selector.keys()).hasSize(pairs.size());
  }

  @Test
  void aDirectSocketReadsWritesAndTellsTheEnd() throws IOException {
    Pair pair = connect();
    DirectSocket socket = new DirectSocket(pair.ours);
    ByteBuffer buffer = ByteBuffer.allocateDirect(16);
    assertThat(socket.read(buffer)).as("nothing there").isZero();
    buffer.put(new byte[] {1, 2, 3, 4}).flip().position(1);
    assertThat(socket.write(buffer)).isEqualTo(3);
    assertThat(buffer.hasRemaining()).isFalse();
    ByteBuffer got = ByteBuffer.allocate(8);
    pair.theirs.read(got);
    assertThat(got.flip()).isEqualTo(ByteBuffer.wrap(new byte[] {2, 3, 4}));

    pair.theirs.write(ByteBuffer.wrap(new byte[] {7, 8, 9}));
    buffer.clear().position(5).limit(7);
    assertThat(socket.read(buffer)).as("as much as there is room").isEqualTo(2);
    assertThat(buffer.position()).isEqualTo(7);
    assertThat(buffer.get(5)).isEqualTo((byte) 7);
    assertThat(buffer.clear().get(7)).as("behind its limit").isZero();
    buffer.clear();
    assertThat(socket.read(buffer)).isEqualTo(1);
    pair.theirs.close();
    assertThat(socket.read(buffer)).isEqualTo(-1);
    assertThatThrownBy(() -> socket.write(buffer.clear())).isInstanceOf(IOException.class);
    socket.close();
    assertThatThrownBy(() -> socket.read(buffer)).isInstanceOf(ClosedChannelException.class);
    assertThatThrownBy(() -> socket.write(buffer)).isInstanceOf(ClosedChannelException.class);
  }

  @Test
  void aDirectSocketThatIsFullTakesNothing() throws IOException {
    Pair pair = connect();
    DirectSocket socket = new DirectSocket(pair.ours);
    ByteBuffer buffer = ByteBuffer.allocateDirect(4096);
    int sent = 0;
    while (buffer.clear().hasRemaining() && socket.write(buffer) > 0) {
      sent += buffer.position();
    }
    assertThat(sent).isPositive();
    assertThat(socket.write(buffer.clear())).isZero();
    assertThat(buffer.position()).isZero();
  }
}
