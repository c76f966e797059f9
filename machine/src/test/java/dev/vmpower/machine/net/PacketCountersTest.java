package dev.vmpower.machine.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vmpower.machine.net.GuestInterface.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which of the kernel's numbers are a guest's packets. */
class PacketCountersTest {
  @TempDir Path netClass;

  private PacketCounters counters;

  @BeforeEach
  void makeDevices() throws IOException {
    counters = new PacketCounters(netClass);
    for (String device : new String[] {"vnet0", "macvtap0"}) {
      Path statistics = Files.createDirectories(netClass.resolve(device + "/statistics"));
      Files.writeString(statistics.resolve("rx_packets"), "7\n");
      Files.writeString(statistics.resolve("tx_packets"), "18446744073709551615\n");
    }
  }

  private static GuestInterface nic(Kind kind, @Nullable String device) {
    return new GuestInterface(MacAddress.parse("52:54:00:12:34:56"), kind, device);
  }

  @Test
  void whatTheHostSendsIntoATapTheGuestReceives() throws IOException {
    assertThat(counters.received(nic(Kind.TAP, "vnet0"))).isEqualTo(-1); // 2^64 - 1, unsigned
    assertThat(counters.received(nic(Kind.MACVTAP, "macvtap0"))).isEqualTo(7);
  }

  @Test
  void aMacvtapDeviceThatIsCalledATapIsReadAsOne() throws IOException {
    Files.createDirectories(netClass.resolve("macvtap0/macvtap/tap4"));

    assertThat(counters.received(nic(Kind.TAP, "macvtap0"))).isEqualTo(7);
  }

  @Test
  void whatHasNoDeviceIsRefusedInOneLine() {
    assertThatThrownBy(() -> counters.received(nic(Kind.VHOST_USER, "vhu0")))
        .hasMessage("52:54:00:12:34:56 is vhost-user: no network device to read");
    assertThatThrownBy(() -> counters.received(nic(Kind.OTHER, null)))
        .hasMessage("52:54:00:12:34:56 has no network device to read");
    assertThatThrownBy(() -> counters.received(nic(Kind.TAP, "vnet9")))
        .isInstanceOf(IOException.class)
        .hasMessage("52:54:00:12:34:56: vnet9 is gone or cannot be read");
  }

  @Test
  void aFileWithoutANumberIsNamed() throws IOException {
    Files.writeString(netClass.resolve("vnet0/statistics/tx_packets"), "many\n");

    assertThatThrownBy(() -> counters.received(nic(Kind.TAP, "vnet0")))
        .hasMessageEndingWith("vnet0/statistics/tx_packets has no number");
  }

  @Test
  void addressesReadAndWriteTheSame() {
    assertThat(MacAddress.parse("52:54:00:12:34:56")).isEqualTo(0x563412005452L);
    assertThat(MacAddress.toString(0x563412005452L)).isEqualTo("52:54:00:12:34:56");
    assertThatThrownBy(() -> MacAddress.parse("00:00:00:00:00:00"))
        .hasMessage("'00:00:00:00:00:00' is nobody's address");
    assertThatThrownBy(() -> MacAddress.parse("52:54:00:12:34"))
        .hasMessage("'52:54:00:12:34' is no MAC address such as 52:54:00:12:34:56");
  }
}
