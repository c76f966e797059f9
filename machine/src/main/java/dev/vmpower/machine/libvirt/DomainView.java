package dev.vmpower.machine.libvirt;

import dev.vmpower.machine.libvirt.DomainInfo.ChannelInfo;
import dev.vmpower.machine.libvirt.DomainInfo.VcpuInfo;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One reading of a domain: what we tell of it, and the XML that this was made from.
 *
 * <p>The info can be newer than the XML, where an event or the sweep of affinities changed it.
 */
record DomainView(DomainInfo info, DomainXml xml) {

  /** The same domain with another affinity. */
  DomainView with(List<VcpuInfo> vcpus) {
    DomainInfo changed =
        new DomainInfo(
            info.uuid(),
            info.name(),
            info.id(),
            info.state(),
            vcpus,
            info.channels(),
            info.interfaces(),
            info.arrived());
    return new DomainView(changed, xml);
  }

  /** The same domain after the guest opened or closed a port. */
  DomainView with(int channel, boolean guestOpen) {
    List<ChannelInfo> channels =
        info.channels().stream()
            .map(c -> c.number() == channel ? new ChannelInfo(channel, c.path(), guestOpen) : c)
            .toList();
    DomainInfo changed =
        new DomainInfo(
            info.uuid(),
            info.name(),
            info.id(),
            info.state(),
            info.vcpus(),
            channels,
            info.interfaces(),
            info.arrived());
    return new DomainView(changed, xml);
  }

  /** The number of the channel that QEMU calls {@code alias}; null if it is none of ours. */
  @Nullable Integer channelOf(String alias) {
    for (DomainXml.Channel channel : xml.channels()) {
      if (alias.equals(channel.alias())) {
        return channel.number();
      }
    }
    return null;
  }
}
