package dev.vmpower.machine.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vmpower.machine.net.GuestInterface.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Packets of virtual functions: of a host that has some, and of this one, which may have none. */
class VfCountersTest {
  private static final long MAC = MacAddress.parse("52:54:00:12:34:56");
  private static final long OTHER = MacAddress.parse("52:54:00:12:34:57");

  private List<Link> links = List.of();
  private int asked;
  private long nowNs = 1_000;
  private final VfCounters counters =
      new VfCounters(
          () -> {
            asked++;
            return links;
          },
          () -> nowNs);

  @Test
  void aFunctionIsFoundByItsAddressOnWhicheverCard() throws IOException {
    links = List.of(card("a", 1, vf(0, OTHER, 5)), card("b", 1, vf(0, MAC, 7)));

    assertThat(counters.received(MAC)).isEqualTo(7);
    assertThat(counters.received(OTHER)).isEqualTo(5);
  }

  @Test
  void anAddressThatTwoFunctionsHaveIsWhatBothReceived() throws IOException {
    links = List.of(card("a", 1, vf(3, MAC, 5)), card("b", 1, vf(4, MAC, 7)));

    assertThat(counters.received(MAC)).isEqualTo(12);
  }

  @Test
  void oneAnswerServesForAWhile() throws IOException {
    links = List.of(card("a", 2, vf(0, MAC, 5), vf(1, OTHER, 6)));

    counters.received(MAC);
    counters.received(OTHER);
    nowNs += VfCounters.FRESH_NS - 1;
    links = List.of(card("a", 1, vf(0, MAC, 50)));
    assertThat(counters.received(MAC)).isEqualTo(5);
    assertThat(asked).isEqualTo(1);

    nowNs++;
    assertThat(counters.received(MAC)).isEqualTo(50);
    assertThat(asked).isEqualTo(2);
    assertThatThrownBy(() -> counters.received(OTHER))
        .hasMessage("52:54:00:12:34:57: no virtual function of this host has it");
  }

  @Test
  void aKernelThatDoesNotListThemAllIsNamed() {
    links = List.of(card("enp59s0f0", 256, vf(0, OTHER, 5)));

    assertThatThrownBy(() -> counters.received(MAC))
        .isInstanceOf(IOException.class)
        .hasMessage(
            "52:54:00:12:34:56: no virtual function of this host has it"
                + "; of the 256 that enp59s0f0 has, the kernel lists 1");
  }

  /** Else such a guest would be taken for one that never receives anything, and slowed down. */
  @Test
  void aDriverThatCountsNothingIsNotTakenForSilence() {
    links = List.of(card("a", 1, new Link.Vf(0, MAC, 0, false)));

    assertThatThrownBy(() -> counters.received(MAC))
        .hasMessage(
            "52:54:00:12:34:56: no packet yet,"
                + " or the driver of its card does not count for virtual functions");
  }

  @Test
  void aFunctionThatSentButReceivedNothingHasReceivedNothing() throws IOException {
    links = List.of(card("a", 1, new Link.Vf(0, MAC, 0, true)));

    assertThat(counters.received(MAC)).isZero();
  }

  @Test
  void aKernelThatDoesNotTellIsAskedOnceForAll() {
    VfCounters refused =
        new VfCounters(
            () -> {
              asked++;
              throw new IOException("send: No buffer space available");
            },
            () -> nowNs);

    for (int i = 0; i < 3; i++) {
      assertThatThrownBy(() -> refused.received(MAC))
          .isInstanceOf(IOException.class)
          .hasMessage("52:54:00:12:34:56: send: No buffer space available");
    }
    assertThat(asked).isEqualTo(1);
  }

  @Test
  void thisKernelListsItsDevicesAndLeavesNothingOpen() throws IOException {
    List<String> names;
    try (Stream<Path> devices = Files.list(Path.of("/sys/class/net"))) {
      // bonding_masters is a file, not a device.
      names =
          devices.filter(Files::isDirectory).map(each -> each.getFileName().toString()).toList();
    }
    long descriptors = openDescriptors();

    List<Link> found = RouteSocket.links();

    assertThat(found).extracting(Link::name).containsAll(names).contains("lo");
    assertThat(found)
        .filteredOn(link -> link.name().equals("lo"))
        .extracting(Link::index)
        .containsExactly(1);
    assertThat(openDescriptors()).isEqualTo(descriptors);
  }

  @Test
  void thisHostHasNoFunctionWithAnAddressThatNobodyHas() {
    PacketCounters system = new PacketCounters(Path.of("/sys/class/net"));
    long nobodys = MacAddress.parse("02:00:5e:00:53:ff");

    assertThatThrownBy(() -> system.received(new GuestInterface(nobodys, Kind.VF, null)))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("02:00:5e:00:53:ff: no virtual function of this host has it");
  }

  private static long openDescriptors() throws IOException {
    try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
      return all.count();
    }
  }

  private static Link card(String name, int vfCount, Link.Vf... vfs) {
    return new Link(2, name, vfCount, List.of(vfs));
  }

  private static Link.Vf vf(int number, long mac, long received) {
    return new Link.Vf(number, mac, received, true);
  }
}
