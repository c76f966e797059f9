package dev.vmpower.machine.net;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The messages by which rtnetlink(7) is asked for all network devices with their virtual functions,
 * and by which it answers.
 *
 * <pre>
 *  struct nlmsghdr    0        4       6       8       12       16
 *                     | length | type  | flags |  seq  |  port  |  payload, to the next 4 bytes
 *
 *  struct ifinfomsg   0        1    2      4       8       12       16
 *                     | family | -- | type | index | flags | change |  attributes
 *
 *  IFLA_VFINFO_LIST holds an IFLA_VF_INFO for each virtual function, and that holds
 *  IFLA_VF_MAC (u32 number, 32 bytes of address) and IFLA_VF_STATS, which holds a u64 each.
 * </pre>
 *
 * <p>All numbers have the machine's byte order. Lengths are believed only as far as what they are
 * in goes: older kernels let the 16-bit length of a long list overflow.
 */
final class LinkMessages {
  /** More network devices than this are refused: a list that long is no host's. */
  static final int LINKS_MAX = 65_536;

  /** More virtual functions of one device than this are not looked at; PCI allows no more. */
  static final int VFS_MAX = 65_535;

  // From <linux/netlink.h>.
  private static final int HEADER_BYTES = 16;
  private static final int MESSAGE_ERROR = 2;
  private static final int MESSAGE_DONE = 3;
  private static final short FLAG_REQUEST = 0x1;
  private static final short FLAG_DUMP = 0x300;
  private static final int FLAG_DUMP_INTERRUPTED = 0x10;
  private static final int ATTRIBUTE_HEADER_BYTES = 4;

  // From <linux/rtnetlink.h> and <linux/if_link.h>.
  private static final short MESSAGE_NEW_LINK = 16;
  private static final short MESSAGE_GET_LINK = 18;
  private static final int LINK_BYTES = 16;
  private static final int LINK_INDEX = 4;
  private static final int IFLA_IFNAME = 3;
  private static final int IFLA_NUM_VF = 21;
  private static final int IFLA_VFINFO_LIST = 22;
  private static final short IFLA_EXT_MASK = 29;
  private static final int EXT_FILTER_VF = 1;
  private static final int IFLA_VF_INFO = 1;
  private static final int IFLA_VF_MAC = 1;
  private static final int IFLA_VF_STATS = 8;
  private static final int IFLA_VF_STATS_RX_PACKETS = 0;
  private static final int MAC_BYTES = 6;

  private final int sequence;
  private final List<Link> links = new ArrayList<>();
  private boolean done;
  private boolean interrupted;

  /** Takes the answer to the request with this number. */
  LinkMessages(int sequence) {
    this.sequence = sequence;
  }

  /** The request for all devices. */
  static byte[] request(int sequence) {
    int bytes = HEADER_BYTES + LINK_BYTES + ATTRIBUTE_HEADER_BYTES + Integer.BYTES;
    ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.nativeOrder());
    buffer.putInt(bytes).putShort(MESSAGE_GET_LINK);
    buffer.putShort((short) (FLAG_REQUEST | FLAG_DUMP)).putInt(sequence).putInt(0);
    buffer.position(HEADER_BYTES + LINK_BYTES);
    buffer.putShort((short) (ATTRIBUTE_HEADER_BYTES + Integer.BYTES)).putShort(IFLA_EXT_MASK);
    buffer.putInt(EXT_FILTER_VF);
    return buffer.array();
  }

  /**
   * Takes what one recv(2) gave.
   *
   * @throws IOException if the kernel refused, or what it sent is cut short; in one line
   */
  void take(ByteBuffer datagram) throws IOException {
    ByteBuffer rest = datagram.order(ByteOrder.nativeOrder());
    while (!done && rest.remaining() >= HEADER_BYTES) {
      int start = rest.position();
      int length = rest.getInt(start);
      if (length < HEADER_BYTES || length > rest.remaining()) {
        throw new IOException("the kernel's list of network devices is cut short");
      }
      if (rest.getInt(start + 8) == sequence) {
        int flags = rest.getShort(start + 6);
        interrupted |= (flags & FLAG_DUMP_INTERRUPTED) != 0;
        message(
            rest.getShort(start + 4),
            rest.slice(start + HEADER_BYTES, length - HEADER_BYTES).order(rest.order()));
      }
      rest.position(Math.min(start + Attributes.aligned(length), rest.limit()));
    }
  }

  private void message(int type, ByteBuffer payload) throws IOException {
    switch (type) {
      case MESSAGE_NEW_LINK -> link(payload);
      case MESSAGE_DONE, MESSAGE_ERROR -> {
        done = true;
        int error = payload.remaining() >= Integer.BYTES ? payload.getInt(0) : 0;
        if (error != 0) {
          throw new IOException("the kernel does not list network devices: errno " + -error);
        }
      }
      default -> {}
    }
  }

  private void link(ByteBuffer payload) throws IOException {
    if (payload.remaining() < LINK_BYTES) {
      throw new IOException("the kernel's list of network devices is cut short");
    }
    if (links.size() == LINKS_MAX) {
      throw new IOException("there are more than " + LINKS_MAX + " network devices");
    }
    String name = "";
    int vfCount = 0;
    List<Link.Vf> vfs = new ArrayList<>();
    Attributes attributes = new Attributes(payload, LINK_BYTES);
    while (attributes.next()) {
      ByteBuffer value = attributes.value();
      switch (attributes.type()) {
        case IFLA_IFNAME -> name = text(value);
        case IFLA_NUM_VF -> vfCount = value.limit() == Integer.BYTES ? value.getInt(0) : 0;
        case IFLA_VFINFO_LIST -> functions(Attributes.in(attributes), vfs);
        default -> {}
      }
    }
    links.add(new Link(payload.getInt(LINK_INDEX), name, vfCount, vfs));
  }

  private static void functions(Attributes list, List<Link.Vf> vfs) {
    while (list.next()) {
      if (list.type() == IFLA_VF_INFO && vfs.size() < VFS_MAX) {
        vfs.add(function(Attributes.in(list)));
      }
    }
  }

  private static Link.Vf function(Attributes info) {
    int number = -1;
    long mac = 0;
    long received = 0;
    boolean counts = false;
    while (info.next()) {
      ByteBuffer value = info.value();
      if (info.type() == IFLA_VF_MAC && value.limit() >= Integer.BYTES + MAC_BYTES) {
        number = value.getInt(0);
        mac = address(value);
      } else if (info.type() == IFLA_VF_STATS) {
        Attributes statistics = Attributes.in(info);
        while (statistics.next()) {
          long count = count(statistics.value());
          counts |= count != 0;
          received = statistics.type() == IFLA_VF_STATS_RX_PACKETS ? count : received;
        }
      }
    }
    return new Link.Vf(number, mac, received, counts);
  }

  private static long count(ByteBuffer statistic) {
    return statistic.limit() == Long.BYTES ? statistic.getLong(0) : 0;
  }

  private static long address(ByteBuffer vfMac) {
    long mac = 0;
    for (int i = 0; i < MAC_BYTES; i++) {
      mac |= Byte.toUnsignedLong(vfMac.get(Integer.BYTES + i)) << (i * Byte.SIZE);
    }
    return mac;
  }

  /** A C string, with its NUL or without. */
  private static String text(ByteBuffer value) {
    int length = 0;
    while (length < value.limit() && value.get(length) != 0) {
      length++;
    }
    return StandardCharsets.UTF_8.decode(value.slice(0, length)).toString();
  }

  /** Whether all of the answer is there. */
  boolean isDone() {
    return done;
  }

  /** Whether a device came or went meanwhile, so that another may be missing from the answer. */
  boolean isInterrupted() {
    return interrupted;
  }

  List<Link> links() {
    return List.copyOf(links);
  }
}
