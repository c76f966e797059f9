package dev.vmpower.machine.libvirt;

import dev.vmpower.machine.net.GuestInterface;
import java.io.StringReader;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;
import org.jspecify.annotations.Nullable;

/**
 * What a domain's XML tells us: who it is, its vCPUs, and its power channels with the sockets that
 * QEMU really has.
 *
 * <p>Only the elements at their own place count ({@code /domain/devices/channel}): a domain's
 * metadata may hold any XML. A channel that is not one of ours, or not usable, is passed over; of
 * two with one number the first counts. Names and paths are libvirt's word and not judged here.
 *
 * @param id libvirt's number of this run; -1 in the XML of a domain that is shut off
 * @param vcpusMax vCPUs that can be plugged in
 * @param vcpus the numbers of those that are plugged in, ascending
 * @param channels in order of their number
 * @param interfaces those with a MAC address, in their order
 */
record DomainXml(
    String uuid,
    String name,
    int id,
    int vcpusMax,
    List<Integer> vcpus,
    List<Channel> channels,
    List<GuestInterface> interfaces) {

  /** More vCPUs than this are not looked at; KVM's own limit on x86 is 4096. */
  static final int VCPUS_MAX = 4096;

  /** Channel numbers are below this, so a domain has at most as many. */
  static final int CHANNELS_MAX = 1024;

  /** More network interfaces than this are not looked at. */
  static final int INTERFACES_MAX = 256;

  private static final int CHARS_MAX = LibvirtLibrary.STRING_BYTES_MAX;
  private static final int DEPTH_MAX = 64;
  private static final int TEXT_CHARS_MAX = 1024;
  private static final Set<String> TEXTS = Set.of("name", "uuid", "vcpu");

  private static final Pattern TARGET_NAME =
      Pattern.compile("virtio\\.serial\\.port\\.poweragent\\.(0|[1-9][0-9]{0,3})");
  private static final Pattern UUID = Pattern.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");
  private static final Pattern NUMBER = Pattern.compile("[0-9]{1,9}");

  /**
   * One power channel.
   *
   * @param alias QEMU's id of the port; null while the domain is shut off
   */
  record Channel(int number, Path path, @Nullable Boolean guestOpen, @Nullable String alias) {}

  /** Reads {@code xml}; throws when it is not the XML of a domain. */
  static DomainXml parse(String xml) throws LibvirtException {
    if (xml.length() > CHARS_MAX) {
      throw new LibvirtException("domain XML has more than " + CHARS_MAX + " characters");
    }
    try {
      XMLStreamReader reader = factory().createXMLStreamReader(new StringReader(xml));
      return new Parser(reader).domain();
    } catch (XMLStreamException | RuntimeException malformed) {
      throw new LibvirtException("domain XML cannot be read: " + malformed.getMessage());
    }
  }

  private static XMLInputFactory factory() {
    XMLInputFactory factory = XMLInputFactory.newDefaultFactory();
    factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
    factory.setProperty(XMLInputFactory.IS_SUPPORTING_EXTERNAL_ENTITIES, false);
    factory.setXMLResolver(
        (publicId, systemId, base, namespace) -> {
          throw new XMLStreamException("external entities are not read");
        });
    return factory;
  }

  /** One pass over the elements; {@code path} is where the reader stands. */
  private static final class Parser {
    private final XMLStreamReader reader;
    private final List<String> path = new ArrayList<>();
    private final TreeMap<Integer, Channel> channels = new TreeMap<>();
    private final List<Integer> enabledVcpus = new ArrayList<>();
    private final StringBuilder text = new StringBuilder();
    private String name = "";
    private String uuid = "";
    private int id = -1;
    private int vcpusMax;
    private int vcpusCurrent = -1;
    private final List<GuestInterface> interfaces = new ArrayList<>();

    // The channel that the reader is in.
    private boolean channelIsUnix;
    private @Nullable String source;
    private @Nullable String target;
    private @Nullable String state;
    private @Nullable String alias;

    private InterfaceElement network = new InterfaceElement(null);

    Parser(XMLStreamReader reader) {
      this.reader = reader;
    }

    DomainXml domain() throws XMLStreamException, LibvirtException {
      while (reader.hasNext()) {
        switch (reader.next()) {
          case XMLStreamConstants.START_ELEMENT -> start();
          case XMLStreamConstants.END_ELEMENT -> end();
          case XMLStreamConstants.CHARACTERS, XMLStreamConstants.CDATA -> text();
          case XMLStreamConstants.DTD -> throw new XMLStreamException("it has a DTD");
          default -> {}
        }
      }
      if (!UUID.matcher(uuid).matches() || name.isEmpty()) {
        throw new LibvirtException("domain XML has no name or no uuid");
      }
      return new DomainXml(
          uuid,
          name,
          id,
          vcpusMax,
          plugged(),
          List.copyOf(channels.values()),
          List.copyOf(interfaces));
    }

    private void start() throws XMLStreamException {
      if (path.size() >= DEPTH_MAX) {
        throw new XMLStreamException("elements nest deeper than " + DEPTH_MAX);
      }
      // libvirt's own elements have no namespace; anything else is a stranger's.
      path.add(reader.getNamespaceURI() == null ? reader.getLocalName() : "?");
      text.setLength(0);
      switch (here()) {
        case "domain" -> id = number(attribute("id"), -1);
        case "domain/vcpu" -> vcpusCurrent = number(attribute("current"), -1);
        case "domain/vcpus/vcpu" -> vcpu();
        case "domain/devices/channel" -> {
          channelIsUnix = "unix".equals(attribute("type"));
          source = null;
          target = null;
          state = null;
          alias = null;
        }
        case "domain/devices/channel/source" -> {
          if (source == null && "bind".equals(attribute("mode"))) {
            source = attribute("path");
          }
        }
        case "domain/devices/channel/target" -> {
          if (target == null && "virtio".equals(attribute("type"))) {
            target = attribute("name");
            state = attribute("state");
          }
        }
        case "domain/devices/channel/alias" -> alias = attribute("name");
        case "domain/devices/interface" -> network = new InterfaceElement(attribute("type"));
        case "domain/devices/interface/mac" -> network.mac(attribute("address"));
        case "domain/devices/interface/target" -> network.target(attribute("dev"));
        case "domain/devices/interface/source" -> network.source(attribute("mode"));
        case "domain/devices/interface/source/address" -> network.sourceAddress(attribute("type"));
        default -> {}
      }
    }

    private void end() {
      switch (here()) {
        case "domain/name" -> name = text.toString();
        case "domain/uuid" -> uuid = text.toString().strip().toLowerCase(Locale.ROOT);
        case "domain/vcpu" -> vcpusMax = Math.min(VCPUS_MAX, number(text.toString().strip(), 0));
        case "domain/devices/channel" -> channel();
        case "domain/devices/interface" -> networkInterface();
        default -> {}
      }
      path.removeLast();
      text.setLength(0);
    }

    private void text() throws XMLStreamException {
      if (path.size() == 2 && TEXTS.contains(path.getLast())) {
        text.append(reader.getText());
        if (text.length() > TEXT_CHARS_MAX) {
          throw new XMLStreamException("text of " + here() + " is too long");
        }
      }
    }

    // Our elements are at most five deep; the path of a deeper one need not be spelled out.
    private String here() {
      return path.size() > 5 ? "" : String.join("/", path);
    }

    private @Nullable String attribute(String attribute) {
      return reader.getAttributeValue(null, attribute);
    }

    private void vcpu() {
      int number = number(attribute("id"), -1);
      if (number >= 0 && number < VCPUS_MAX && "yes".equals(attribute("enabled"))) {
        enabledVcpus.add(number);
      }
    }

    // <vcpus> is there only where vCPUs can be plugged one by one; else the first ones are in.
    private List<Integer> plugged() {
      if (!enabledVcpus.isEmpty()) {
        return enabledVcpus.stream().filter(n -> n < vcpusMax).sorted().distinct().toList();
      }
      int count = vcpusCurrent < 0 ? vcpusMax : Math.min(vcpusCurrent, vcpusMax);
      return IntStream.range(0, count).boxed().toList();
    }

    private void channel() {
      var matcher = TARGET_NAME.matcher(target == null ? "" : target);
      if (!channelIsUnix || source == null || !matcher.matches()) {
        return;
      }
      int number = Integer.parseInt(matcher.group(1));
      Path socket = socket(source);
      if (number < CHANNELS_MAX && socket != null) {
        channels.putIfAbsent(number, new Channel(number, socket, guestOpen(), alias));
      }
    }

    private void networkInterface() {
      GuestInterface guest = network.guestInterface();
      if (guest != null && interfaces.size() < INTERFACES_MAX) {
        interfaces.add(guest);
      }
    }

    private @Nullable Boolean guestOpen() {
      if (state == null) {
        return null;
      }
      return switch (state) {
        case "connected" -> Boolean.TRUE;
        case "disconnected" -> Boolean.FALSE;
        default -> null;
      };
    }

    private static @Nullable Path socket(String text) {
      try {
        Path path = Path.of(text);
        return path.isAbsolute() ? path : null;
      } catch (InvalidPathException notAPath) {
        return null;
      }
    }

    private static int number(@Nullable String digits, int otherwise) {
      return digits != null && NUMBER.matcher(digits).matches()
          ? Integer.parseInt(digits)
          : otherwise;
    }
  }
}
