import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/**
 * Guests for the training run of the daemon, so that its JVM knows from the start which code it
 * will run all its life: {@code java Guests.java DIRECTORY NAME COUNT}.
 *
 * <p>Listens on DIRECTORY/NAME.0 and so on, says {@code listening}, and once the daemon has
 * connected asks for each in turn, {@value #REQUESTS} times: the packets of 464 bytes that DPDK
 * sends.
 */
public class Guests {
  private static final int REQUESTS = 20_000;
  private static final int PACKET_BYTES = 464;
  private static final int RESOURCE_ID_OFFSET = 0;
  private static final int UNIT_OFFSET = 8;
  private static final int COMMAND_OFFSET = 12;
  private static final int CPU_POWER = 1;
  private static final int[] UNITS = {3, 4, 1, 2}; // MAX, MIN, UP, DOWN

  public static void main(String[] args) throws Exception {
    int count = Integer.parseInt(args[2]);
    ServerSocketChannel[] listeners = new ServerSocketChannel[count];
    for (int i = 0; i < count; i++) {
      listeners[i] = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
      listeners[i].bind(UnixDomainSocketAddress.of(Path.of(args[0], args[1] + "." + i)));
    }
    System.out.println("listening");
    SocketChannel[] sockets = new SocketChannel[count];
    for (int i = 0; i < count; i++) {
      sockets[i] = listeners[i].accept();
    }
    ByteBuffer packet = ByteBuffer.allocateDirect(PACKET_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < REQUESTS; i++) {
      int guest = i % count;
      packet.clear();
      packet.putLong(RESOURCE_ID_OFFSET, guest);
      packet.putInt(UNIT_OFFSET, UNITS[i / count % UNITS.length]);
      packet.putInt(COMMAND_OFFSET, CPU_POWER);
      sockets[guest].write(packet);
      packet.clear();
      while (packet.hasRemaining() && sockets[guest].read(packet) >= 0) {
        // An answer may come in pieces.
      }
    }
    System.out.println("done");
  }
}
