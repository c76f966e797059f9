package dev.vmpower.machine.net;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.vmpower.machine.libc.CFunction;
import dev.vmpower.machine.net.GuestInterface.Kind;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;

/** A program that plays a VM and its network: it makes a tap, sends frames, and tells the count. */
final class TapTraffic {
  private static final long MAC = MacAddress.parse("52:54:00:00:00:07");
  private static final String TAP = "vnet0";
  private static final Path NET_CLASS = Path.of("/sys/class/net");
  private static final int FRAMES = 100;

  // From <linux/if_tun.h>, <linux/sockios.h>, <linux/if_packet.h> and <fcntl.h>.
  private static final long TUNSETIFF = 0x400454caL;
  private static final short IFF_TAP_NO_PI = 0x2 | 0x1000;
  private static final long SIOCSIFFLAGS = 0x8914;
  private static final short IFF_UP = 1;
  private static final int IFREQ_BYTES = 40; // char name[16], then a union
  private static final int IFREQ_FLAGS = 16;
  private static final int AF_INET = 2;
  private static final int AF_PACKET = 17;
  private static final int SOCK_DGRAM = 2;
  private static final int SOCK_RAW = 3;
  private static final int SOCKADDR_LL_BYTES = 20;
  private static final int O_RDWR = 2;

  /** IEEE's ethertype for experiments, as it is on the wire. */
  private static final short ETHERTYPE = (short) 0xb588;

  private static final int FRAME_BYTES = 60;
  private static final int FRAME_BYTES_MAX = 2048;

  private static final CFunction OPEN = CFunction.variadic("open", 2, JAVA_INT, ADDRESS, JAVA_INT);
  private static final CFunction IOCTL =
      CFunction.variadic("ioctl", 2, JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS);
  private static final CFunction SOCKET =
      CFunction.of("socket", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
  private static final CFunction SENDTO =
      CFunction.of("sendto", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT);
  private static final CFunction READ =
      CFunction.of("read", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
  private static final CFunction WRITE =
      CFunction.of("write", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
  private static final CFunction CLOSE = CFunction.of("close", JAVA_INT, JAVA_INT);

  private final PrintStream out = System.out;
  private final PacketCounters counters = new PacketCounters(NET_CLASS);
  private final Arena arena = Arena.global();

  private TapTraffic() {}

  public static void main(String[] arguments) throws IOException {
    TapTraffic traffic = new TapTraffic();
    switch (arguments[0]) {
      case "tap" -> traffic.tap();
      case "tap-again" -> traffic.tapAgain();
      case "macvtap" -> traffic.macvtap();
      default -> throw new IllegalArgumentException(arguments[0]);
    }
  }

  private void tap() throws IOException {
    int tap = openTap();
    long before = count(Kind.TAP, TAP);
    out.println("before " + before);
    send(TAP, FRAMES);
    out.println("sent " + FRAMES);
    out.println("unread " + count(Kind.TAP, TAP));
    long read = read(tap, FRAMES);
    long counted = count(Kind.TAP, TAP);
    out.println(read == counted ? "read equals counted" : read + " read, counted " + counted);
    MemorySegment frame = frame();
    for (int i = 0; i < FRAMES; i++) {
      WRITE.call(tap, frame, frame.byteSize());
    }
    out.println("written " + (count(Kind.TAP, TAP) - counted) + " more");
    CLOSE.call(tap);
  }

  private void tapAgain() throws IOException {
    int tap = openTap();
    send(TAP, 40);
    read(tap, 40);
    out.println(count(Kind.TAP, TAP) >= 40 ? "read 40 or more" : "read fewer than 40");
    CLOSE.call(tap);
    int again = openTap();
    out.println("made anew " + count(Kind.TAP, TAP));
    CLOSE.call(again);
  }

  private void macvtap() throws IOException {
    long before = count(Kind.MACVTAP, "macvtap0");
    send("vb", 25);
    out.println("as macvtap " + (count(Kind.MACVTAP, "macvtap0") - before));
    out.println("as tap " + (count(Kind.TAP, "macvtap0") - before));
  }

  private long count(Kind kind, String device) throws IOException {
    return counters.received(new GuestInterface(MAC, kind, device));
  }

  private int openTap() throws IOException {
    int tap = (int) OPEN.call(arena.allocateFrom("/dev/net/tun"), O_RDWR);
    IOCTL.call(tap, TUNSETIFF, request(IFF_TAP_NO_PI));
    int socket = (int) SOCKET.call(AF_INET, SOCK_DGRAM, 0);
    IOCTL.call(socket, SIOCSIFFLAGS, request(IFF_UP));
    CLOSE.call(socket);
    return tap;
  }

  private MemorySegment request(short flags) {
    MemorySegment request = arena.allocate(IFREQ_BYTES, Long.BYTES);
    request.setString(0, TAP);
    request.set(JAVA_SHORT, IFREQ_FLAGS, flags);
    return request;
  }

  private MemorySegment frame() {
    MemorySegment frame = arena.allocate(FRAME_BYTES, Long.BYTES);
    for (int i = 0; i < 6; i++) {
      frame.set(JAVA_BYTE, i, (byte) (MAC >> (i * Byte.SIZE)));
    }
    frame.set(JAVA_BYTE, 6, (byte) 2);
    frame.set(JAVA_SHORT, 12, ETHERTYPE);
    return frame;
  }

  private void send(String device, int frames) throws IOException {
    int socket = (int) SOCKET.call(AF_PACKET, SOCK_RAW, 0);
    MemorySegment address = arena.allocate(SOCKADDR_LL_BYTES, Integer.BYTES);
    address.set(JAVA_SHORT, 0, (short) AF_PACKET);
    String index = Files.readString(NET_CLASS.resolve(device + "/ifindex")).strip();
    address.set(JAVA_INT, 4, Integer.parseInt(index));
    MemorySegment frame = frame();
    for (int i = 0; i < frames; i++) {
      SENDTO.call(socket, frame, frame.byteSize(), 0, address, SOCKADDR_LL_BYTES);
    }
    CLOSE.call(socket);
  }

  /** Reads until {@code ours} of our frames came, and tells how many came in all. */
  private long read(int tap, int ours) throws IOException {
    MemorySegment room = arena.allocate(FRAME_BYTES_MAX, Long.BYTES);
    long read = 0;
    for (int found = 0; found < ours; read++) {
      READ.call(tap, room, room.byteSize());
      found += room.get(JAVA_SHORT, 12) == ETHERTYPE ? 1 : 0;
    }
    return read;
  }
}
