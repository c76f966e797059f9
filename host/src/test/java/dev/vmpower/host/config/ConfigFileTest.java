package dev.vmpower.host.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vmpower.host.arbiter.Envelope;
import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.net.GuestInterface;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the configuration file may say, and the one line for what it may not. */
class ConfigFileTest {
  @TempDir Path directory;

  private Config read(String text) throws IOException, ConfigException {
    Path file = directory.resolve("vmpower.toml");
    Files.writeString(file, text);
    return ConfigFile.read(file);
  }

  @Test
  void interfacesOfAVmWithoutLibvirt() throws Exception {
    Config config =
        read(
            """
            [[vm]]
            name = "vm0"
            channels = "/run/vm0"
            vcpus = ["1"]
            interfaces = ["52:54:00:00:00:01 tap0", "52:54:00:00:00:02"]
            """);

    assertThat(config.vms().getFirst().interfaces())
        .containsExactly(
            new GuestInterface(0x010000005452L, GuestInterface.Kind.TAP, "tap0"),
            new GuestInterface(0x020000005452L, GuestInterface.Kind.VF, null));
  }

  @Test
  void anEmptyFileIsAllDefaults() throws Exception {
    Config config = read("");

    assertThat(config.cpu())
        .isEqualTo(
            new Config.Cpu(
                Path.of("/sys/devices/system/cpu"), CpuSet.of(), false, 8, true, false, false));
    assertThat(config.state())
        .isEqualTo(new Config.State(Path.of("/run/vmpower"), Path.of("/var/lib/vmpower")));
    assertThat(config.control())
        .isEqualTo(new Config.Control(Path.of("/run/vmpower/control.sock"), null));
    assertThat(config.libvirt().uri()).isEqualTo("qemu:///system");
    assertThat(config.compat()).isEqualTo(new Config.Compat(false, Path.of("/tmp/powermonitor")));
    assertThat(config.vms()).isEmpty();
  }

  @Test
  void everyKeyIsRead() throws Exception {
    Config config =
        read(
            """
            [cpu]
            root = "/x"
            reserved = "0-1"
            allow_unpinned = true
            max_pcpus_per_vcpu = 4
            smt = "separate"
            mode = "observe"
            on_conflict = "reassert"
            max_changes_per_second = 20
            [state]
            dir = "/a"
            lib = "/b"
            [control]
            socket = "/c"
            http = "127.0.0.1:9464"
            [libvirt]
            uri = ""
            [compat]
            fifo = true
            dir = "/d"
            [[vm]]
            name = "vm0"
            channels = "/e"
            vcpus = ["0", "1", "2-3"]
            peer_uid = 64055
            query = true
            min_khz = 1200000
            max_khz = 2400000
            turbo = false
            enforce = true
            [[vm]]
            name = "vm.1"
            query = true
            """);

    assertThat(config.cpu())
        .isEqualTo(new Config.Cpu(Path.of("/x"), CpuSet.of(0, 1), true, 4, false, true, true, 20));
    assertThat(config.control().http())
        .isEqualTo(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 9464));
    assertThat(config.vms().getFirst().envelope())
        .isEqualTo(new Envelope(1_200_000, 2_400_000, false, true));
    assertThat(config.vms().getFirst().vcpus())
        .containsExactly(CpuSet.of(0), CpuSet.of(1), CpuSet.of(2, 3));
    assertThat(config.vms().getFirst().peerUid()).isEqualTo(64055);
    assertThat(config.vms().getLast().channels()).isNull();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "`[cpu]\nrot = 1`                          | :2: [cpu] unknown key 'rot'",
        "`\n\n[cpus]`                              | :3: unknown key 'cpus'",
        "`[[vm]]\nname='a'\ninterfaces=[]`          | :3: [vm] libvirt knows the interfaces",
        "`VMinterfaces=['1:2']`                     | :5: [vm] '1:2' is no MAC address such as",
        "`VMinterfaces=['52:54:00:00:00:01 a/b']`   | :5: [vm] '52:54:00:00:00:01 a/b' is no MAC",
        "`[cpu]\nreserved = \"a\"`                 | :2: [cpu] reserved: 'a' is no list of CPUs",
        "`[cpu]\nmax_pcpus_per_vcpu = 0`           | :2: [cpu] max_pcpus_per_vcpu is a number",
        "`[log]\nformat = \"xml\"`   | :2: [log] format is \"text\" or \"json\" or \"journald\"",
        "`[cpu]\nsmt = \"off\"`                    | :2: [cpu] smt is \"together\" or \"separate\"",
        "`[cpu]\nroot = \"cpu\"`                   | :2: [cpu] root is an absolute path",
        "`[cpu]\nallow_unpinned = \"yes\"`         | :2: [cpu] allow_unpinned is true or false",
        "`[control]\nhttp = \"0.0.0.0:9464\"`      | :2: [control] http is a loopback address",
        "`[control]\nhttp = \"example.com:80\"`    | :2: [control] http is a loopback address",
        "`[control]\nhttp = \"127.0.0.1\"`         | :2: [control] http is a loopback address",
        "`[control]\nhttp = \"127.0.0.1:0\"`       | :2: [control] http is a loopback address",
        "`[control]\nhttp = \"[::1]:65536\"`       | :2: [control] http is a loopback address",
        "`cpu = 3`                                 | :1: write [cpu], a section",
        "`[vm]\nname = \"a\"`                      | write [[vm]], with two brackets",
        "`[[vm]]\nname = \"a/b\"`                  | :2: [vm] a name has no '/'",
        "`[[vm]]\nquery = true`                    | [vm] a [[vm]] needs a name",
        "`[[vm]]\nname = \"a\"\n[[vm]]\nname = \"a\"` | :4: [vm] two [[vm]] are named 'a'",
        "`[[vm]]\nname = \"a\"\nchannels = \"/x\"` | :3: [vm] a VM with channels needs vcpus",
        "`[[vm]]\nname = \"a\"\nmin_khz = 2\nmax_khz = 1` | :3: [vm] min_khz 2 is above max_khz 1",
        "`[[vm]]\nname = \"a\"\nvcpus = [0]`       | :3: [vm] entry 0 of vcpus is no text",
        "`[cpu\n`                                  | :1: ",
      })
  void whatIsWrongIsOneLineThatNamesFileAndLine(String text, String message) {
    String vm = "[[vm]]\nname = 'a'\nchannels = '/x'\nvcpus = ['0']\n";
    assertThatThrownBy(() -> read(text.replace("VM", vm)))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith(directory.resolve("vmpower.toml") + "")
        .hasMessageContaining(message.strip())
        .message()
        .doesNotContain("\n");
  }

  @Test
  void aFileThatIsNotThereIsNamed() {
    Path missing = directory.resolve("none.toml");

    assertThatThrownBy(() -> ConfigFile.read(missing)).hasMessage(missing + ": no such file");
  }
}
