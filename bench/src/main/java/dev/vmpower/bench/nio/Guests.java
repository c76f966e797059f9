package dev.vmpower.bench.nio;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** The guests of one program under test: the twin of {@code c/guests.c}. */
final class Guests {
  static final int PACKET_BYTES = 464;
  static final int CHANNELS_PER_VM = 4;

  private static final int FIRST_CPU = 16;
  private static final int UNIT_OFFSET = 8;
  private static final int COMMAND_OFFSET = 12;
  private static final int SEQUENCE_OFFSET = 48;
  private static final int UNIT_MAX = 3;
  private static final int UNIT_MIN = 4;
  private static final int CPU_POWER = 1;
  private static final int ACK = 1;
  private static final int NACK = 2;
  private static final int OTHERS_VCPU = 60_000;
  private static final int STUCK_MS = 10_000;
  private static final String FAST = "2401000";
  private static final String SLOW = "1200000";

  private final String name;
  private final Path directory;
  private final Path tree;
  private final int perDomain;
  private final boolean refusedWanted;
  private final ServerSocketChannel[] listeners;
  private final SocketChannel[] sockets;
  private final SelectionKey[] keys;
  private final FileChannel[] speeds;
  private final int[] units;
  private final long[] sentNs;
  private final Selector selector = Selector.open();
  private final ByteBuffer wanted = buffer();
  private final ByteBuffer got = buffer();
  private final ByteBuffer speed = ByteBuffer.allocateDirect(FAST.length());
  private Path process = Path.of("/proc/self");

  Guests(String name, Path directory, Path tree, int channels, int perDomain, boolean refusedWanted)
      throws IOException {
    this.name = name;
    this.directory = directory;
    this.tree = tree;
    this.perDomain = perDomain;
    this.refusedWanted = refusedWanted;
    listeners = new ServerSocketChannel[channels];
    sockets = new SocketChannel[channels];
    keys = new SelectionKey[channels];
    speeds = new FileChannel[(channels + perDomain - 1) / perDomain];
    units = new int[channels];
    sentNs = new long[channels];
    listen();
  }

  private static ByteBuffer buffer() {
    return ByteBuffer.allocateDirect(PACKET_BYTES).order(ByteOrder.LITTLE_ENDIAN);
  }

  private void listen() throws IOException {
    Files.createDirectories(directory);
    for (int i = 0; i < listeners.length; i++) {
      Path path = directory.resolve("vm" + i / CHANNELS_PER_VM + "." + i % CHANNELS_PER_VM);
      Files.deleteIfExists(path);
      listeners[i] = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
      listeners[i].bind(UnixDomainSocketAddress.of(path), 1);
    }
    for (int i = 0; i < speeds.length; i++) {
      String cpu = "cpu" + (FIRST_CPU + i * perDomain);
      speeds[i] = FileChannel.open(tree.resolve(cpu + "/cpufreq/scaling_setspeed"));
    }
  }

  /** Waits until the program, which has been started, has connected to all. */
  void accept(long pid) throws IOException {
    process = Path.of("/proc/" + pid);
    for (int i = 0; i < listeners.length; i++) {
      sockets[i] = listeners[i].accept();
      sockets[i].configureBlocking(false);
      keys[i] = sockets[i].register(selector, SelectionKey.OP_READ, i);
    }
  }

  String name() {
    return name;
  }

  int channels() {
    return sockets.length;
  }

  SocketChannel socket(int channel) {
    return sockets[channel];
  }

  /** Answers to this channel are left where they are, and what it asks last is not known. */
  void ignore(int channel) {
    keys[channel].interestOps(0);
    units[channel] = 0;
  }

  /** A selection of the channels that have answers; which, {@code selectedKeys} says. */
  Selector awaitAnswers() throws IOException {
    if (selector.select(STUCK_MS) == 0) {
      throw new IOException(name + " does not answer");
    }
    return selector;
  }

  private void writeRequest(int channel, ByteBuffer packet) {
    for (int i = 0; i < PACKET_BYTES; i += Long.BYTES) {
      packet.putLong(i, 0);
    }
    packet.putLong(0, refusedWanted ? OTHERS_VCPU : channel % CHANNELS_PER_VM);
    packet.putInt(UNIT_OFFSET, units[channel]);
    packet.putInt(COMMAND_OFFSET, CPU_POWER);
    // An unused field, so that no two requests are alike: each answer is that of its own.
    packet.putLong(SEQUENCE_OFFSET, sentNs[channel]);
  }

  /** Sends the next request of a channel: MIN and MAX in turn. */
  void ask(int channel) throws IOException {
    units[channel] = units[channel] == UNIT_MIN ? UNIT_MAX : UNIT_MIN;
    sentNs[channel] = System.nanoTime();
    writeRequest(channel, wanted.clear());
    if (sockets[channel].write(wanted) != PACKET_BYTES) {
      throw new IOException(name + " channel " + channel + " took no request");
    }
  }

  /** Waits for the answer to the only request that is on its way. */
  long awaitAnswer(int channel) throws IOException {
    awaitAnswers().selectedKeys().clear();
    return takeAnswer(channel);
  }

  /**
   * Reads a whole reply, makes sure that it is the ACK of what was asked, and where a channel has a
   * frequency domain to itself that it is written. Returns the round trip in ns.
   */
  long takeAnswer(int channel) throws IOException {
    got.clear();
    while (got.hasRemaining()) {
      if (sockets[channel].read(got) < 0) {
        throw new IOException(name + " channel " + channel + " hung up");
      }
    }
    long tookNs = System.nanoTime() - sentNs[channel];
    writeRequest(channel, wanted.clear());
    wanted.putInt(COMMAND_OFFSET, refusedWanted ? NACK : ACK);
    if (wanted.mismatch(got.flip()) >= 0) {
      throw new IOException(name + " channel " + channel + ": a wrong answer");
    }
    if (perDomain == 1 && !refusedWanted) {
      checkSpeed(channel, units[channel] == UNIT_MAX);
    }
    return tookNs;
  }

  private void checkSpeed(int domain, boolean fast) throws IOException {
    String text = fast ? FAST : SLOW;
    speeds[domain].read(speed.clear(), 0);
    boolean same = speed.position() == text.length();
    for (int i = 0; same && i < text.length(); i++) {
      same = speed.get(i) == text.charAt(i);
    }
    if (!same) {
      String found = StandardCharsets.US_ASCII.decode(speed.flip()).toString();
      throw new IOException(
          name + ": frequency domain " + domain + " has '" + found + "', not " + text);
    }
  }

  /** Makes sure that each frequency domain has what its channels' last requests come to. */
  void checkSpeeds() throws IOException {
    // A floor writes what came last; it settles nothing between those who share a clock.
    boolean settles = perDomain == 1 || name.equals("vmpower");
    for (int i = 0; settles && !refusedWanted && i < units.length; i += perDomain) {
      boolean fast = false;
      boolean known = true;
      for (int j = i; j < Math.min(i + perDomain, units.length); j++) {
        fast |= units[j] == UNIT_MAX;
        known &= units[j] != 0;
      }
      if (known) {
        checkSpeed(i / perDomain, fast);
      }
    }
  }

  /** CPU time of the program with all its threads. */
  long cpuNs() throws IOException {
    long sum = 0;
    try (Stream<Path> tasks = Files.list(process.resolve("task"))) {
      for (Path task : tasks.toList()) {
        sum += Long.parseLong(Files.readString(task.resolve("schedstat")).split(" ")[0]);
      }
    }
    return sum;
  }

  /** Calls of write(2) and its like, so far. */
  long writeCalls() throws IOException {
    for (String line : Files.readAllLines(process.resolve("io"))) {
      if (line.startsWith("syscw: ")) {
        return Long.parseLong(line.substring("syscw: ".length()));
      }
    }
    throw new IOException(process + "/io has no syscw");
  }
}
