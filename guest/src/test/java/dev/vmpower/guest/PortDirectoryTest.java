package dev.vmpower.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PortDirectoryTest {
  @TempDir Path directory;

  @Test
  void thePortsAreFoundAndOtherPortsAreNot() throws IOException {
    PortDirectory ports = new PortDirectory(directory);
    assertThat(ports.numbers()).isEmpty();
    for (String number : List.of("10", "2", "0", "8191", "8192", "-1", "01", "x", "", "1 ")) {
      Files.createFile(directory.resolve(PortDirectory.NAME_PREFIX + number));
    }
    Files.createFile(directory.resolve("org.qemu.guest_agent.0"));

    assertThat(ports.numbers()).containsExactly(0, 2, 10, 8191);
    assertThat(ports.port(2)).isEqualTo(directory.resolve("virtio.serial.port.poweragent.2"));
    assertThat(new PortDirectory(directory.resolve("none")).numbers()).isEmpty();
    assertThatThrownBy(() -> ports.port(8192)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> ports.port(-1)).isInstanceOf(IllegalArgumentException.class);
  }
}
