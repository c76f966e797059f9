package dev.vmpower.bench.nio;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * The twin of {@code c/floor.c}, system call for system call: the least NIO program that reads 464
 * bytes after a select, writes the frequency to a file that it keeps open, and writes the packet
 * back. Its arguments are the same, too.
 */
public final class Floor {
  private static final int PACKET_BYTES = 464;
  private static final int CHANNELS_PER_VM = 4;
  private static final int FIRST_CPU = 16;
  private static final int UNIT_OFFSET = 8;
  private static final int UNIT_MAX = 3;

  private final ByteBuffer packet =
      ByteBuffer.allocateDirect(PACKET_BYTES).order(ByteOrder.LITTLE_ENDIAN);
  private final ByteBuffer fast = line("2401000\n");
  private final ByteBuffer slow = line("1200000\n");
  private final Selector selector;

  private Floor(Selector selector) {
    this.selector = selector;
  }

  private static ByteBuffer line(String text) {
    return ByteBuffer.allocateDirect(text.length())
        .put(text.getBytes(StandardCharsets.US_ASCII))
        .flip();
  }

  public static void main(String[] args) throws IOException {
    if (args.length != 4) {
      System.err.println("usage: Floor DIRECTORY TREE CHANNELS CHANNELS_PER_FILE");
      System.exit(2);
    }
    Floor floor = new Floor(Selector.open());
    floor.connect(args[0], args[1], Integer.parseInt(args[2]), Integer.parseInt(args[3]));
    System.err.println("ready");
    while (floor.selector.select(floor::answer) >= 0) {
      // Until the other end goes.
    }
  }

  private void connect(String directory, String tree, int channels, int perFile)
      throws IOException {
    @Nullable FileChannel file = null;
    for (int i = 0; i < channels; i++) {
      if (i % perFile == 0) {
        Path speed = Path.of(tree, "cpu" + (FIRST_CPU + i), "cpufreq/scaling_setspeed");
        file = FileChannel.open(speed, StandardOpenOption.READ, StandardOpenOption.WRITE);
      }
      SocketChannel socket = SocketChannel.open(StandardProtocolFamily.UNIX);
      String name = "vm" + i / CHANNELS_PER_VM + "." + i % CHANNELS_PER_VM;
      socket.connect(UnixDomainSocketAddress.of(Path.of(directory, name)));
      socket.configureBlocking(false);
      socket.register(selector, SelectionKey.OP_READ, file);
    }
  }

  private void answer(SelectionKey key) {
    try {
      SocketChannel socket = (SocketChannel) key.channel();
      if (socket.read(packet.clear()) != PACKET_BYTES) {
        System.exit(0); // the other end went
      }
      ByteBuffer speed = packet.getInt(UNIT_OFFSET) == UNIT_MAX ? fast : slow;
      FileChannel file = (FileChannel) key.attachment();
      if (file.write(speed.rewind(), 0) != speed.limit()) {
        throw new IOException("a frequency was written in part");
      }
      if (socket.write(packet.flip()) != PACKET_BYTES) {
        System.exit(0);
      }
    } catch (IOException broken) {
      System.err.println("floor: " + broken);
      System.exit(1);
    }
  }
}
