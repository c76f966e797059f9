package dev.vmpower.machine.libvirt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vmpower.machine.libvirt.DomainXml.Channel;
import dev.vmpower.machine.net.GuestInterface;
import dev.vmpower.machine.net.GuestInterface.Kind;
import dev.vmpower.machine.net.MacAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Reads XML as libvirt 9.0 writes it, and XML that means harm. */
class DomainXmlTest {
  private static final String UUID = "e4064562-20e8-48cc-8d4f-256f1a9528b0";

  @Test
  void theXmlOfARunningDomain() throws LibvirtException {
    DomainXml xml = DomainXml.parse(RUNNING);

    assertThat(xml)
        .isEqualTo(
            new DomainXml(
                UUID,
                "alpha",
                7,
                4,
                List.of(0, 1),
                List.of(
                    new Channel(0, Path.of("/run/socks/alpha.0"), false, "channel0"),
                    new Channel(1, Path.of("/run/socks/alpha.1"), true, "channel1")),
                List.of()));
  }

  @Test
  void aDomainThatIsShutOffHasNoIdNoStatesAndNoAliases() throws LibvirtException {
    String shutOff =
        RUNNING
            .replace(" id='7'", "")
            .replaceAll(" state='[a-z]*'", "")
            .replaceAll("<alias name='[^']*'/>", "");

    DomainXml xml = DomainXml.parse(shutOff);

    assertThat(xml.id()).isEqualTo(-1);
    assertThat(xml.channels())
        .containsExactly(
            new Channel(0, Path.of("/run/socks/alpha.0"), null, null),
            new Channel(1, Path.of("/run/socks/alpha.1"), null, null));
  }

  @Test
  void networkInterfacesAndWhatTheyAreOnTheHost() throws LibvirtException {
    DomainXml xml =
        DomainXml.parse(
            domain(
                """
                <metadata><x xmlns='urn:x'><interface type='bridge'>
                  <mac address='52:54:00:00:00:99'/><target dev='tap9'/></interface></x></metadata>
                <devices>
                <interface type='network'><mac address='52:54:00:00:00:01'/>
                  <source network='default' bridge='virbr0'/><target dev='vnet3'/></interface>
                <interface type='bridge'><mac address='52:54:00:00:00:02'/>
                  <target dev='vnet4'/><model type='virtio'/></interface>
                <interface type='ethernet'><mac address='52:54:00:AB:CD:EF'/>
                  <target dev='tap0' managed='no'/></interface>
                <interface type='direct'><mac address='52:54:00:00:00:04'/>
                  <source dev='eth0' mode='bridge'/><target dev='macvtap0'/></interface>
                <interface type='hostdev' managed='yes'><mac address='52:54:00:00:00:05'/>
                  <source><address type='pci' domain='0x0000' bus='0x3b'/></source></interface>
                <interface type='vhostuser'><mac address='52:54:00:00:00:06'/>
                  <source type='unix' path='/run/ovs.sock' mode='server'/>
                  <target dev='vhu6'/></interface>
                <interface type='user'><mac address='52:54:00:00:00:07'/></interface>
                <interface type='bridge'><mac address='52:54:00:00:00:08'/></interface>
                <interface type='bridge'><target dev='vnet9'/></interface>
                <interface type='bridge'><mac address='52:54:00:00:00:0a'/>
                  <target dev='../../etc'/></interface>
                <interface type='bridge'><mac address='no address'/></interface>
                </devices>
                """));

    assertThat(xml.interfaces())
        .containsExactly(
            nic("52:54:00:00:00:01", Kind.TAP, "vnet3"),
            nic("52:54:00:00:00:02", Kind.TAP, "vnet4"),
            nic("52:54:00:ab:cd:ef", Kind.TAP, "tap0"),
            nic("52:54:00:00:00:04", Kind.MACVTAP, "macvtap0"),
            nic("52:54:00:00:00:05", Kind.VF, null),
            nic("52:54:00:00:00:06", Kind.VHOST_USER, "vhu6"),
            nic("52:54:00:00:00:07", Kind.OTHER, null),
            nic("52:54:00:00:00:08", Kind.OTHER, null),
            nic("52:54:00:00:00:0a", Kind.OTHER, null));
  }

  private static GuestInterface nic(String mac, Kind kind, @Nullable String device) {
    return new GuestInterface(MacAddress.parse(mac), kind, device);
  }

  @Test
  void moreInterfacesThanTheLimitAreNotLookedAt() throws LibvirtException {
    String one = "<interface type='user'><mac address='52:54:00:00:00:07'/></interface>";

    DomainXml xml = DomainXml.parse(domain("<devices>" + one.repeat(300) + "</devices>"));

    assertThat(xml.interfaces()).hasSize(DomainXml.INTERFACES_MAX);
  }

  @Test
  void vcpusThatArePluggedOneByOne() throws LibvirtException {
    DomainXml xml =
        DomainXml.parse(
            domain(
                "<vcpu current='2'>4</vcpu><vcpus><vcpu id='0' enabled='yes'/>"
                    + "<vcpu id='1' enabled='no'/><vcpu id='3' enabled='yes'/>"
                    + "<vcpu id='9' enabled='yes'/></vcpus>"));

    assertThat(xml.vcpusMax()).isEqualTo(4);
    assertThat(xml.vcpus()).containsExactly(0, 3);
  }

  @Test
  void absurdVcpuCountsAreCutShort() throws LibvirtException {
    assertThat(DomainXml.parse(domain("<vcpu>999999999</vcpu>")).vcpusMax())
        .isEqualTo(DomainXml.VCPUS_MAX);
    assertThat(DomainXml.parse(domain("<vcpu>99999999999999999999</vcpu>")).vcpusMax()).isZero();
    assertThat(DomainXml.parse(domain("<vcpu>-3</vcpu>")).vcpus()).isEmpty();
  }

  @Test
  void onlyWholePowerAgentNamesCount() throws LibvirtException {
    String[] strangers = {
      "org.qemu.guest_agent.0",
      "virtio.serial.port.poweragent.",
      "virtio.serial.port.poweragent.-1",
      "virtio.serial.port.poweragent.+1",
      "virtio.serial.port.poweragent.01",
      "virtio.serial.port.poweragent.1024",
      "virtio.serial.port.poweragent.99999999999",
      "virtio.serial.port.poweragent.0x1",
      "virtio.serial.port.poweragent.1 ",
      "virtio.serial.port.poweragent.\u0661",
      "virtio.serial.port.poweragent.../../etc/passwd",
      "xvirtio.serial.port.poweragent.1",
      "VIRTIO.serial.port.poweragent.1",
    };
    for (String name : strangers) {
      assertThat(channels(channel("unix", "bind", "/s", name))).as(name).isEmpty();
    }
    assertThat(channels(channel("unix", "bind", "/s", "virtio.serial.port.poweragent.1023")))
        .hasSize(1);
  }

  @Test
  void onlySocketsThatQemuListensAtCount() throws LibvirtException {
    String name = "virtio.serial.port.poweragent.0";

    assertThat(channels(channel("unix", "connect", "/s", name))).isEmpty();
    assertThat(channels(channel("pty", "bind", "/s", name))).isEmpty();
    assertThat(channels(channel("unix", "bind", "relative/s", name))).isEmpty();
    assertThat(channels(channel("unix", "bind", "", name))).isEmpty();
    assertThat(
            channels(
                "<channel type='unix'><source mode='bind'/><target type='virtio' name='"
                    + name
                    + "'/></channel>"))
        .isEmpty();
    assertThat(
            channels("<channel type='unix'><target type='virtio' name='" + name + "'/></channel>"))
        .isEmpty();
    assertThat(channels(channel("unix", "bind", "/s", name))).hasSize(1);
  }

  @Test
  void ofTwoChannelsWithOneNumberTheFirstCounts() throws LibvirtException {
    String name = "virtio.serial.port.poweragent.3";

    assertThat(
            channels(
                channel("unix", "bind", "/first", name) + channel("unix", "bind", "/second", name)))
        .extracting(Channel::path)
        .containsExactly(Path.of("/first"));
  }

  @Test
  void aThousandChannelsAndNoMore() throws LibvirtException {
    StringBuilder many = new StringBuilder();
    for (int n = 5000; n >= 0; n--) {
      many.append(channel("unix", "bind", "/s" + n, "virtio.serial.port.poweragent." + n));
    }

    var channels = channels(many.toString());

    assertThat(channels).hasSize(DomainXml.CHANNELS_MAX);
    assertThat(channels).extracting(Channel::number).isSorted().startsWith(0).endsWith(1023);
  }

  @Test
  void channelsInStrangePlacesAreNotTheDomains() throws LibvirtException {
    String channel = channel("unix", "bind", "/evil", "virtio.serial.port.poweragent.0");
    String elsewhere =
        domain(
            "<metadata><devices>"
                + channel
                + "</devices><x:a xmlns:x='urn:x'><domain><devices>"
                + channel
                + "</devices></domain></x:a></metadata>"
                + channel
                + "<x:devices xmlns:x='urn:x'>"
                + channel
                + "</x:devices><devices><hub>"
                + channel
                + "</hub></devices><description>"
                + "&lt;channel".repeat(50_000)
                + "</description>");

    assertThat(DomainXml.parse(elsewhere).channels()).isEmpty();
    assertThatThrownBy(() -> DomainXml.parse("<x><devices>" + channel + "</devices></x>"))
        .isInstanceOf(LibvirtException.class);
  }

  @Test
  void entitiesAreNotRead() {
    String head = "<!DOCTYPE domain [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>";
    String bomb =
        "<!DOCTYPE domain [<!ENTITY a '"
            + "x".repeat(1000)
            + "'><!ENTITY b '"
            + "&a;".repeat(1000)
            + "'><!ENTITY c '"
            + "&b;".repeat(1000)
            + "'>]>";

    for (String xml :
        new String[] {
          head + domain("<title>&e;</title>"),
          head + "<domain><name>&e;</name><uuid>" + UUID + "</uuid></domain>",
          bomb + "<domain><name>&c;</name><uuid>" + UUID + "</uuid></domain>",
          "<!DOCTYPE domain SYSTEM 'http://127.0.0.1:1/x'>" + domain(""),
        }) {
      assertThatThrownBy(() -> DomainXml.parse(xml))
          .isInstanceOf(LibvirtException.class)
          .hasMessageNotContaining("root:");
    }
  }

  @Test
  void deepNestingAndSizeHaveLimits() {
    assertThatThrownBy(() -> DomainXml.parse("<a>".repeat(100_000)))
        .isInstanceOf(LibvirtException.class)
        .hasMessageContaining("deeper");
    assertThatThrownBy(() -> DomainXml.parse(domain("<t>" + "x".repeat(5 << 20) + "</t>")))
        .isInstanceOf(LibvirtException.class)
        .hasMessageContaining("more than");
    assertThatThrownBy(
            () -> DomainXml.parse("<domain><name>" + "n".repeat(100_000) + "</name></domain>"))
        .isInstanceOf(LibvirtException.class)
        .hasMessageContaining("too long");
  }

  @Test
  void aDomainNeedsANameAndAUuid() {
    assertThatThrownBy(() -> DomainXml.parse("<domain><name>a</name></domain>"))
        .isInstanceOf(LibvirtException.class);
    assertThatThrownBy(() -> DomainXml.parse("<domain><uuid>" + UUID + "</uuid></domain>"))
        .isInstanceOf(LibvirtException.class);
    assertThatThrownBy(() -> DomainXml.parse("<domain><name>a</name><uuid>../../x</uuid></domain>"))
        .isInstanceOf(LibvirtException.class);
  }

  /** Whatever the bytes are, there is a domain or a LibvirtException with one line. */
  @Test
  void damagedXmlNeverLeavesAnythingElse() {
    Random random = new Random(20260722);
    byte[] original = RUNNING.getBytes(StandardCharsets.UTF_8);
    for (int round = 0; round < 3000; round++) {
      byte[] damaged = original.clone();
      for (int i = random.nextInt(8); i >= 0; i--) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
      }
      String text = new String(damaged, 0, random.nextInt(damaged.length), StandardCharsets.UTF_8);
      try {
        DomainXml.parse(text);
      } catch (LibvirtException refused) {
        assertThat(refused.getMessage()).isNotBlank().doesNotContain("\n");
      }
    }
  }

  private static List<Channel> channels(String xml) throws LibvirtException {
    return DomainXml.parse(domain("<devices>" + xml + "</devices>")).channels();
  }

  private static String domain(String inner) {
    return "<domain><name>a</name><uuid>" + UUID + "</uuid>" + inner + "</domain>";
  }

  private static String channel(String type, String mode, String path, String name) {
    return "<channel type='%s'><source mode='%s' path='%s'/><target type='virtio' name='%s'/>"
            .formatted(type, mode, path, name)
        + "</channel>";
  }

  private static final String RUNNING =
      """
      <domain type='kvm' id='7'>
        <name>alpha</name>
        <uuid>e4064562-20e8-48cc-8d4f-256f1a9528b0</uuid>
        <title>What &lt;name>x&lt;/name> is &amp; is not</title>
        <memory unit='KiB'>262144</memory>
        <vcpu placement='static' current='2'>4</vcpu>
        <cputune>
          <vcpupin vcpu='0' cpuset='0'/>
        </cputune>
        <os>
          <type arch='x86_64' machine='pc-q35-7.2'>hvm</type>
        </os>
        <devices>
          <emulator>/usr/bin/qemu-system-x86_64</emulator>
          <serial type='unix'>
            <source mode='bind' path='/run/socks/alpha.console'/>
            <target type='isa-serial' port='0'>
              <model name='isa-serial'/>
            </target>
            <alias name='serial0'/>
          </serial>
          <channel type='unix'>
            <source mode='bind' path='/run/socks/alpha.1'/>
            <target type='virtio' name='virtio.serial.port.poweragent.1' state='connected'/>
            <alias name='channel1'/>
            <address type='virtio-serial' controller='0' bus='0' port='2'/>
          </channel>
          <channel type='unix'>
            <source mode='bind' path='/run/socks/alpha.0'/>
            <target type='virtio' name='virtio.serial.port.poweragent.0' state='disconnected'/>
            <alias name='channel0'/>
            <address type='virtio-serial' controller='0' bus='0' port='1'/>
          </channel>
          <channel type='unix'>
            <source mode='bind' path='/var/lib/libvirt/qemu/channel/org.qemu.guest_agent.0'/>
            <target type='virtio' name='org.qemu.guest_agent.0' state='connected'/>
            <alias name='channel2'/>
          </channel>
          <channel type='spicevmc'>
            <target type='virtio' name='com.redhat.spice.0' state='disconnected'/>
            <alias name='channel3'/>
          </channel>
          <memballoon model='none'/>
        </devices>
      </domain>
      """;
}
