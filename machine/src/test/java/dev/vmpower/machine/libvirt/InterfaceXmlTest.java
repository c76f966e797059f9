package dev.vmpower.machine.libvirt;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vmpower.machine.net.GuestInterface;
import dev.vmpower.machine.net.GuestInterface.Kind;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Network interfaces as libvirt writes them for running domains, and as it does not. */
class InterfaceXmlTest {
  private static final long MAC = 0x0100005452cdL; // cd:52:54:00:00:01
  private static final String MAC_ELEMENT = "<mac address='cd:52:54:00:00:01'/>";

  @Test
  void tapDevices() throws LibvirtException {
    String target = "<target dev='vnet7'/>";
    var vnet7 = new GuestInterface(MAC, Kind.TAP, "vnet7");

    assertThat(of("bridge", "<source bridge='br0'/>" + target)).containsExactly(vnet7);
    assertThat(of("ethernet", "<script path='/etc/qemu-ifup'/>" + target)).containsExactly(vnet7);
    assertThat(of("network", "<source network='n' bridge='virbr0'/>" + target))
        .containsExactly(vnet7);
    assertThat(
            of(
                "bridge",
                "<source bridge='ovs0'/><virtualport type='openvswitch'>"
                    + "<parameters interfaceid='x'/></virtualport>"
                    + target))
        .containsExactly(vnet7);
  }

  @Test
  void macvtapDevices() throws LibvirtException {
    var macvtap = new GuestInterface(MAC, Kind.MACVTAP, "macvtap0");

    assertThat(of("direct", "<source dev='eth0' mode='bridge'/><target dev='macvtap0'/>"))
        .containsExactly(macvtap);
    assertThat(
            of("network", "<source network='d' dev='eth0' mode='vepa'/><target dev='macvtap0'/>"))
        .containsExactly(macvtap);
  }

  @Test
  void virtualFunctionsHaveNoDeviceByName() throws LibvirtException {
    String source =
        "<source%s><address type='pci' domain='0x0000' bus='0x3b' slot='0x02' function='0x1'/>"
            + "</source>";
    var vf = new GuestInterface(MAC, Kind.VF, null);

    assertThat(of("hostdev", source.formatted("") + "<driver name='vfio'/>")).containsExactly(vf);
    assertThat(of("network", source.formatted(" network='sriov'"))).containsExactly(vf);
  }

  @Test
  void whatHasNoDeviceAtAll() throws LibvirtException {
    assertThat(of("vhostuser", "<source type='unix' path='/s' mode='client'/>"))
        .containsExactly(new GuestInterface(MAC, Kind.VHOST_USER, null));
    assertThat(of("user", "<target dev='vnet0'/>"))
        .containsExactly(new GuestInterface(MAC, Kind.OTHER, "vnet0"));
    assertThat(of("whatever", "")).containsExactly(new GuestInterface(MAC, Kind.OTHER, null));
  }

  @Test
  void theInterfaceOfADomainThatIsShutOffHasNoDevice() throws LibvirtException {
    assertThat(of("network", "<source network='default'/>"))
        .containsExactly(new GuestInterface(MAC, Kind.OTHER, null));
  }

  @Test
  void aDeviceNameThatTheKernelWouldRefuseIsNone() throws LibvirtException {
    for (String name :
        List.of("", ".", "..", "../eth0", "a/b", "a b", "a:1", "sixteen-letters-", "a&#10;")) {
      assertThat(of("bridge", "<target dev='" + name + "'/>"))
          .as(name)
          .containsExactly(new GuestInterface(MAC, Kind.OTHER, null));
    }
    assertThat(of("bridge", "<target dev='fifteen-letters'/>"))
        .containsExactly(new GuestInterface(MAC, Kind.TAP, "fifteen-letters"));
  }

  @Test
  void anInterfaceWithoutAWholeMacIsPassedOver() throws LibvirtException {
    for (String mac : List.of("", "52:54:00:00:00", "52:54:00:00:00:0g", "52-54-00-00-00-01")) {
      String xml = "<interface type='bridge'><mac address='" + mac + "'/></interface>";
      assertThat(interfaces(xml)).as(mac).isEmpty();
    }
    assertThat(interfaces("<interface type='bridge'/>")).isEmpty();
  }

  @Test
  void onlyElementsAtTheirOwnPlaceCount() throws LibvirtException {
    String inner = "<x>" + MAC_ELEMENT + "<target dev='vnet1'/></x>";

    assertThat(interfaces("<interface type='bridge'>" + inner + "</interface>")).isEmpty();
    assertThat(interfaces("<hub><interface type='bridge'>" + MAC_ELEMENT + "</interface></hub>"))
        .isEmpty();
    assertThat(of("bridge", "<source><x><address type='pci'/></x></source><target dev='vnet1'/>"))
        .containsExactly(new GuestInterface(MAC, Kind.TAP, "vnet1"));
  }

  @Test
  void oneInterfaceTellsNothingOfTheNext() throws LibvirtException {
    String head = "<interface type='network'>" + MAC_ELEMENT;
    String vf = head + "<source><address type='pci'/></source></interface>";
    String tap = head + "<target dev='vnet0'/></interface>";

    assertThat(interfaces(vf + tap))
        .containsExactly(
            new GuestInterface(MAC, Kind.VF, null), new GuestInterface(MAC, Kind.TAP, "vnet0"));
  }

  @Test
  void thereIsALimit() throws LibvirtException {
    String one = "<interface type='bridge'>" + MAC_ELEMENT + "</interface>";

    assertThat(interfaces(one.repeat(DomainXml.INTERFACES_MAX + 1)))
        .hasSize(DomainXml.INTERFACES_MAX);
  }

  private static List<GuestInterface> of(String type, String inner) throws LibvirtException {
    return interfaces("<interface type='" + type + "'>" + MAC_ELEMENT + inner + "</interface>");
  }

  private static List<GuestInterface> interfaces(String xml) throws LibvirtException {
    String head = "<domain><name>a</name><uuid>e4064562-20e8-48cc-8d4f-256f1a9528b0</uuid>";
    return DomainXml.parse(head + "<devices>" + xml + "</devices></domain>").interfaces();
  }
}
